/**
 * What a bounce says: by its machine-readable part (RFC 3464), else by the lines in its text that look like replies of a
 * server, since many old and new systems (qmail, Exim, Exchange, web mailers) write only words for people.
 */
import { domainOf } from './address.ts';
import { wordsOfBounce } from './bounce-words.ts';
import { parseDsn } from './dsn.ts';
import { decodeWords } from './encoded-word.ts';
import { firstField, parseHeader } from './header.ts';
import { parseMimeStructure, type MimePart } from './mime-structure.ts';
import { readReply } from './maillog-reading/delivery-line.ts';
import { explainReply, type Explanation, type SmtpReply } from './reply-meaning/explain.ts';
import { readableText } from './text.ts';

export interface BouncedRecipient {
  /** Absent when the bounce does not say. */
  readonly recipient?: string;
  /** `failed`, `delayed` … (RFC 3464 §2.3.3); `failed` where only words tell. */
  readonly action: string;
  /** Host that refused, as far as the bounce names it. */
  readonly host?: string;
  /** Absent, as the explanation, when the bounce does not say why. */
  readonly reply?: SmtpReply;
  readonly explanation?: Explanation;
}

export interface ReadBounce {
  /** `report`: machine-readable; `text`: guessed from the words. */
  readonly form: 'report' | 'text';
  readonly originalMessageId?: string;
  readonly recipients: readonly BouncedRecipient[];
}

const RECIPIENTS_MAX = 100;
const TEXT_CHARS_MAX = 20_000;

/** Undefined when the message is no bounce, or nothing in it can be read as one. CRLF or LF line ends. */
export function readBounce(bytes: Buffer): ReadBounce | undefined {
  const dsn = parseDsn(bytes) ?? reportInside(bytes);
  if (dsn) {
    const told = dsn.recipients.slice(0, RECIPIENTS_MAX).map(({ finalRecipient, originalRecipient, action, status, remoteMta, diagnostic }): BouncedRecipient => {
      const reply = replyOf(diagnostic, status) ?? { code: CODES[status.slice(0, 1)] ?? 451, ...(status === '' ? {} : { enhanced: status }), text: diagnostic ?? '' };
      return describe(plainAddress(originalRecipient ?? finalRecipient), action, hostIn(remoteMta), reply);
    });
    if (told.length > 0) return { form: 'report', ...(dsn.originalMessageId === undefined ? {} : { originalMessageId: dsn.originalMessageId }), recipients: told };
  }
  if (!looksLikeBounce(bytes)) return undefined;
  const text = readableText(bytes, parseMimeStructure(bytes)).slice(0, TEXT_CHARS_MAX);
  const { fields } = parseHeader(bytes);
  const told = wordsOfBounce(text, { failed: addressesIn(fields, 'x-failed-recipients'), sender: addressesIn(fields, 'to') });
  const recipients = told.slice(0, RECIPIENTS_MAX).map(({ recipient, failed, host, reply, guessed }): BouncedRecipient => {
    if (!reply) return { ...(recipient === undefined ? {} : { recipient }), action: failed ? 'failed' : 'delayed' };
    const described = describe(recipient, failed ? 'failed' : 'delayed', host, guessed === undefined ? reply : { ...reply, text: guessed });
    return { ...described, reply };
  });
  return recipients.length > 0 ? { form: 'text', recipients } : undefined;
}

/** Gateways wrap the report of another server into a message of theirs. */
function reportInside(bytes: Buffer): ReturnType<typeof parseDsn> {
  const inside = (part: MimePart): MimePart | undefined => (part.message ? (isReport(part.message) ? part.message : inside(part.message)) : part.parts?.map(inside).find((found) => found !== undefined));
  const found = inside(parseMimeStructure(bytes));
  return found && parseDsn(bytes.subarray(found.headerStart, found.bodyEnd));
}

function isReport({ type, subtype }: MimePart): boolean {
  return type === 'multipart' && subtype === 'report';
}

/** Some write a path where an address belongs. */
function plainAddress(written: string): string {
  return /^<([^<>]+)>$/.exec(written.trim())?.[1] ?? written;
}

/** A reply for a status without one. */
const CODES: Readonly<Record<string, number>> = { 2: 250, 4: 451, 5: 554 };

/** `mx.example.net. (192.0.2.1, the server for the domain …)` → the name alone. */
function hostIn(remoteMta: string | undefined): string | undefined {
  const [name = ''] = (remoteMta ?? '').trim().split(/[\s(,;]/, 1);
  return name === '' ? undefined : name.replace(/\.$/, '');
}

function describe(recipient: string | undefined, action: string, host: string | undefined, reply: SmtpReply): BouncedRecipient {
  // A host that is not named is one of the recipient's domain, most likely.
  const mx = host ?? (recipient === undefined ? undefined : domainOf(recipient));
  const explanation = explainReply(reply, { own: false, ...(mx === undefined ? {} : { mx }) });
  return { ...(recipient === undefined ? {} : { recipient }), action, ...(host === undefined ? {} : { host }), reply, explanation };
}

/** A diagnostic is often wrapped in the words of whoever passed it on: `host x said: 550 …`. */
function replyOf(diagnostic: string | undefined, status: string): SmtpReply | undefined {
  if (diagnostic === undefined) return undefined;
  const words = diagnostic.replace(/\s+/g, ' ').slice(0, TEXT_CHARS_MAX);
  const start = /(?:^|[\s:<"'([])(?=[45]\d\d[ -])/.exec(words);
  const reply = start && readReply(words.slice(start.index + start[0].length));
  if (!reply) return undefined;
  return reply.enhanced === undefined && /^[45]\.\d{1,3}\.\d{1,3}$/.test(status) && !/^[45]\.0\.0$/.test(status) ? { ...reply, enhanced: status } : reply;
}

/** Null return path, or a sender that only machines have (RFC 5321 §4.5.5 and what is seen). */
function looksLikeBounce(bytes: Buffer): boolean {
  const { fields } = parseHeader(bytes);
  const value = (name: string): string => firstField(fields, name)?.value.trim().toLowerCase() ?? '';
  if (value('x-failed-recipients') !== '' || /mailer-daemon@/.test(value('return-path'))) return true;
  if (/mailer-daemon|postmaster|mail delivery|microsoftexchange|mdaemon@|^\s*<>/.test(value('from'))) return true;
  return /undeliver|non-?delivery|could not be delivered|returned mail|delivery status notification|mail delivery status|delivery (?:failure|has failed)|failure notice|mail delivery failed|mail failure|mail not delivered|delivery problem|delivery problems|undelivered|message status|nicht zugestellt|unzustellbar|non remis|no se puede entregar|devuelto|mancata consegna|недостав|退信|配信不能|배달 실패/.test(decodeWords(value('subject')));
}

function addressesIn(fields: Parameters<typeof firstField>[0], name: string): readonly string[] {
  return (firstField(fields, name)?.value ?? '').slice(0, TEXT_CHARS_MAX).split(',').flatMap((each) => /[^\s<>"']+@[^\s<>"']+/.exec(each)?.[0] ?? []).slice(0, RECIPIENTS_MAX);
}
