/**
 * What a reply means, whose fault it is, and what to do: for trace, for DSNs, for whoever shapes traffic.
 *
 * Policy: the most specific rule answers. First the provider's own (chosen by the MX name, else by marks in the text),
 * then words that everybody uses, then the same two tables' catch-all rules (`general`), then a wait that it names, then
 * the enhanced code, then the basic code. It always answers. A reply without `mx` is taken as our own.
 */
import { REPLY_LIMITS } from '../../base/reply-limits.ts';
import { EVERYBODY } from './everybody.ts';
import { REFUSED_ALIKE, REFUSED_ALIKE_MEANING, REFUSED_UNCLEAR, REFUSED_UNCLEAR_MEANING, type Evidence } from './evidence.ts';
import { classOf } from './fault-class.ts';
import type { ClassRule } from './fault-class.ts';
import { ENHANCED_DATE, ENHANCED_SOURCE, explainEnhanced } from './enhanced-codes.ts';
import { namedDelayMs } from './named-delay.ts';
import { OUR_SIDE } from './our-side.ts';
import { PROVIDERS } from './providers.ts';
import { LIST_SITES, trustedReference } from './reference.ts';
import type { Culprit, FaultClass, Meaning, RuleTable } from './reply-rule.ts';

export type { Culprit, FaultClass } from './reply-rule.ts';

export interface SmtpReply {
  readonly code: number;
  readonly enhanced?: string;
  readonly text: string;
}

export interface ReplyContext {
  /** Host name of the server that said it. */
  readonly mx?: string;
  /** Addresses and names by which the peer knows us. */
  readonly ours?: readonly string[];
  /** Our own server said it, no peer; default: when there is no `mx`, or the words are those of flow/deliver. */
  readonly own?: boolean;
  /** It answered MAIL: no recipient had been named. */
  readonly answeredMail?: boolean;
}

export interface Explanation extends Meaning {
  readonly provider?: string;
  readonly culprit: Culprit;
  readonly faultClass: FaultClass;
  readonly meaning: string;
  readonly nextStep: string;
  /** Where the knowledge is from, and when it was gathered. */
  readonly source: string;
  readonly date: string;
  /** Stable name of the rule that answered. */
  readonly rule: string;
  /** Milliseconds after which the reply asks us to come back, within REPLY_LIMITS. */
  readonly retryAfterMs?: number;
  /** A link of the reply to the provider's own pages or to a known blocklist, e.g. to ask for removal. */
  readonly reference?: string;
  /** What it was concluded from, when that is not the reply alone. */
  readonly evidence?: Evidence;
}

const UNCOMPARED = 'general knowledge, not yet compared with the provider\'s own page';

