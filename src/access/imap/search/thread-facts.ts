/** Reads from a header what threading needs. */
import { firstField, parseHeader } from '../../../mail/header.ts';
import { FieldFilter } from '../fetch/section-bytes.ts';
import type { ThreadMessage } from './thread-messages.ts';

/** More ids than this name nobody's ancestors. The last ones are the nearest. */
const REFERENCES_MAX = 200;
/** Of all messages of one command: who has more messages is asked for fewer ids of each, but so many. */
const REFERENCES_TOTAL_MAX = 1_000_000;
const REFERENCES_MIN = 10;

/** How many ids of each message count when there are so many messages. */
export function referencesMax(messages: number): number {
  return Math.max(REFERENCES_MIN, Math.min(REFERENCES_MAX, Math.floor(REFERENCES_TOTAL_MAX / Math.max(1, messages))));
}

const LINKS = new FieldFilter(['references', 'in-reply-to', 'message-id'], false);

/** `header` from its first byte on; the rest of a message may follow. */
export function readThreadLinks(header: Buffer): Pick<ThreadMessage, 'messageId' | 'references'> {
  const { fields } = parseHeader(LINKS.pick(header));
  const idsOf = (name: string): string[] => messageIds(firstField(fields, name)?.value ?? '');
  const references = idsOf('references');
  // RFC 5256 §3, REFERENCES: without References, the first id of In-Reply-To.
  return { messageId: idsOf('message-id')[0] ?? '', references: references.length > 0 ? references.slice(-REFERENCES_MAX) : idsOf('in-reply-to').slice(0, 1) };
}

/** Ids without their brackets, quoting undone. */
export function messageIds(text: string): string[] {
  return Array.from(text.matchAll(/<([^<>\s]+)>/g), ([, id]) => normalId(id as string));
}

/** RFC 5256 §3: `<"01KF8JCEOCBS0045PS"@xxx.yyy.com>` is the same as without quotes. */
function normalId(id: string): string {
  return id.startsWith('"') ? id.replace(/^"([^"]*)"/, '$1').replaceAll('\\', '') : id;
}
