/** Reads from header and structure what threading needs. */
import type { MimeEnvelope } from '../../../mail/mime-structure.ts';
import { firstField, parseHeader } from '../../../mail/header.ts';

/** More ids than this name nobody's ancestors. The last ones are the nearest. */
const REFERENCES_MAX = 200;

/** `header` from its first byte on; the rest of a message may follow. */
export function readReferences(header: Buffer, envelope: MimeEnvelope | undefined): string[] {
  const fields = parseHeader(header).fields;
  const ids = messageIds(firstField(fields, 'references')?.value ?? '');
  // RFC 5256 §3, REFERENCES: without References, the first id of In-Reply-To.
  return ids.length > 0 ? ids.slice(-REFERENCES_MAX) : messageIds(envelope?.inReplyTo ?? '').slice(0, 1);
}

/** Ids without their brackets, quoting undone. */
export function messageIds(text: string): string[] {
  return Array.from(text.matchAll(/<([^<>\s]+)>/g), ([, id]) => normalId(id as string));
}

/** RFC 5256 §3: `<"01KF8JCEOCBS0045PS"@xxx.yyy.com>` is the same as without quotes. */
function normalId(id: string): string {
  return id.startsWith('"') ? id.replace(/^"([^"]*)"/, '$1').replaceAll('\\', '') : id;
}
