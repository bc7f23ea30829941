/**
 * What a bounce tells in words for people only: an address, and behind it within a few lines a reply of a server, or
 * words that many systems use. Pure.
 *
 * Policy: what cannot be told apart is left out; who is named as not reached without a reason is told without one; a number
 * that is no reply, the sender's own address and the copy of the message are nobody's recipient and reply.
 */
import { recipientsNamed } from './bounce-recipients.ts';
import { readReply } from './maillog-reading/delivery-line.ts';
import type { SmtpReply } from './reply-meaning/explain.ts';

export interface ToldFailure {
  /** Absent when the words name nobody. */
  readonly recipient?: string;
  /** Given up; else it is tried again. */
  readonly failed: boolean;
  /** Absent when the words name none. */
  readonly host?: string;
  /** Absent when the words give no reason. */
  readonly reply?: SmtpReply;
  /** No server's reply was quoted: code and enhanced code stand for words that mean the same, as servers say them. */
  readonly guessed?: string;
}

export interface NamedAddresses {
  /** Named as failed in the header (Exim, Gmail). */
  readonly failed: readonly string[];
  /** The bounce goes to them. */
  readonly sender: readonly string[];
}

const LINES_MAX = 400;
const LINE_CHARS_MAX = 2000;
/** Lines of words that belong to one address or reply. */
const NEARBY_LINES = 6;

