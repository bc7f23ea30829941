/**
 * What the results of one delivery say about the sender's standing, as opposed to the fate of its recipients. Pure.
 *
 * Policy: only named culprits act at once (`source-ip`: that address at this site, `dkim-domain` and `spf-domain`: that
 * domain). Temporary refusals without a name go into the ratio. What concerns a recipient, a message or ourselves says
 * nothing about the site, greylisting is how it greets everybody, and local errors teach nothing.
 */
import type { AttemptFacts, DeliveryOutcome } from '../../contract/queue.ts';
import type { SendResult } from '../../contract/shaper.ts';
import { REFUSED_UNCLEAR } from '../../mail/reply-meaning/evidence.ts';
import type { Explanation } from '../../mail/reply-meaning/explain.ts';
import { IN_DOUBT } from '../../mail/reply-meaning/our-side.ts';
import { vaguely } from '../../mail/reply-meaning/refused-alike.ts';

export interface NamedComplaint {
  readonly about: 'source' | 'domain';
  readonly kind: 'rate' | 'block';
  readonly rule: string;
  /** One sentence with the site's words. */
  readonly why: string;
  readonly retryAfterMs?: number;
}

export interface Reading {
  readonly delivered: number;
  /** Put off by somebody there, or refused for our sake. */
  readonly deferred: number;
  /** Parts of one: how much of the delivery was welcome, and how much was put off without a named culprit. */
  readonly good: number;
  readonly bad: number;
  readonly complaints: readonly NamedComplaint[];
  /** Rules of all replies that are no success, each once. */
  readonly rules: readonly string[];
  /** `spoke`: the site answered as a mail server; `failed`: it could not be reached; undefined: nobody found out. */
  readonly connection?: 'spoke' | 'failed';
  /** Of a failed connection, in a sentence. */
  readonly error: string;
  /** The site said that we have too many connections, or closed one in the middle. */
  readonly crowded: boolean;
  /** It turned a connection away, or said that there are too many: one less may be right. */
  readonly tooMany: boolean;
  /** Of the last refusal that names no culprit; '' when there is none. */
  readonly words: string;
  /** The same in a sentence that says whose words they are; '' when there are none. */
  readonly told: string;
  /** It took nothing, for want of room or of a part that works, or without a word on whether it did. */
  readonly putOff: boolean;
  /** All that was put off is about the domain that the mail answers for, not about the address that it comes from. */
  readonly ofDomain: boolean;
  /** All that was put off are recipients of whom it hears for the first time: it may greylist, in words that we do not know. */
  readonly mayGreylist: boolean;
  /** New connections that were opened, at least. */
  readonly opened: number;
  /** Our own address, when the attempt tells it. */
  readonly localAddress?: string;
  readonly peerAddress?: string;
}

const WORDS_CHARS_MAX = 160;

/** What does not vouch for the sender's domain, or does not find it, would be said to any other address, too. */
function concernsDomain({ culprit, faultClass, rule }: Explanation): boolean {
  return culprit === 'dkim-domain' || culprit === 'spf-domain' || (faultClass === 'authentication' && !/ptr|helo|tls|7\.25/.test(rule));
}

/** RFC 5321 §3.8: 421 is "service not available", and said of no message, recipient or sender unless its words are. */
function isAiling({ status, attempt, reply }: DeliveryOutcome, { faultClass }: Explanation): boolean {
  if (status !== 'deferred' || attempt.ownReply) return false;
  return faultClass === 'capacity' || (reply.code === 421 && UNNAMED.has(faultClass));
}

/** Refusals that a receiver who makes strangers wait may also give. */
const UNNAMED: ReadonlySet<Explanation['faultClass']> = new Set(['capacity', 'policy', 'unknown']);

/** The same delivery, when what was put off says nothing about us or the site. */
export function withoutPutOff(reading: Reading): Reading {
  return { ...reading, good: 0, bad: 0, putOff: false };
}

export function readResults(results: readonly SendResult[]): Reading {
  let delivered = 0;
  let deferred = 0;
  let bad = 0;
  let failed = '';
  let spoke = false;
  let crowded = false;
  let tooMany = false;
  let unanswered = false;
  let ailing = true;
  let strangers = true;
  let ofDomain = true;
  let words = '';
  let told = '';
  const complaints = new Map<string, NamedComplaint>();
  const rules = new Set<string>();
  for (const { outcome, explanation, firstTry = false } of results) {
    if (outcome.status === 'delivered') delivered += 1;
    const reach = reachOf(outcome, explanation);
    if (reach === 'spoke') spoke = true;
    if (reach === 'failed') failed ||= wordsOf(outcome);
    const complaint = outcome.status === 'delivered' || !explanation || outcome.scope === 'local' || forOneMessage(outcome) ? undefined : complaintOf(outcome, explanation);
    // What is refused for our sake is kept, and tried again. Where nobody was asked, nobody put anything off.
    if (complaint || (outcome.status === 'deferred' && outcome.scope !== 'local' && outcome.attempt.address !== undefined)) deferred += 1;
    if (outcome.status === 'delivered' || !explanation || outcome.scope === 'local' || forOneMessage(outcome)) continue;
    rules.add(explanation.rule);
    if (complaint) complaints.set(`${complaint.about} ${complaint.kind}`, complaint);
    else if (reach !== 'failed' && isUnwelcome(outcome, explanation)) {
      bad += 1;
      words = wordsOf(outcome);
      told = toldOf(outcome);
      ailing &&= isAiling(outcome, explanation);
      ofDomain &&= concernsDomain(explanation);
      strangers &&= firstTry && outcome.scope === 'recipient' && outcome.status === 'deferred' && UNNAMED.has(explanation.faultClass);
    }
    else if (reach === 'spoke' && IN_DOUBT.has(explanation.rule)) {
      unanswered = true;
      words = wordsOf(outcome);
      told = toldOf(outcome);
    }
    if (!complaint && saysTooMany(outcome, explanation, reach)) tooMany = true;
    // RFC 5321 §3.8: a server that closes in the middle, or falls silent there, is not at ease with what it has.
    if (!complaint && reach === 'spoke' && (outcome.reply.code === 421 || outcome.attempt.ownReply || (explanation.culprit === 'capacity' && /connection/.test(explanation.rule)))) crowded = true;
  }
  const all = Math.max(1, delivered + bad);
  const facts = results.map(({ outcome }) => outcome.attempt);
  return {
    delivered,
    deferred,
    good: delivered / all,
    bad: bad / all,
    complaints: [...complaints.values()],
    rules: [...rules],
    ...(spoke ? { connection: 'spoke' as const } : failed !== '' && complaints.size === 0 ? { connection: 'failed' as const } : {}),
    error: failed,
    crowded,
    tooMany,
    words,
    told,
    putOff: (bad > 0 ? ailing : unanswered) && delivered === 0 && complaints.size === 0,
    ofDomain: ofDomain && bad > 0,
    mayGreylist: strangers && bad > 0 && complaints.size === 0,
    opened: facts.some(({ address, reused }) => address !== undefined && reused !== true) ? 1 : 0,
    ...addressesOf(facts),
  };
}