/** Never throws, always answers. */
export function explainReply(reply: SmtpReply, context: ReplyContext = {}): Explanation {
  const own = isOwnReply(reply, context);
  const text = (own ? withoutNames(reply.text) : reply.text).slice(0, REPLY_LIMITS.textChars);
  const enhanced = reply.enhanced ?? /\(#?([245]\.\d{1,3}\.\d{1,3})\)/.exec(text)?.[1] ?? '';
  const line = `${reply.code} ${enhanced} ${text}`.slice(0, REPLY_LIMITS.textChars).replace(/\s+/g, ' ').toLowerCase();
  const provider = own ? OUR_SIDE : findProvider(context.mx ?? '', line);
  const retryAfterMs = own ? undefined : namedDelayMs(line);
  const words = line.replace(ADDRESS, 'x@y');
  const literal = findRule(words, provider) ?? (!own && reply.code >= 500 && saysNothing(enhanced) && namesOneOf(words, context.ours) ? NAMES_US : undefined) ?? (context.own && reply.code >= 500 ? OWN_WORD : undefined)
    ?? (retryAfterMs === undefined ? undefined : namedWait(reply.code, enhanced)) ?? explainCode(reply.code, enhanced);
  const known = context.answeredMail && reply.code >= 500 && literal.culprit === 'recipient' ? ofSender(reply.code) : literal;
  const reference = own ? undefined : trustedReference(text, [...(provider?.sites ?? []), ...LIST_SITES]);
  return {
    ...(provider?.provider && provider !== OUR_SIDE && { provider: provider.provider }),
    culprit: known.culprit,
    faultClass: classOf(reply.code, known),
    meaning: known.meaning,
    nextStep: known.nextStep,
    source: known.source,
    date: known.date,
    rule: known.id,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(reference !== undefined && { reference }),
  };
}

/** In words of any language: who refuses mail and names its source means the source. */
const NAMES_US: Known = {
  id: 'names-us', culprit: 'source-ip', faultClass: 'block', meaning: 'The receiver refuses in words that we do not know, and names our address or host name: it is most likely this server that it does not want, and not the recipient.',
  nextStep: 'Read its words; look the address up with `posthorn ip check`, then write to the receiver\'s postmaster with the whole reply.', source: EVERYBODY.source, date: EVERYBODY.date,
};

/** Words about a mailbox in answer to MAIL: the only one that was named is the sender's. */
const SENDER_NOT_FOUND: Known = {
  id: 'sender-not-found', culprit: 'our-dns', faultClass: 'authentication', meaning: 'The receiver does not accept the sender\'s address: it says so before it has heard of a recipient, most likely because it asked whether that mailbox exists.',
  nextStep: 'See that the sender\'s address exists, that its domain has MX records, and that its server accepts mail from "<>" for it.', source: EVERYBODY.source, date: EVERYBODY.date,
};

/** RFC 1870 §6.1: 552 in answer to MAIL is about the size that was announced there. */
function ofSender(code: number): Known {
  return code === 552 ? explainCode(code, '5.3.4') : SENDER_NOT_FOUND;
}

/** Enhanced codes (RFC 3463 §3.1, §3.8) that name no culprit. */
function saysNothing(enhanced: string): boolean {
  return enhanced === '' || /^5\.(?:0\.0|7\.[01])$/.test(enhanced);
}

/** `line` in lower case. As a whole: 192.0.2.1 is not named by 192.0.2.11, nor example.org by mail.example.org. */
export function namesOneOf(line: string, names: readonly string[] = []): boolean {
  return names.some((name) => {
    const wanted = name.toLowerCase();
    for (let at = line.indexOf(wanted); at !== -1; at = line.indexOf(wanted, at + 1)) {
      if (!/[\w.:-]/.test(line[at - 1] ?? ' ') && !/^[\w-]|^[.:][\w]/.test(line.slice(at + wanted.length))) return true;
    }
    return false;
  });
}

/** Words that an administrator wrote: of a route that refuses, say. */
const OWN_WORD: Known = {
  id: 'own.rule', culprit: 'policy', faultClass: 'policy', meaning: 'This server itself does not deliver such mail: an administrator said so.',
  nextStep: 'Look at `posthorn route list` and at the settings.', source: OUR_SIDE.source, date: OUR_SIDE.date,
};

/** In words of any language: who names the time at which it takes the message means just that. */
const WAIT_NAMED: Known = {
  id: 'named-wait', culprit: 'theirs', faultClass: 'greylist', meaning: 'The receiver makes us wait, and names the time.',
  nextStep: 'Nothing to do: the next attempt comes after the time that it named.', source: EVERYBODY.source, date: EVERYBODY.date,
};

/** Whoever says "never" and when to come back means the latter: it had too much. */
const WAIT_NAMED_AS_FINAL: Known = {
  id: 'named-wait-final', culprit: 'capacity', faultClass: 'rate', meaning: 'The receiver refuses for good by its code, and names a time after which it takes mail again: it had too much from us, or makes us wait.',
  nextStep: 'Nothing is lost: it is tried again after that time, and after an hour at least.', source: EVERYBODY.source, date: EVERYBODY.date,
};

function namedWait(code: number, enhanced: string): Known | undefined {
  if (code < 500) return WAIT_NAMED;
  return saysNothing(enhanced) ? WAIT_NAMED_AS_FINAL : undefined;
}

/** Addresses tell nothing of the meaning, and their dots and words would be taken for those of the sentence. */
const ADDRESS = /[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})*/g;

interface Known extends Meaning, ClassRule {
  readonly id: string;
  readonly source: string;
  readonly date: string;
}

function findRule(line: string, provider: RuleTable | undefined): Known | undefined {
  const tables = provider ? [provider, EVERYBODY] : [EVERYBODY];
  for (const catchAll of [false, true]) {
    for (const table of tables) {
      const rule = table.rules.find((each) => (each.general ?? false) === catchAll && each.pattern.test(line));
      if (rule) return { ...rule, source: rule.uncompared ? UNCOMPARED : (rule.source ?? table.source), date: table.date };
    }
  }
  return undefined;
}

function explainCode(code: number, enhanced: string): Known {
  const row = explainEnhanced(enhanced);
  // x.0.0 says nothing: the basic code says more.
  if (row && !/^[245]\.0\.0$/.test(enhanced)) return { ...row, source: ENHANCED_SOURCE, date: ENHANCED_DATE };
  return { ...explainBasic(code), source: 'RFC 5321 section 4.2', date: ENHANCED_DATE };
}

/** The context of a reply as an attempt stored it. Without an address nobody was asked: the reply can only be our own. */
export function attemptContext({ mx, address, ownReply, localAddress, helo, answeredMail }: AttemptNames): ReplyContext {
  if (mx === undefined || address === undefined || ownReply) return { own: true };
  // A name without a dot may be any word.
  return { mx, ours: [localAddress, helo].filter((name) => name !== undefined && /[.:]/.test(name)) as string[], ...(answeredMail && { answeredMail }) };
}

interface AttemptNames {
  readonly mx?: string;
  readonly address?: string;
  readonly ownReply?: boolean;
  readonly localAddress?: string;
  readonly helo?: string;
  readonly answeredMail?: boolean;
}

