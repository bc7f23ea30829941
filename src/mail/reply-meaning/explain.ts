/**
 * What a reply means, whose fault it is, and what to do: for trace, for DSNs, for whoever shapes traffic.
 *
 * Policy: the most specific rule answers. First the provider's own (chosen by the MX name, else by marks in the text),
 * then words that everybody uses, then the same two tables' catch-all rules (`general`), then the enhanced code, then the
 * basic code. It always answers. A reply without `mx` is taken as our own.
 */
import { EVERYBODY } from './everybody.ts';
import { APPLE, GMX, TELEKOM } from './other-providers.ts';
import { ENHANCED_DATE, ENHANCED_SOURCE, explainEnhanced } from './enhanced-codes.ts';
import { GOOGLE } from './google.ts';
import { MICROSOFT } from './microsoft.ts';
import { OUR_SIDE } from './our-side.ts';
import { classOf } from './fault-class.ts';
import type { Culprit, FaultClass, Meaning, RuleTable } from './reply-rule.ts';
import { YAHOO } from './yahoo.ts';

export type { Culprit, FaultClass } from './reply-rule.ts';

export interface SmtpReply {
  readonly code: number;
  readonly enhanced?: string;
  readonly text: string;
}

export interface ReplyContext {
  /** Host name of the server that said it. */
  readonly mx?: string;
  /** Our own server said it, no peer; default: when there is no `mx`, or the words are those of flow/deliver. */
  readonly own?: boolean;
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
}

interface ProviderMark {
  readonly table: RuleTable;
  readonly mx: RegExp;
  /** Marks in the reply's own text, for receivers behind names that tell nothing. */
  readonly text: RegExp;
}

const PROVIDERS: readonly ProviderMark[] = [
  { table: GOOGLE, mx: /(?:^|\.)(?:google|googlemail|gmail)\.com$/, text: /\bgsmtp\b|support\.google\.com|google\.com\/mail/ },
  { table: MICROSOFT, mx: /(?:^|\.)(?:outlook|hotmail|live)\.com$|(?:^|\.)mx\.microsoft$|(?:^|\.)office365\.us$/, text: /outlook\.com|\bs31[45]0\b|\b(?:rp|sc|dy|ou)-00[1-4]\b|microsoft\.com/ },
  { table: YAHOO, mx: /(?:^|\.)(?:yahoodns\.net|yahoo\.com|yahoo\.net|aol\.com)$/, text: /\[(?:tss?\d\d|ipts\d\d|bl\d\d)\]|yahoo(?:inc)?\.com/ },
  { table: APPLE, mx: /(?:^|\.)(?:icloud|me|mac|apple)\.com$/, text: /\[(?:cs01|hme1|hcm1|bs02)\]|icloud/ },
  { table: GMX, mx: /(?:^|\.)(?:gmx\.net|gmx\.com|web\.de|gmx\.de|kundenserver\.de|ionos\.(?:com|de))$/, text: /nemesis|gmx\.net|web\.de/ },
  { table: TELEKOM, mx: /(?:^|\.)(?:t-online|t-ipnet|magenta)\.de$/, text: /t-online\.de|\(nowl\)|none\/bad reputation/ },
];

const UNCOMPARED = 'general knowledge, not yet compared with the provider\'s own page';

/** Of a reply's text that is looked at. */
const TEXT_CHARS_MAX = 2000;

/** Never throws, always answers. */
export function explainReply(reply: SmtpReply, context: ReplyContext = {}): Explanation {
  const own = isOwnReply(reply, context);
  const text = own ? withoutNames(reply.text) : reply.text;
  const line = `${reply.code} ${reply.enhanced ?? ''} ${text}`.slice(0, TEXT_CHARS_MAX).replace(/\s+/g, ' ').toLowerCase();
  const provider = own ? OUR_SIDE : findProvider(context.mx ?? '', line);
  const tables = provider ? [provider, EVERYBODY] : [EVERYBODY];
  for (const { table, general } of [false, true].flatMap((catchAll) => tables.map((each) => ({ table: each, general: catchAll })))) {
    const rule = table.rules.find((each) => (each.general ?? false) === general && each.pattern.test(line));
    if (rule) return answer(reply, rule.id, rule, provider, rule.uncompared ? UNCOMPARED : (rule.source ?? table.source), table.date);
  }
  const enhanced = explainEnhanced(reply.enhanced ?? '');
  // x.0.0 says nothing: the basic code says more.
  if (enhanced && !/^[245]\.0\.0$/.test(reply.enhanced ?? '')) return answer(reply, enhanced.id, enhanced, provider, ENHANCED_SOURCE, ENHANCED_DATE);
  const basic = explainBasic(reply.code);
  return answer(reply, basic.id, basic, provider, 'RFC 5321 section 4.2', ENHANCED_DATE);
}

