/**
 * What a bounce says: by its machine-readable part (RFC 3464), else by the lines in its text that look like replies of a
 * server, since many old and new systems (qmail, Exim, Exchange, web mailers) write only words for people.
 */
import { domainOf } from './address.ts';
import { parseDsn } from './dsn.ts';
import { firstField, parseHeader } from './header.ts';
import { parseMimeStructure } from './mime-structure.ts';
import { readReply } from './maillog-reading/delivery-line.ts';
import { explainReply, type Explanation, type SmtpReply } from './reply-meaning/explain.ts';
import { readableText } from './text.ts';

export interface BouncedRecipient {
  /** Absent when the bounce does not say. */
  readonly recipient?: string;
  /** `failed`, `delayed` … (RFC 3464 §2.3.3); `failed` where only words tell. */
  readonly action: string;
  /** Host that refused. */
  readonly host?: string;
  readonly reply: SmtpReply;
  readonly explanation: Explanation;
}

export interface ReadBounce {
  /** `report`: machine-readable; `text`: guessed from the words. */
  readonly form: 'report' | 'text';
  readonly originalMessageId?: string;
  readonly recipients: readonly BouncedRecipient[];
}

const RECIPIENTS_MAX = 100;
const TEXT_CHARS_MAX = 20_000;
const LINES_MAX = 400;
/** Lines of words that belong to one address or reply. */
const NEARBY_LINES = 6;

/** Undefined when the message is no bounce, or nothing in it can be read as one. CRLF or LF line ends. */
export function readBounce(bytes: Buffer): ReadBounce | undefined {
  const dsn = parseDsn(bytes);
  if (dsn) {
    const told = dsn.recipients.slice(0, RECIPIENTS_MAX).map(({ finalRecipient, originalRecipient, action, status, remoteMta, diagnostic }): BouncedRecipient => {
      const reply = replyOf(diagnostic, status) ?? { code: status.startsWith('5') ? 554 : 451, ...(status === '' ? {} : { enhanced: status }), text: diagnostic ?? '' };
      return describe(originalRecipient ?? finalRecipient, action, remoteMta, reply);
    });
    if (told.length > 0) return { form: 'report', ...(dsn.originalMessageId === undefined ? {} : { originalMessageId: dsn.originalMessageId }), recipients: told };
  }
  if (!looksLikeBounce(bytes)) return undefined;
  const recipients = recipientsInText(readableText(bytes, parseMimeStructure(bytes)).slice(0, TEXT_CHARS_MAX), failedRecipients(bytes));
  return recipients.length > 0 ? { form: 'text', recipients } : undefined;
}

function describe(recipient: string | undefined, action: string, host: string | undefined, reply: SmtpReply): BouncedRecipient {
  const explanation = explainReply(reply, { own: false, ...(host === undefined ? {} : { mx: host }) });
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
  if (value('return-path') === '<>' || value('x-failed-recipients') !== '') return true;
  if (/mailer-daemon|postmaster|mail delivery/.test(value('from'))) return true;
  return /undeliver|returned mail|delivery (?:status|failure|has failed)|failure notice|mail delivery failed|nicht zugestellt|unzustellbar|non remis|devuelto/.test(value('subject'));
}

/** Exim names them in the header. */
function failedRecipients(bytes: Buffer): readonly string[] {
  return (firstField(parseHeader(bytes).fields, 'x-failed-recipients')?.value ?? '').split(',').map((each) => each.trim()).filter((each) => each.includes('@')).slice(0, RECIPIENTS_MAX);
}

const ADDRESS = /[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}/;
const REPLY = /(?:^|[\s:#<"'([])([45]\d\d)(?=[ -]|$)/;
const ENHANCED = /(?:^|[\s#(])([45]\.\d{1,3}\.\d{1,3})(?=$|[\s,.:;)>])/;

/** An address, and behind it within a few lines what looks like a reply. */
function recipientsInText(text: string, named: readonly string[]): readonly BouncedRecipient[] {
  const lines = text.split(/\r?\n/, LINES_MAX);
  const found: BouncedRecipient[] = [];
  let address: string | undefined = named[0];
  let addressAt = named[0] === undefined ? -Infinity : 0;
  for (const [at, line] of lines.entries()) {
    const here = ADDRESS.exec(line.slice(0, 500))?.[0];
    const reply = replyInLine(lines, at);
    if (here !== undefined && (reply === undefined || at - addressAt > NEARBY_LINES)) {
      address = here;
      addressAt = at;
    }
    if (!reply || found.length >= RECIPIENTS_MAX) continue;
    const recipient = at - addressAt <= NEARBY_LINES ? address : (here ?? named[0]);
    if (found.some((each) => each.recipient === recipient)) continue;
    found.push(describe(recipient, reply.code < 500 ? 'delayed' : 'failed', hostNear(lines, at, recipient), reply));
  }
  return found;
}

function replyInLine(lines: readonly string[], at: number): SmtpReply | undefined {
  const line = (lines[at] ?? '').slice(0, 2000);
  const code = REPLY.exec(line);
  const enhanced = ENHANCED.exec(line)?.[1];
  if (!code && enhanced === undefined) return undefined;
  if (code) {
    const text = [line.slice(code.index).replace(/^\D/, ''), ...continued(lines, at)].join(' ');
    const reply = readReply(text);
    // A bare number may be anything: it is a reply with words of one around it.
    if (reply && (reply.enhanced !== undefined || enhanced !== undefined || /said|smtp|remote|error|response|reply|host|recipient|user|mailbox|message/i.test(`${lines[at - 1] ?? ''} ${line}`))) return reply.enhanced === undefined && enhanced !== undefined ? { ...reply, enhanced } : reply;
    if (enhanced === undefined) return undefined;
  }
  return { code: enhanced?.startsWith('5') ? 554 : 451, ...(enhanced === undefined ? {} : { enhanced }), text: [line.trim(), ...continued(lines, at)].join(' ') };
}

/** The lines of a paragraph behind. */
function continued(lines: readonly string[], at: number): readonly string[] {
  const more: string[] = [];
  for (const line of lines.slice(at + 1, at + NEARBY_LINES)) {
    if (line.trim() === '' || REPLY.test(line) || ADDRESS.test(line)) break;
    more.push(line.trim());
  }
  return more;
}

function hostNear(lines: readonly string[], at: number, recipient: string | undefined): string | undefined {
  const around = lines.slice(Math.max(0, at - 3), at + 1).join(' ').slice(0, 2000);
  const host = /(?:host|server|from|by|mta:?|dns;) ?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,10})\b/i.exec(around)?.[1];
  return host ?? (recipient === undefined ? undefined : domainOf(recipient));
}