const OWN_WORDS = /^(?:connect to |lost connection with |no trusted tls with |local problem while |the sender requires tls )| timed out while | does not follow the protocol while |the receiving server /i;

/** True when no peer said it: there is none, or the words are those in which flow/deliver describes silence and loss. */
export function isOwnReply(reply: SmtpReply, context: ReplyContext): boolean {
  return context.own ?? (context.mx === undefined || OWN_WORDS.test(reply.text.slice(0, REPLY_LIMITS.textChars)));
}

/** Our own texts name hosts and addresses, and a host may be called `refused.example`. */
function withoutNames(text: string): string {
  return text.slice(0, REPLY_LIMITS.textChars).replace(/\S*\[[^\]\s]*\](?::\d+)?|\S+@\S+/g, 'peer');
}

function findProvider(mx: string, line: string): RuleTable | undefined {
  const host = mx.toLowerCase().replace(/\.$/, '');
  return PROVIDERS.find(({ mx: hosts }) => hosts?.test(host)) ?? PROVIDERS.find(({ marks }) => marks?.test(line));
}

/** Name of the provider behind an MX host, when it is one we know. */
export function providerOf(mx: string): string | undefined {
  return findProvider(mx, '')?.provider;
}

function explainBasic(code: number): Meaning & ClassRule & { readonly id: string } {
  const id = `code.${code}`;
  if (code >= 200 && code < 400) return { id, culprit: 'theirs', meaning: 'The receiver accepted.', nextStep: 'Nothing to do.' };
  if (code === 421) return { id, culprit: 'theirs', faultClass: 'capacity', meaning: 'The receiver closed the connection for now.', nextStep: 'Nothing to do: it is tried again.' };
  if (code === 452) return { id, culprit: 'capacity', meaning: 'The receiver lacks room or took enough recipients for now.', nextStep: 'Nothing to do: it is tried again.' };
  if (code >= 400 && code < 500) return { id, culprit: 'theirs', faultClass: 'capacity', meaning: 'The receiver could not take the message just now.', nextStep: 'Nothing to do: it is tried again.' };
  if (code >= 500 && code < 510) return { id, culprit: 'theirs', faultClass: 'protocol', meaning: 'The servers did not understand each other.', nextStep: 'Ask the receiver\'s postmaster, with the whole reply.' };
  // RFC 7504 §3 and §4.
  if (code === 521 || code === 556) return { id, culprit: 'theirs', faultClass: 'policy', meaning: 'By its code this server takes no mail at all; some use it to turn a single sender away.', nextStep: 'Check the domain of the address. If it is right, its MX records name the wrong server, or it does not want us: tell its postmaster by another way, with the whole reply.' };
  if (code === 552) return { id, culprit: 'recipient', meaning: 'The mailbox has no room for the message, or the message is too large.', nextStep: 'Send less, or reach the person by another way.' };
  // A bare 550, 553 or 554 (and 450 above) may be the recipient or a block: never guess it to be the recipient.
  return { id, culprit: 'policy', meaning: 'The receiver refuses and gives no reason that we know.', nextStep: 'Read its words; ask the receiver\'s postmaster, with the whole reply.' };
}

/** What a rule of the tables says, by its name: for what a reply left behind. Undefined for names in no table. */
export function explainRule(rule: string): Omit<Explanation, 'faultClass'> | undefined {
  for (const table of RULE_TABLES) {
    const found = table.rules.find(({ id }) => id === rule);
    if (!found) continue;
    const { culprit, meaning, nextStep } = found;
    const source = found.uncompared ? UNCOMPARED : (found.source ?? table.source);
    return { ...(table.provider !== undefined && table !== OUR_SIDE && { provider: table.provider }), culprit, meaning, nextStep, source, date: table.date, rule };
  }
  const concluded = [NAMES_US, SENDER_NOT_FOUND, WAIT_NAMED_AS_FINAL, WAIT_NAMED].find(({ id }) => id === rule);
  if (concluded) return { culprit: concluded.culprit, meaning: concluded.meaning, nextStep: concluded.nextStep, source: concluded.source, date: concluded.date, rule };
  if (rule === REFUSED_ALIKE) return { ...REFUSED_ALIKE_MEANING, date: EVERYBODY.date };
  if (rule === REFUSED_UNCLEAR) return { ...REFUSED_UNCLEAR_MEANING, date: EVERYBODY.date };
  // The class digit tells nothing of the meaning.
  const row = rule.startsWith('enhanced.') ? explainEnhanced(`5.${rule.slice('enhanced.'.length)}`) : undefined;
  return row && { culprit: row.culprit, meaning: row.meaning, nextStep: row.nextStep, source: ENHANCED_SOURCE, date: ENHANCED_DATE, rule };
}

/** Every table, for tests and the generated reference. */
export const RULE_TABLES: readonly RuleTable[] = [...PROVIDERS, EVERYBODY, OUR_SIDE];
