/**
 * Final refusals in words that no rule knows, seen together: by source address and site, what was refused in the same
 * words since anything was taken there.
 *
 * Policy: one odd refusal is believed, and its message returned. Several of different recipients (at RCPT) or messages (at
 * MAIL, or after the content) in the same words, with nothing taken between them, are no fault of recipients: from then on
 * such mail waits as it does for a block. Where all of it is mail of one domain, that domain is meant; where it is mail of
 * several, or where the site refused before it heard of a sender, our address is. Codes that blame the recipient are
 * contradicted only by more of them.
 *
 * What takes mail again and then refuses once more in the same words is not believed at once: that message waits, too, but
 * not for ever.
 */
import { REPLY_LIMITS } from '../../base/reply-limits.ts';
import type { DeliveryOutcome } from '../../contract/queue.ts';
import type { SendResult } from '../../contract/shaper.ts';
import { REFUSED_ALIKE, type Evidence } from '../../mail/reply-meaning/evidence.ts';
import type { Explanation } from '../../mail/reply-meaning/explain.ts';
import { inLightOf, vaguely, wordsAlone } from '../../mail/reply-meaning/refused-alike.ts';
import { timeOf } from './lane.ts';

/** One delivery, as far as it matters here. */
export interface AlikeDelivery {
  readonly source: string;
  readonly site: string;
  /** For sentences. */
  readonly siteTitle: string;
  /** The mail answers for it: d=, else that of the envelope sender; '' for none. */
  readonly domain: string;
  readonly signed: boolean;
  /** One of its lanes is closed because of such refusals, perhaps since an earlier run. */
  readonly closed: boolean;
  /** Nothing else is being delivered there from here: what refuses the connection does not say that there are too many. */
  readonly alone: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Refusals in the same words, at the same step. */
interface Alike {
  readonly scope: DeliveryOutcome['scope'];
  /** Recipients or messages by the domain that their mail answers for. */
  readonly byDomain: Map<string, Set<string>>;
  /** Recipients who were returned before anything was concluded. */
  readonly returned: Set<string>;
  since: number;
  last: number;
  /** Meanwhile mail of other domains was taken. */
  othersTaken: boolean;
  /** Something was concluded from them once. */
  known: boolean;
  /** Mail was taken there after that. */
  tookSince: boolean;
}

interface Refusal {
  readonly result: SendResult;
  readonly explanation: Explanation;
  readonly vague: 'nobody' | 'recipient';
  readonly alike: Alike;
}

export class RefusedAlike {
  /** By source and site, then by step and words; the oldest go first. */
  readonly #places = new Map<string, Map<string, Alike>>();

  /** The same results, with what the refusals among them mean in the light of others. */
  read(delivery: AlikeDelivery, results: readonly SendResult[]): readonly SendResult[] {
    const key = `${delivery.source} ${delivery.site}`;
    const known = this.#places.get(key);
    // What goes well leaves nothing to remember.
    if (!known && results.every(({ outcome }) => outcome.status === 'delivered')) return results;
    const place = known ?? new Map<string, Alike>();
    const taken = results.some(({ outcome }) => outcome.status === 'delivered');
    if (taken) this.#took(place, delivery);
    // Whom it asked for content, it had taken at RCPT: it tells one recipient from another.
    const tells = taken || (results.some(({ outcome }) => outcome.scope === 'recipient') && results.some(({ outcome }) => outcome.scope === 'message'));
    const refusals = new Map<SendResult, Refusal>();
    for (const result of results) {
      const refusal = this.#note(place, delivery, result, tells);
      if (refusal) refusals.set(result, refusal);
    }
    this.#keep(key, place);
    return refusals.size === 0 ? results : results.map((result) => readAgain(delivery, result, refusals.get(result)));
  }

  /** The site took mail: of its recipients it likes some, of its senders at least this domain. */
  #took(place: Map<string, Alike>, { domain }: AlikeDelivery): void {
    for (const [words, alike] of place) {
      if (alike.scope === 'message') alike.byDomain.delete(domain);
      else alike.byDomain.clear();
      alike.othersTaken = alike.byDomain.size > 0;
      if (alike.othersTaken) continue;
      if (alike.known) alike.tookSince = true;
      else place.delete(words);
    }
  }

  #note(place: Map<string, Alike>, { domain, now, alone }: AlikeDelivery, result: SendResult, tells: boolean): Refusal | undefined {
    const { outcome, explanation, about } = result;
    const vague = explanation && isFinalWord(outcome) ? vaguely(explanation) : undefined;
    if (!explanation || !vague || !about || (tells && outcome.scope === 'recipient') || (isOpening(outcome) && !alone)) return undefined;
    const words = `${outcome.scope} ${wordsAlone(outcome.reply, about.recipient)}`;
    const before = place.get(words);
    const alike = before && now - before.last < REPLY_LIMITS.alikeForMs ? before : { scope: outcome.scope, byDomain: new Map(), returned: new Set<string>(), since: now, last: now, othersTaken: false, known: false, tookSince: false };
    if (alike.byDomain.size === 0) Object.assign(alike, { since: now, othersTaken: false });
    alike.last = now;
    const units = alike.byDomain.get(domain) ?? new Set<string>();
    if (units.size < REPLY_LIMITS.alikeRemembered) units.add(outcome.scope === 'recipient' ? about.recipient : about.content);
    if (alike.byDomain.size < REPLY_LIMITS.alikeRemembered) alike.byDomain.set(domain, units);
    place.delete(words);
    place.set(words, alike);
    if (place.size > REPLY_LIMITS.alikeWordsMax) place.delete(place.keys().next().value as string);
    return { result, explanation, vague, alike };
  }

  #keep(key: string, place: Map<string, Alike>): void {
    this.#places.delete(key);
    if (place.size > 0) this.#places.set(key, place);
    if (this.#places.size > REPLY_LIMITS.alikePlacesMax) this.#places.delete(this.#places.keys().next().value as string);
  }
}

