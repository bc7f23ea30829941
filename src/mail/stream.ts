/**
 * Which stream of outgoing mail a message belongs to, by its header: urgent mail overtakes, mail to many yields. Pure.
 *
 * Our own users may name it (`X-Posthorn-Stream: urgent`); the field is ours and leaves with the message no further.
 * Otherwise `Priority: urgent` (RFC 2156 §5.3.6) of our own users makes it urgent; a list's or mailing's marks (List-Id of
 * RFC 2919, List-Unsubscribe of RFC 2369, Precedence) or many recipients make it bulk.
 */
import { firstField, type HeaderField } from './header.ts';
import { STREAMS, type Stream } from './sites/streams.ts';

const STREAM_FIELD = 'x-posthorn-stream';
/** Above, it is mail to many, whatever its header says. */
const RECIPIENTS_OF_BULK = 50;
const BULK_PRECEDENCE: ReadonlySet<string> = new Set(['bulk', 'list', 'junk']);

export interface StreamInput {
  readonly fields: readonly HeaderField[];
  readonly recipients: number;
  /** Sent by one of our own users, machines or parts: its wishes count. */
  readonly own: boolean;
}

export function streamOf({ fields, recipients, own }: StreamInput): Stream {
  const value = (name: string): string | undefined => firstField(fields, name)?.value.trim().toLowerCase();
  const wish = own ? STREAMS.find((stream) => stream === value(STREAM_FIELD)) : undefined;
  if (wish) return wish;
  if (own && value('priority') === 'urgent') return 'urgent';
  const isMailing = value('list-unsubscribe') !== undefined || value('list-id') !== undefined || BULK_PRECEDENCE.has(value('precedence') ?? '');
  return isMailing || recipients > RECIPIENTS_OF_BULK ? 'bulk' : 'transactional';
}

/** The field that says a stream; it is removed from our own users' messages. */
export function isStreamField({ lower }: HeaderField): boolean {
  return lower === STREAM_FIELD;
}

/** Of the domains that signed the one that aligns with the author's (itself or above it), for it is the one receivers judge. */
export function alignedSigner(signers: readonly string[], authorDomain: string): string | undefined {
  const author = authorDomain.toLowerCase();
  const aligned = signers.map((signer) => signer.toLowerCase()).filter((signer) => author === signer || author.endsWith(`.${signer}`));
  return aligned.sort((a, b) => b.length - a.length)[0];
}
