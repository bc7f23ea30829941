/**
 * CATENATE (RFC 4469): a message for APPEND or REPLACE made of pieces, new ones and ones that lie in mailboxes already, so that a client
 * need not fetch an attachment to forward it.
 */
import { concatenate, sliceOf, BufferSource, type ByteSource } from '../../base/byte-source.ts';
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import { parseStructure } from '../../mail/mime-structure.ts';
import { parseMessageUrl, type MessageUrl } from '../../wire/imap/message-url.ts';
import { no, type Outcome } from '../../wire/imap/response.ts';
import { ImapSyntaxError, type ImapScanner } from '../../wire/imap/scanner.ts';
import type { ImapSession } from './command.ts';
import { FieldFilter, partOf, sectionRange } from './fetch/section-bytes.ts';

export type MessagePiece = { readonly kind: 'text'; readonly content: ByteSource } | { readonly kind: 'url'; readonly url: string };

/** ` (TEXT literal URL "…" …)`, behind the word. */
export function readPieces(scanner: ImapScanner): readonly MessagePiece[] {
  scanner.space();
  const pieces = scanner.list((): MessagePiece => {
    const kind = scanner.keyword('TEXT or URL');
    scanner.space();
    if (kind === 'TEXT') return { kind: 'text', content: scanner.literal('a text as a literal').content };
    if (kind === 'URL') return { kind: 'url', url: scanner.astring('a URL') };
    throw new ImapSyntaxError('CATENATE takes TEXT and URL');
  });
  if (pieces.length === 0) throw new ImapSyntaxError('CATENATE needs one piece at least');
  return pieces;
}

/** The message, or why it cannot be made. A piece that is a whole message by itself stays where it is. */
export async function joinPieces(session: ImapSession, pieces: readonly MessagePiece[]): Promise<ByteSource | Outcome> {
  const sources: ByteSource[] = [];
  let size = 0;
  for (const piece of pieces) {
    const source = piece.kind === 'text' ? piece.content : await sourceAt(session, piece.url);
    // RFC 4469 §4.
    if (!source) return no('there is no such message or section', `BADURL ${(piece as { readonly url: string }).url.replace(/[^\x21-\x5c\x5e-\x7e]/g, '?').slice(0, IMAP_LIMITS.badUrlCharactersMax)}`);
    sources.push(source);
    size += source.size;
    if (size > session.ports.messageBytesMax) return no(`messages may have ${session.ports.messageBytesMax} bytes`, 'TOOBIG');
  }
  return sources.length === 1 ? (sources[0] as ByteSource) : concatenate(sources);
}

/** Undefined: there is none, or not for this user. */
async function sourceAt(session: ImapSession, text: string): Promise<ByteSource | undefined> {
  const url = parseMessageUrl(text);
  if (!url) return undefined;
  const mailId = await mailOf(session, url);
  if (mailId === undefined) return undefined;
  const { mails } = session.ports.mailboxes;
  const [[facts], content] = await Promise.all([mails.facts([mailId]), mails.content(mailId)]);
  const range = facts && sectionRange(parseStructure(facts.structure), url.section, facts.sizeBytes);
  if (!range || !content) return undefined;
  const { text: kind, fields } = url.section;
  if (kind !== 'fields' && kind !== 'fields-not') {
    const { start, end } = partOf(range, url.partial);
    return sliceOf(content, start, end);
  }
  const picked = new FieldFilter(fields, kind === 'fields-not').pick(await content.read(range.start, range.end));
  const { start, end } = partOf({ start: 0, end: picked.length }, url.partial);
  return new BufferSource(picked.subarray(start, end));
}

async function mailOf(session: ImapSession, { mailbox, uidValidity, uid }: MessageUrl): Promise<number | undefined> {
  const named = await session.names.find(mailbox);
  if (!named?.rights.includes('r') || (uidValidity !== undefined && uidValidity !== named.facts.uidValidity)) return undefined;
  const lease = await session.ports.liveFolders.open(named.facts.id);
  if (!lease) return undefined;
  const { rows } = lease.live;
  const index = rows.indexOf(uid);
  lease.release();
  return index < 0 ? undefined : rows.mailIdAt(index);
}
