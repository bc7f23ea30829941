/** The day that a message names in its Date field, as its writer's clock had it: time and zone are disregarded (RFC 9051 §6.4.4). */
import type { MailFacts } from '../../../contract/mailbox.ts';
import { parseDate } from '../../../mail/date.ts';

const DAY_MS = 86_400_000;
const ENVELOPE = '"envelope":{';
const DATE = /"date":("(?:[^"\\]|\\.)*")/y;

/** Milliseconds since 1970 of its start in UTC; undefined: no date that can be read. */
export function sentDay({ structure }: Pick<MailFacts, 'structure'>): number | undefined {
  const date = envelopeDate(structure);
  if (date === undefined) return undefined;
  const local = date.replace(/\([^()]*\)/g, ' ').trim().replace(/\s+(?:[+-]\d{4}|[A-Za-z]{1,5})$/, '');
  const ms = parseDate(local);
  return ms === undefined ? undefined : Math.floor(ms / DAY_MS) * DAY_MS;
}

/** Looked up in the text of the structure, because to parse twenty thousand for one value each takes too long. */
function envelopeDate(structure: string): string | undefined {
  // The message's own envelope stands before those of messages inside, and begins with the date if it has one.
  const start = structure.indexOf(ENVELOPE);
  if (start < 0) return undefined;
  const pattern = new RegExp(DATE);
  pattern.lastIndex = start + ENVELOPE.length;
  const found = pattern.exec(structure);
  return found ? (JSON.parse(found[1] as string) as string) : undefined;
}

/** The moment that it names (RFC 5256 §2.2), milliseconds since 1970; undefined: no date that can be read. */
export function sentTime({ structure }: Pick<MailFacts, 'structure'>): number | undefined {
  const date = envelopeDate(structure);
  return date === undefined ? undefined : parseDate(date);
}