function addressesOf(facts: readonly AttemptFacts[]): Pick<Reading, 'localAddress' | 'peerAddress'> {
  const localAddress = facts.find((each) => each.localAddress !== undefined)?.localAddress;
  const peerAddress = facts.find((each) => each.address !== undefined)?.address;
  return { ...(localAddress !== undefined && { localAddress }), ...(peerAddress !== undefined && { peerAddress }) };
}

/**
 * `failed`: no connection, no greeting, no EHLO, no TLS, or 421 instead of a greeting; facts about the session are absent
 * then. Undefined for what is our own trouble: no route, name servers that do not answer.
 */
function reachOf({ scope, attempt, reply, status }: DeliveryOutcome, explanation: Explanation | undefined): 'spoke' | 'failed' | undefined {
  if (status === 'delivered') return 'spoke';
  if (scope === 'local' || attempt.address === undefined || explanation?.culprit === 'ours') return undefined;
  if (attempt.reused !== undefined) return 'spoke';
  return scope === 'host' || scope === 'session' ? (reply.code >= 500 && !attempt.ownReply ? 'spoke' : 'failed') : undefined;
}

/** RFC 5321 §3.8 knows 421 for this; it comes instead of a greeting, or in words about connections. */
function saysTooMany({ attempt, reply }: DeliveryOutcome, { culprit, rule }: Explanation, reach: 'spoke' | 'failed' | undefined): boolean {
  if (attempt.ownReply) return false;
  return reach === 'failed' ? reply.code < 500 : culprit === 'capacity' && /connection/.test(rule);
}

function complaintOf(outcome: DeliveryOutcome, { culprit, faultClass, rule, meaning, retryAfterMs }: Explanation): NamedComplaint | undefined {
  if (faultClass !== 'rate' && faultClass !== 'block') return undefined;
  const about = culprit === 'source-ip' ? 'source' : culprit === 'dkim-domain' || culprit === 'spf-domain' ? 'domain' : undefined;
  if (!about) return undefined;
  // A refusal for what we are that comes as "try again" is a matter of how much we send, until it is final.
  const kind = faultClass === 'block' && outcome.reply.code >= 500 ? 'block' : 'rate';
  return { about, kind, rule, why: `${meaning} ${toldOf(outcome)}`, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

const SAYS_NOTHING: ReadonlySet<Explanation['faultClass']> = new Set(['hard-bounce', 'soft-bounce', 'greylist', 'content', 'format', 'local', 'network']);

/**
 * Final refusals without a known meaning count, too: a site that turns everything away must not be fed on. At RCPT they are
 * about recipients until refused-alike.ts concludes otherwise: a list with many odd addresses is no sign against us.
 */
function isUnwelcome({ status, scope }: DeliveryOutcome, { culprit, faultClass, rule }: Explanation): boolean {
  if (status === 'failed' && scope === 'recipient' && (rule === REFUSED_UNCLEAR || vaguely({ rule, culprit }) !== undefined)) return false;
  if (SAYS_NOTHING.has(faultClass) || culprit === 'recipient' || culprit === 'message' || culprit === 'content' || culprit === 'ours') return false;
  return status === 'deferred' || faultClass === 'policy' || faultClass === 'unknown' || faultClass === 'rate' || faultClass === 'block';
}

/** What we would not send there ourselves, as the sender, the recipient's domain or a [[tls-policy]] demands: the site serves others all the same. */
function forOneMessage({ scope, attempt }: DeliveryOutcome): boolean {
  return attempt.ownReply === true && (scope === 'recipient' || scope === 'message');
}

function toldOf(outcome: DeliveryOutcome): string {
  return `${outcome.attempt.ownReply ? 'The last failure:' : 'It said:'} ${wordsOf(outcome)}`;
}

function wordsOf({ reply }: DeliveryOutcome): string {
  const text = `${reply.code} ${reply.enhanced ?? ''} ${reply.text}`.replace(/\s+/g, ' ').trim();
  return text.length > WORDS_CHARS_MAX ? `${text.slice(0, WORDS_CHARS_MAX)}…` : text;
}
