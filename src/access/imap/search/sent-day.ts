/** Date and subject of a stored structure, without reading it whole; and the day in the Date field as its writer's clock had it: time and zone are disregarded (RFC 9051 §6.4.4). */
import type { MailFacts } from '../../../contract/mailbox.ts';
import { parseDate } from '../../../mail/date.ts';

const DAY_MS = 86_400_000;
const ENVELOPE = '"envelope":{';
const DATE = /"date":("(?:[^"\\]|\\.)*")/y;
/** Behind the date, if there is one (mail/mime-envelope.ts writes them in this order). */
const SUBJECT = /(?:"date":"(?:[^"\\]|\\.)*",)?"subject":("(?:[^"\\]|\\.)*")/y;

/** Milliseconds since 1970 of its start in UTC; undefined: no date that can be read. */
export function sentDay({ structure }: Pick<MailFacts, 'structure'>): number | undefined {
  const date = envelopeDate(structure);
  if (date === undefined) return undefined;
  const local = date.replace(/\([^()]*\)/g, ' ').replace(/\s+/g, ' ').trim().replace(/ (?:[+-]\d{4}|[A-Za-z]{1,5})$/, '');
  const ms = parseDate(local);
  return ms === undefined ? undefined : Math.floor(ms / DAY_MS) * DAY_MS;
}

/** Looked up in the text of the structure, because to parse twenty thousand for one value each takes too long. */
function envelopeDate(structure: string): string | undefined {
  // The message's own envelope stands before those of messages inside, and begins with the date if it has one.
  const value = envelopeStart(structure, DATE);
  return value === undefined ? undefined : (JSON.parse(value) as string);
}

function envelopeStart(structure: string, start: RegExp): string | undefined {
  const at = structure.indexOf(ENVELOPE);
  if (at < 0) return undefined;
  start.lastIndex = at + ENVELOPE.length;
  return start.exec(structure)?.[1];
}

/** As the header has it. */
export function envelopeSubject({ structure }: Pick<MailFacts, 'structure'>): string | undefined {
  const value = envelopeStart(structure, SUBJECT);
  return value === undefined ? undefined : (JSON.parse(value) as string);
}
