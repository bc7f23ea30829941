/**
 * The form of a header as receivers judge it, for the mail-tester and for preflight alike: fields that may be there once,
 * From, Message-ID, Date. Pure.
 */
import type { HeaderAddress } from '../mail/address-list.ts';
import { parseDate } from '../mail/date.ts';
import { allFields, firstField, type HeaderField, type ParsedHeader } from '../mail/header.ts';
import { isMailDomain, toAsciiDomain } from './domain-name.ts';

export interface FormFault<Kind extends string> {
  readonly kind: Kind;
  /** One sentence. */
  readonly text: string;
  readonly fix: string;
}

/** RFC 5322 §3.6; From is judged by itself. Gmail refuses a message that has one of these twice. */
const SINGLE_FIELDS = ['Date', 'Sender', 'Reply-To', 'To', 'Cc', 'Bcc', 'Message-ID', 'In-Reply-To', 'References', 'Subject'] as const;
/** RFC 2045 §3, RFC 2919 §3, RFC 2369 §2, RFC 8058 §3. */
const OTHER_SINGLE_FIELDS = ['MIME-Version', 'Content-Type', 'Content-Transfer-Encoding', 'List-Id', 'List-Unsubscribe', 'List-Unsubscribe-Post'] as const;
const ADDRESS_FIELDS = ['Sender', 'Reply-To', 'To', 'Cc'] as const;

const HOUR_MS = 3_600_000;
const AHEAD_MAX_MS = HOUR_MS;
const SHOWN_CHARS = 80;

/** `doubled`: a field of RFC 5322; `doubled-other`: one of the others; `unreadable`: no address, or no field at all. */
export function fieldFaults({ fields, problems }: Pick<ParsedHeader, 'fields' | 'problems'>): FormFault<'doubled' | 'doubled-other' | 'unreadable'>[] {
  const once = 'Look for a program on the way that adds the field again: often a template sets it and the mail library, too.';
  const readable = 'Each line of the header must be "Name: value", with addresses as name@example.org; correct the program that writes it.';
  const doubled = (kind: 'doubled' | 'doubled-other', names: readonly string[]): FormFault<'doubled' | 'doubled-other'>[] =>
    names.flatMap((name) => {
      const { length } = allFields(fields, name);
      return length > 1 ? [{ kind, text: `${name} stands ${length} times.`, fix: once }] : [];
    });
  return [
    ...doubled('doubled', SINGLE_FIELDS),
    ...doubled('doubled-other', OTHER_SINGLE_FIELDS),
    ...ADDRESS_FIELDS.filter((name) => allFields(fields, name).some(({ value }) => namesNobody(value))).map((name) => ({ kind: 'unreadable' as const, text: `${name} holds no address.`, fix: readable })),
    ...unreadableLines(fields, problems).map((text) => ({ kind: 'unreadable' as const, text, fix: readable })),
  ];
}

/** Groups (`undisclosed-recipients:;`) may be empty. */
function namesNobody(value: string): boolean {
  return !value.includes('@') && !/:[^;]*;/.test(value);
}

/** What the reader of headers stumbled over, the first line of it shown. */
function unreadableLines(fields: readonly HeaderField[], problems: readonly string[]): string[] {
  const line = fields.find(({ name }) => name === '')?.raw.toString('latin1').split(/\r?\n/, 1)[0]?.slice(0, SHOWN_CHARS);
  const shown = line === undefined ? '' : `, such as ${JSON.stringify(line)}`;
  return [...new Set(problems)].map((problem) => `The header cannot be read: ${problem}${shown}.`);
}

/** `from`: the addresses in all From fields. */
export function fromFault({ fields }: Pick<ParsedHeader, 'fields'>, from: readonly HeaderAddress[]): FormFault<'missing' | 'multiple' | 'malformed'> | undefined {
  const { length } = allFields(fields, 'from');
  const fix = 'Write exactly one From field with one address: From: Name <name@example.org>';
  if (length === 0) return { kind: 'missing', text: 'The message has no From field.', fix };
  if (length > 1) return { kind: 'multiple', text: `The message has ${length} From fields.`, fix };
  if (from.length > 1) return { kind: 'multiple', text: `From holds ${from.length} addresses; large receivers refuse that.`, fix };
  const [author] = from;
  if (!author || !/^[^@\s]+@[^@\s]+$/.test(author.address)) return { kind: 'malformed', text: 'From holds no address.', fix };
  const domain = toAsciiDomain(author.address.slice(author.address.lastIndexOf('@') + 1));
  return isMailDomain(domain) && domain.includes('.') ? undefined : { kind: 'malformed', text: `The address in From, ${author.address}, has no valid domain.`, fix };
}

const LET_IT_WRITE = 'Let the sending program write it, or submit with a log-in: then this server adds it.';

export function messageIdFault({ fields }: Pick<ParsedHeader, 'fields'>): FormFault<'missing' | 'malformed'> | undefined {
  const id = firstField(fields, 'message-id')?.value ?? '';
  const shown = id.slice(0, SHOWN_CHARS);
  if (id === '') return { kind: 'missing', text: 'The message has no Message-ID.', fix: LET_IT_WRITE };
  if (!/^<[^<>\s@]+@[^<>\s@]+>$/.test(id)) return { kind: 'malformed', text: `The Message-ID ${shown} does not have the form <something@domain>.`, fix: 'Correct it in the sending program; the part before the @ must be new for each message.' };
  if (!/@(?:localhost|localhost\.localdomain|[^.]+)>$/i.test(id)) return undefined;
  return { kind: 'malformed', text: `The Message-ID ${shown} names no host of the internet.`, fix: 'Set the host name of the sending machine to its full name, such as app.example.org.' };
}

/** `at`: when it came, or now. `behindMaxMs`: absent when a message may be old. All in milliseconds. */
export function dateFault({ fields }: Pick<ParsedHeader, 'fields'>, at: number, behindMaxMs?: number): FormFault<'missing' | 'odd'> | undefined {
  const value = firstField(fields, 'date')?.value ?? '';
  if (value === '') return { kind: 'missing', text: 'The message has no Date.', fix: LET_IT_WRITE };
  const date = parseDate(value);
  if (date === undefined) return { kind: 'odd', text: 'The Date cannot be read.', fix: 'Write it as RFC 5322 says: Fri, 20 Nov 2026 10:00:00 +0100' };
  const fix = 'Set the clock of the sending machine by NTP, and its time zone.';
  if (date - at > AHEAD_MAX_MS) return { kind: 'odd', text: `The Date lies ${howLong(date - at)} ahead.`, fix };
  if (behindMaxMs !== undefined && at - date > behindMaxMs) return { kind: 'odd', text: `The Date lies ${howLong(at - date)} back.`, fix };
  return undefined;
}

function howLong(ms: number): string {
  const hours = Math.round(ms / HOUR_MS);
  return hours < 48 ? `${hours} ${hours === 1 ? 'hour' : 'hours'}` : `${Math.round(hours / 24)} days`;
}