/** A peer's; RFC 7504 §3: a host that says 521 or 556 takes mail of nobody. */
function isFinalWord(outcome: DeliveryOutcome): boolean {
  const { status, reply, attempt } = outcome;
  return (status === 'failed' || isOpening(outcome)) && reply.code >= 500 && reply.code !== 521 && reply.code !== 556 && attempt.address !== undefined && !attempt.ownReply;
}

/** What a server says for good before it has heard of a sender is deferred, see flow/deliver/trouble.ts. */
function isOpening({ status, scope, reply, attempt }: DeliveryOutcome): boolean {
  return status === 'deferred' && scope === 'host' && reply.code >= 500 && !attempt.ownReply;
}

function readAgain(delivery: AlikeDelivery, result: SendResult, refusal: Refusal | undefined): SendResult {
  if (!refusal) return result;
  const { alike, explanation } = refusal;
  const evidence = isClear(delivery, refusal) ? conclude(delivery, alike) : perhapsAgain(delivery, refusal);
  if (evidence) return { ...result, explanation: inLightOf(explanation, evidence) };
  if (result.about && result.outcome.status === 'failed' && alike.returned.size < REPLY_LIMITS.alikeRemembered) alike.returned.add(result.about.recipient);
  return result;
}

function isClear({ closed }: AlikeDelivery, { alike, vague }: Refusal): boolean {
  if (closed) return true;
  return countOf(alike) >= (vague === 'nobody' ? REPLY_LIMITS.alikeMin : REPLY_LIMITS.alikeAgainstCodeMin);
}

function countOf({ byDomain }: Alike): number {
  return [...byDomain.values()].reduce((sum, units) => sum + units.size, 0);
}

function conclude(delivery: AlikeDelivery, alike: Alike): Evidence {
  const { domain, signed } = delivery;
  alike.known = true;
  alike.tookSince = false;
  const ofOne = alike.byDomain.size === 1 && domain !== '' && !isBeforeSender(alike);
  const culprit = ofOne ? (signed ? 'dkim-domain' : 'spf-domain') : 'source-ip';
  const text = `${seen(delivery, alike)} ${meant(delivery, ofOne, alike.othersTaken)} Such mail waits, and nobody is suppressed.${returnedText(alike)}`;
  return { culprit, text, ...(alike.returned.size > 0 && { innocent: [...alike.returned] }) };
}

function meant({ domain, source }: AlikeDelivery, ofOne: boolean, othersTaken: boolean): string {
  const us = source === '' ? 'this server' : `our address ${source}`;
  if (!ofOne) return `So it is ${us} that it does not want, and not its recipients.`;
  if (othersTaken) return `So it is mail of ${domain} that it does not want, and not its recipients; mail of others it takes.`;
  return `So it does not want mail of ${domain}, or from ${us}, and means no recipients; which of the two, mail of another domain would tell.`;
}

function seen({ siteTitle, now }: AlikeDelivery, alike: Alike): string {
  if (isBeforeSender(alike)) return `${siteTitle} refuses before it has heard of a sender or recipient, in words that we do not know.`;
  const count = countOf(alike);
  if (count < REPLY_LIMITS.alikeMin) return `${siteTitle} goes on refusing in words that name nobody, and has taken nothing since it began to.`;
  const many = `${count >= REPLY_LIMITS.alikeRemembered ? 'At least ' : ''}${count} ${alike.scope === 'recipient' ? 'recipients' : 'messages'}`;
  const [only] = alike.byDomain.keys();
  const ofWhom = alike.byDomain.size > 1 ? `, in mail of ${alike.byDomain.size} domains,` : '';
  const none = alike.byDomain.size === 1 && only !== '' && alike.scope === 'message' ? `no mail of ${only}` : 'nothing';
  return `${many}${ofWhom} were refused at ${siteTitle} in the same words ${span(timeOf(alike.since), timeOf(now))}, and ${none} was taken there in between.`;
}

function span(first: string, last: string): string {
  return first === last ? `at ${first}` : `from ${first} to ${last}`;
}

/** At the greeting or EHLO. */
function isBeforeSender({ scope }: Alike): boolean {
  return scope !== 'recipient' && scope !== 'message';
}

function returnedText({ returned }: Alike): string {
  return returned.size === 0 ? '' : ` Before that could be seen ${returned.size === 1 ? 'one was' : `${returned.size} were`} returned to ${returned.size === 1 ? 'its sender' : 'their senders'}.`;
}

/** It used these words for everybody once, and has taken mail since. One who is refused so again and again is meant himself. */
function perhapsAgain({ siteTitle }: AlikeDelivery, { alike, result }: Refusal): Evidence | undefined {
  const { triesBefore = 0, ruleBefore } = result;
  // What was refused before MAIL is tried again anyway.
  if (isBeforeSender(alike) || (!alike.known && ruleBefore !== REFUSED_ALIKE)) return undefined;
  if (alike.tookSince && triesBefore >= REPLY_LIMITS.alikeTriesMax) return undefined;
  alike.known = true;
  const took = alike.tookSince ? ' It has taken mail since, and so this message is tried a few times more before it is returned.' : '';
  return { culprit: 'capacity', text: `${siteTitle} has refused everybody in these words before: it may be how it says that it had enough, and nothing about the recipient.${took}` };
}
