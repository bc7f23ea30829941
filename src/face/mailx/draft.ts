/** A message being written: what the mail command knows before it is composed, and how it gets to the server. */
import { isUtf8 } from 'node:buffer';
import { basename } from 'node:path';
import { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { composeMessage } from '../../mail/compose.ts';
import { parseAddressList } from '../../mail/address-list.ts';
import { readGivenFile } from '../cli/given-file.ts';
import type { Session } from '../cli/session.ts';
import { handOver, type HandOver } from '../submit/hand-over.ts';
import { prepareMessage, qualify } from '../submit/prepare-message.ts';
import { currentSubmitter } from '../submit/submitter.ts';

export interface Draft {
  from?: string;
  to: string[];
  cc: string[];
  bcc: string[];
  subject?: string;
  text: string;
  attachments: string[];
  headers: (readonly [name: string, value: string])[];
  inReplyTo?: string;
  references?: readonly string[];
}

export function emptyDraft(): Draft {
  return { to: [], cc: [], bcc: [], text: '', attachments: [], headers: [] };
}

/** Text of unknown origin: UTF-8 when it is, else every byte as the Latin-1 character. */
export function textOfInput(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1');
}

/** Rejects with a Failure when the message could neither be sent nor kept, or an address is none. */
export async function sendDraft(session: Session, config: Config, draft: Draft): Promise<HandOver> {
  const submitter = currentSubmitter(config, session.io.environment);
  const whole = (list: readonly string[]): { name?: string; address: string }[] =>
    list.flatMap((text) => parseAddressList(text).map(({ name, address }) => ({ ...(name && { name }), address: qualify(address, submitter.origin) })));
  const [from] = draft.from === undefined ? [{ address: qualify(submitter.user, submitter.origin), ...(submitter.fullName && { name: submitter.fullName }) }] : whole([draft.from]);
  if (!from) throw new Failure('address-refused', `${draft.from ?? ''} is not an address`, { temporary: false });
  const bytes = composeMessage({
    from,
    to: whole(draft.to),
    cc: whole(draft.cc),
    ...(draft.subject !== undefined && { subject: draft.subject }),
    text: draft.text,
    attachments: await Promise.all(draft.attachments.map((file) => readAttachment(session, file, config.smtp.maxMessageSize))),
    headers: draft.headers,
    ...(draft.inReplyTo !== undefined && { inReplyTo: draft.inReplyTo }),
    ...(draft.references && { references: draft.references }),
    date: submitter.now,
  });
  const prepared = prepareMessage({ bytes, recipients: [...draft.to, ...draft.cc, ...draft.bcc], fromHeader: false, sender: from.address }, submitter);
  if (prepared.kind === 'wrong') throw new Failure('address-refused', prepared.message, { temporary: false });
  return handOver(config, prepared.submission, { user: submitter.user, now: submitter.now });
}

async function readAttachment(session: Session, file: string, bytesMax: number): Promise<{ name: string; content: Buffer }> {
  return { name: basename(file), content: await readGivenFile(session, file, bytesMax, 'an attachment that this server takes') };
}

/** Tells what became of it on stderr; the exit status. */
export function reportHandOver(session: Session, outcome: HandOver, verbose: boolean): number {
  if (outcome.kind === 'kept') {
    session.out.note(`mail: ${outcome.reason}; the message is kept and goes out when the server starts`);
    return 0;
  }
  if (verbose && outcome.ids.length > 0) session.out.note(`mail: queued as ${outcome.ids.join(', ')}`);
  for (const { recipient, reply } of outcome.refused) session.out.note(`mail: ${recipient}: ${reply.code} ${reply.text}`);
  return outcome.refused.length > 0 ? 1 : 0;
}