const ADDRESS = /[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}/g;
const REPLY = /(?:^|[\s:#<"'([])([45]\d\d)(?=[ :-]|$)/;
const ENHANCED = /(?:^|[\s#('])([45]\.\d{1,3}\.\d{1,3})(?=$|[\s,.:;)>])/;
/** Behind it stands the message that came back. */
const COPY = /^\s*(?:-{2,}.*\b(?:below|copy|original|header)\b|\[forwarded message\]$|(?:received|return-path|message-id): |-* ?original message (?:follows|headers|attached|as received)|originalnachrichten|en-têtes|encabezados)/i;
/** A number is a reply with words like these around it. */
const ABOUT_REPLIES = /said|smtp|remote|error|response|reply|reason|host|recipient|user|mailbox|address|message|#|退信/i;
const GIVEN_UP = /giv(?:ing|en) up|not going to try again|retry timeout exceeded|in the queue too long|permanent/i;
const GOES_ON_TRYING = /not yet been delivered|has been (?:delayed|postponed)|will (?:be retried|continue|keep trying)|warning (?:message )?only|just a warning|no action is required/i;
const ORIGIN = /\(expanded from:? <?[^\s<>]+>?\)/i;
const FOLDED_ORIGIN = /\(expanded from\s*$/i;
const PROGRAM_WORDS = /^\s*(?:giving up on|i'm not going to try|no action is required)/i;

export function wordsOfBounce(text: string, { failed, sender }: NamedAddresses): readonly ToldFailure[] {
  const lines = text.split(/\r?\n/, LINES_MAX).map((line) => line.slice(0, LINE_CHARS_MAX));
  const end = lines.findIndex((line, at) => COPY.test(line) && lines.slice(0, at).some((before) => before.trim() !== ''));
  const told = withoutOrigins(end < 0 ? lines : lines.slice(0, end));
  const senders = new Set(sender.map((each) => each.toLowerCase()));
  return withoutReason(told, reasoned(told, failed, senders), senders);
}

/** An alias that an address came from is not the recipient; Postfix folds these words. */
function withoutOrigins(lines: readonly string[]): readonly string[] {
  return lines.map((line, at) => (FOLDED_ORIGIN.test(lines[at - 1] ?? '') ? line.replace(/^\s*<[^>]*>\)/, '') : line.replace(ORIGIN, '').replace(FOLDED_ORIGIN, '')));
}

/** Those for whom a reason is given. */
function reasoned(told: readonly string[], failed: readonly string[], senders: ReadonlySet<string>): readonly ToldFailure[] {
  const found: ToldFailure[] = [];
  let address: { readonly name: string; readonly at: number } | undefined = failed[0] === undefined ? undefined : { name: failed[0], at: 0 };
  for (const [at, line] of told.entries()) {
    const here = addressIn(line, senders);
    const quoted = replyInLine(told, at);
    const common = quoted ? undefined : commonWords(line);
    const reply = quoted ?? common?.reply;
    const near = address !== undefined && at - address.at <= NEARBY_LINES;
    if (here !== undefined && (!reply || !near || found.some(({ recipient }) => recipient === address?.name))) address = { name: here, at };
    if (!reply) continue;
    const recipient = address !== undefined && at - address.at <= NEARBY_LINES ? address.name : failed[0];
    // The first reply stands; words in front of it are replaced.
    const before = found.findIndex((each) => each.recipient === recipient);
    if (before >= 0 && !(quoted && found[before]?.guessed !== undefined)) continue;
    const around = told.slice(Math.max(0, at - 3), at + NEARBY_LINES).join('\n');
    const host = hostNear(told, at);
    const failure = { ...(recipient === undefined ? {} : { recipient }), failed: reply.code >= 500 || GIVEN_UP.test(around), ...(host === undefined ? {} : { host }), reply, ...(common ? { guessed: common.words } : {}) };
    found.splice(before < 0 ? found.length : before, before < 0 ? 0 : 1, failure);
  }
  // Nobody named, beside others that are: the same failure again, in other words.
  return found.some(({ recipient }) => recipient !== undefined) ? found.filter(({ recipient }) => recipient !== undefined) : found;
}

/** And those who are named as not reached, with the one reason that names nobody, or with none. */
function withoutReason(told: readonly string[], found: readonly ToldFailure[], senders: ReadonlySet<string>): readonly ToldFailure[] {
  const known = new Set(found.map(({ recipient }) => recipient?.toLowerCase()));
  const named = recipientsNamed(told, senders).filter((address) => !known.has(address.toLowerCase()));
  if (named.length === 0) return found;
  const [ofNobody] = found.length === 1 && found[0]?.recipient === undefined ? found : [];
  const failed = !told.some((line) => GOES_ON_TRYING.test(line)) || told.some((line) => GIVEN_UP.test(line));
  return [...(ofNobody ? [] : found), ...named.map((address): ToldFailure => ({ ...ofNobody, failed: failed || ofNobody?.failed === true, recipient: address }))];
}

/** The first that is not the sender's. */
function addressIn(line: string, senders: ReadonlySet<string>): string | undefined {
  return (line.match(ADDRESS) ?? []).map((each) => each.replace(/^smtp=/i, '')).find((each) => !senders.has(each.toLowerCase()));
}

function replyInLine(lines: readonly string[], at: number): SmtpReply | undefined {
  const line = lines[at] ?? '';
  const code = REPLY.exec(line);
  const enhanced = ENHANCED.exec(line)?.[1];
  if (!code && enhanced === undefined) return undefined;
  const aboutReplies = ABOUT_REPLIES.test(`${lines[at - 1] ?? ''} ${line}`);
  if (code) {
    const said = [line.slice(code.index).replace(/^\D/, ''), ...continued(lines, at)].join(' ').replace(/^(\d{3})(?:[ :-]+)['"#]?/, '$1 ');
    const reply = readReply(said);
    if (reply && (reply.enhanced !== undefined || aboutReplies)) return reply.enhanced === undefined && enhanced !== undefined ? { ...reply, enhanced } : reply;
  }
  if (enhanced === undefined || !aboutReplies) return undefined;
  return { code: enhanced.startsWith('5') ? 554 : 451, enhanced, text: [line.trim(), ...continued(lines, at)].join(' ') };
}

/** What systems without replies write, as the enhanced code that means the same (RFC 3463). The first that fits. */
const COMMON_WORDS: readonly (readonly [pattern: RegExp, code: number, enhanced: string, words?: string])[] = [
  [/unroutea?ble (?:mail )?(?:address|domain)|(?:could not|couldn't) find any host|unknown (?:host|domain)|(?:host|domain)(?: name)? not found|no such domain|domain does not exist|could not find a gateway/i, 550, '5.1.2'],
  [/over ?(?:disk )?quota|exceeding their quota|quota (?:exceeded|violation)|full mailbox|mail quota\s*$|^\s*quota\s*$|mailbox exceeds (?:the )?(?:allowed|maximum) size|(?:mailbox|mail ?folder|inbox|postfach) (?:is |ist )?(?:full|voll)|邮箱已满|ящик переполнен|boîte aux lettres pleine|buzón (?:del destinatario )?(?:está )?lleno/i, 552, '5.2.2'],
  [/(?:user|recipient|mailbox|account|address)(?: name| address)? (?:is )?(?:not found|not known|unknown|unavailable|does(?: not|n't) exist|(?:could not|couldn't) be found)|unknown (?:user|recipient)|no such (?:user|recipient|mailbox)|no mailbox here|recipient name is not recognized|unknown recipient|account has been (?:disabled|discontinued|closed)|no longer valid|invalid final delivery userid|(?:adresse|utilisateur)\b.{0,60}n['’]existe pas|not listed in (?:the )?(?:domino|public)|doesn't have an? \S{1,40} account|пользователь не найден|不存在|introuvable|konnte nicht gefunden werden/i, 550, '5.1.1'],
  [/blocked by our (?:spam|bulk)|considered unsolicited bulk|(?:rejected|blocked|refused|classified) as spam|spam firewall/i, 550, '5.7.1', 'rejected as spam'],
  [/hop count exceeded|too many hops|(?:mail|routing|forwarding) loop/i, 554, '5.4.6'],
  [/exceed(?:s|ed|ing) the maximum (?:incoming |allowed )?message size|message (?:size )?(?:is )?too (?:large|big)/i, 552, '5.3.4'],
  [/dns error|responded with code servfail|name service error/i, 451, '4.4.4'],
  [/connection (?:timed out|refused)|(?:could not|couldn't|unable to) connect|retry timeout exceeded|no route to host|(?:server|host \S{1,255}) (?:did not respond|is not responding)|connection to mail exchanger failed|all hosts have been failing/i, 451, '4.4.1'],
];

function commonWords(line: string): { readonly reply: SmtpReply; readonly words: string } | undefined {
  const [, code, enhanced, words = ''] = COMMON_WORDS.find(([pattern]) => pattern.test(line)) ?? [];
  return code === undefined || enhanced === undefined ? undefined : { reply: { code, enhanced, text: line.trim() }, words };
}

/** The lines of a paragraph behind. */
function continued(lines: readonly string[], at: number): readonly string[] {
  const more: string[] = [];
  for (const line of lines.slice(at + 1, at + NEARBY_LINES)) {
    if (line.trim() === '' || REPLY.test(line) || PROGRAM_WORDS.test(line) || (line.search(ADDRESS) >= 0 && !goesOn(line))) break;
    more.push(line.trim());
  }
  return more;
}

/** Postfix folds a long reply, which may name an address amid words; an address alone begins the next recipient. */
function goesOn(line: string): boolean {
  return /^(?:\t| {3})/.test(line) && /[\p{L}\p{N}]/u.test(line.replace(ADDRESS, ''));
}

/** A server that is named as one; "from" and "by" are said of anything. */
function hostNear(lines: readonly string[], at: number): string | undefined {
  const around = lines.slice(Math.max(0, at - 3), at + 1).join(' ').slice(0, LINE_CHARS_MAX);
  return /\b(?:host|server|mta|talking to|dns;)[: ] ?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,10}\.[a-z][a-z0-9-]{1,62})\b(?! program)/i.exec(around)?.[1];
}