/** The context of a reply as an attempt stored it. Without an address nobody was asked: the reply can only be our own. */
export function attemptContext({ mx, address, ownReply }: { readonly mx?: string; readonly address?: string; readonly ownReply?: boolean }): ReplyContext {
  return mx === undefined || address === undefined || ownReply ? { own: true } : { mx };
}

const OWN_WORDS = /^(?:connect to |lost connection with |no trusted tls with |local problem while |the sender requires tls )| timed out while | does not follow the protocol while |the receiving server /i;

/** True when no peer said it: there is none, or the words are those in which flow/deliver describes silence and loss. */
export function isOwnReply(reply: SmtpReply, context: ReplyContext): boolean {
  return context.own ?? (context.mx === undefined || OWN_WORDS.test(reply.text.slice(0, TEXT_CHARS_MAX)));
}

/** Our own texts name hosts and addresses, and a host may be called `refused.example`. */
function withoutNames(text: string): string {
  return text.slice(0, TEXT_CHARS_MAX).replace(/\S*\[[^\]\s]*\](?::\d+)?|\S+@\S+/g, 'peer');
}

function answer(reply: SmtpReply, rule: string, meaning: Meaning & { readonly faultClass?: FaultClass }, provider: RuleTable | undefined, source: string, date: string): Explanation {
  return {
    ...(provider?.provider && provider !== OUR_SIDE && { provider: provider.provider }),
    culprit: meaning.culprit,
    faultClass: meaning.faultClass ?? classOf(reply.code, meaning.culprit),
    meaning: meaning.meaning,
    nextStep: meaning.nextStep,
    source,
    date,
    rule,
  };
}

function findProvider(mx: string, line: string): RuleTable | undefined {
  const host = mx.toLowerCase().replace(/\.$/, '');
  return (PROVIDERS.find((mark) => mark.mx.test(host)) ?? PROVIDERS.find((mark) => mark.text.test(line)))?.table;
}

/** Name of the provider behind an MX host, when it is one we know. */
export function providerOf(mx: string): string | undefined {
  return findProvider(mx, '')?.provider;
}

function explainBasic(code: number): Meaning & { readonly id: string } {
  const id = `code.${code}`;
  if (code >= 200 && code < 400) return { id, culprit: 'theirs', meaning: 'The receiver accepted.', nextStep: 'Nothing to do.' };
  if (code === 421) return { id, culprit: 'theirs', meaning: 'The receiver closed the connection for now.', nextStep: 'Nothing to do: it is tried again.' };
  if (code === 450) return { id, culprit: 'recipient', meaning: 'The recipient\'s mailbox is not available at the moment.', nextStep: 'Nothing to do: it is tried again.' };
  if (code === 452) return { id, culprit: 'capacity', meaning: 'The receiver lacks room or took enough recipients for now.', nextStep: 'Nothing to do: it is tried again.' };
  if (code >= 400 && code < 500) return { id, culprit: 'theirs', meaning: 'The receiver could not take the message just now.', nextStep: 'Nothing to do: it is tried again.' };
  if (code >= 500 && code < 510) return { id, culprit: 'theirs', meaning: 'The servers did not understand each other.', nextStep: 'Ask the receiver\'s postmaster, with the whole reply.' };
  if (code === 552) return { id, culprit: 'recipient', meaning: 'The mailbox has no room for the message.', nextStep: 'Send less, or reach the person by another way.' };
  if (code === 553) return { id, culprit: 'recipient', meaning: 'The address is not accepted.', nextStep: 'Check the address for a typing error.' };
  // A bare 550 or 554 may be the recipient or a block: never guess it to be the recipient.
  return { id, culprit: 'policy', meaning: 'The receiver refuses and gives no reason that we know.', nextStep: 'Read its words; ask the receiver\'s postmaster, with the whole reply.' };
}

/** Every table, for tests and the generated reference. */
export const RULE_TABLES: readonly RuleTable[] = [GOOGLE, MICROSOFT, YAHOO, APPLE, GMX, TELEKOM, EVERYBODY, OUR_SIDE];
