/** Date and Message-ID are there, can be read, and the Date is about when the message was sent. */
import { parseDate } from '../../../mail/date.ts';
import { allFields, firstField } from '../../../mail/header.ts';
import { defineCheck, fail, pass, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

const HOUR_MS = 3_600_000;
const AHEAD_MAX_MS = HOUR_MS;
const BEHIND_MAX_MS = 3 * 24 * HOUR_MS;

export const dateAndId = defineCheck<MessageSubject>({
  id: 'date-and-id', about: 'message', title: 'Date and Message-ID', weight: 1,
  why: 'Honest programs write both. Without them, or with a clock that is wrong, filters take the message for the work of a spam program.',
  link: 'https://www.rfc-editor.org/rfc/rfc5322#section-3.6',
  run: async ({ now }, { reading, arrivedAt }) => {
    const { fields } = reading.header;
    const id = firstField(fields, 'message-id')?.value ?? '';
    const date = firstField(fields, 'date')?.value ?? '';
    const missing = [...(date === '' ? ['Date'] : []), ...(id === '' ? ['Message-ID'] : [])];
    if (missing.length > 0) return fail(`The message has no ${missing.join(' and no ')}.`, 'Let the sending program write it, or submit with a log-in: then this server adds it.');
    if (!/^<[^<>\s@]+@[^<>\s@]+>$/.test(id)) return warn(`The Message-ID ${id.slice(0, 80)} does not have the form <something@domain>.`, 'Correct it in the sending program; the part before the @ must be new for each message.');
    if (allFields(fields, 'message-id').some(({ value }) => /@(?:localhost|localhost\.localdomain|[^.]+)>$/i.test(value))) return warn(`The Message-ID ${id.slice(0, 80)} names no host of the internet.`, 'Set the host name of the sending machine to its full name, such as app.example.org.');
    const at = parseDate(date);
    if (at === undefined) return warn('The Date cannot be read.', 'Write it as RFC 5322 says: Fri, 20 Nov 2026 10:00:00 +0100');
    const clock = 'Set the clock of the sending machine by NTP, and its time zone.';
    if (at - (arrivedAt ?? now) > AHEAD_MAX_MS) return warn(`The Date lies ${howLong(at - (arrivedAt ?? now))} ahead.`, clock);
    if (arrivedAt !== undefined && arrivedAt - at > BEHIND_MAX_MS) return warn(`The Date lies ${howLong(arrivedAt - at)} before the message arrived.`, clock);
    return pass('Date and Message-ID are there and can be read.');
  },
});

function howLong(ms: number): string {
  const hours = Math.round(ms / HOUR_MS);
  return hours < 48 ? `${hours} ${hours === 1 ? 'hour' : 'hours'}` : `${Math.round(hours / 24)} days`;
}
