/**
 * Final refusals in words that no rule knows, seen beside each other: by source address and site. What is remembered is in
 * refusal-record.ts, whom a refusal means is weighed by refusal-verdict.ts, how it is told is in refusal-text.ts.
 *
 * Policy of what follows: a block keeps what waits. Where all of it is mail of one domain, that domain is meant; where it is
 * mail of several, or where the site refused before it heard of a sender, our address is. What is unclear is asked again,
 * and nobody is suppressed for it.
 */
import { REPLY_LIMITS } from '../../base/reply-limits.ts';
import type { DeliveryOutcome } from '../../contract/queue.ts';
import type { SendResult } from '../../contract/shaper.ts';
import { REFUSED_ALIKE, REFUSED_UNCLEAR, type Evidence } from '../../mail/reply-meaning/evidence.ts';
import { namesOneOf, type Explanation } from '../../mail/reply-meaning/explain.ts';
import { inLightOf, isDocumented, vaguely, WANTS_LOGIN, wordsAlone, type VagueBlame } from '../../mail/reply-meaning/refused-alike.ts';
import { timeOf } from './lane.ts';
import { RefusalRecord, type Refused } from './refusal-record.ts';
import { againText, blockText, givenUpText, provenText, unclearText, type SeenRefusals } from './refusal-text.ts';
import { weigh, type RefusalFacts, type Verdict } from './refusal-verdict.ts';

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

type Stage = RefusalFacts['stage'];
type Place = Readonly<Record<Stage, RefusalRecord>>;

interface Refusal {
  readonly result: SendResult;
  readonly explanation: Explanation;
  readonly stage: Stage;
  readonly blame: VagueBlame;
  readonly words: string;
  readonly record: RefusalRecord;
  readonly refused: Refused;
  readonly tries: number;
}

export class RefusedAlike {
  /** By source and site; the oldest go first. */
  readonly #places = new Map<string, Place>();
  /** Sites that refused everybody, with when, by source, step and words. */
  readonly #blocks = new Map<string, Map<string, number>>();

  /** The same results, with what the refusals among them mean in the light of others. */
  read(delivery: AlikeDelivery, results: readonly SendResult[]): readonly SendResult[] {
    const key = `${delivery.source} ${delivery.site}`;
    const known = this.#places.get(key);
    // What goes well leaves nothing to remember.
    if (!known && results.every(isTaken)) return results;
    const place = known ?? { opening: new RefusalRecord(false), recipient: new RefusalRecord(false), message: new RefusalRecord(true) };
    const taken = results.filter(isTaken);
    if (taken.length > 0) for (const record of Object.values(place)) record.took(delivery.domain, delivery.now);
    for (const { about } of taken) {
      if (!about) continue;
      place.recipient.passed(about.recipient, delivery.now);
      place.message.passed(about.content, delivery.now);
    }
    const refusals = new Map<SendResult, Refusal>();
    for (const [at, result] of results.entries()) {
      // Whom it took after this one at RCPT, it told from this one.
      const refusal = isOneOfMany(results, at) ? undefined : note(place, delivery, result);
      if (refusal) refusals.set(result, refusal);
    }
    this.#keep(key, place, delivery.now);
    return refusals.size === 0 ? results : results.map((result) => this.#readAgain(delivery, result, refusals.get(result)));
  }

  #readAgain(delivery: AlikeDelivery, result: SendResult, refusal: Refusal | undefined): SendResult {
    if (!refusal) return result;
    const { record, refused, explanation, blame } = refusal;
    const elsewhere = this.#elsewhere(delivery, refusal);
    const verdict = weigh(factsOf(delivery, refusal, elsewhere.length > 0));
    const evidence = evidenceOf(verdict, delivery, refusal, elsewhere);
    if (verdict.kind === 'block') {
      record.concluded(delivery.now);
      if (blame !== 'recipient') this.#remember(delivery, refusal);
    }
    refused.returned = (verdict.kind === 'believe' && !verdict.proven) || verdict.kind === 'give-up' ? result.about?.recipient : undefined;
    return evidence ? { ...result, explanation: inLightOf(explanation, evidence) } : result;
  }

  /** Titles of other sites where these words were said to everybody. */
  #elsewhere({ source, siteTitle, now }: AlikeDelivery, { stage, words, blame }: Refusal): readonly string[] {
    if (blame === 'recipient') return [];
    const sites = this.#blocks.get(`${source} ${stage} ${words}`) ?? new Map<string, number>();
    return [...sites].filter(([title, at]) => title !== siteTitle && now - at < REPLY_LIMITS.alikeForMs).map(([title]) => title);
  }

  #remember({ source, siteTitle, now }: AlikeDelivery, { stage, words }: Refusal): void {
    const key = `${source} ${stage} ${words}`;
    const sites = this.#blocks.get(key) ?? new Map<string, number>();
    if (sites.size < REPLY_LIMITS.alikeRemembered || sites.has(siteTitle)) sites.set(siteTitle, now);
    this.#blocks.delete(key);
    this.#blocks.set(key, sites);
    if (this.#blocks.size > REPLY_LIMITS.alikeWordsMax) this.#blocks.delete(this.#blocks.keys().next().value as string);
  }

  #keep(key: string, place: Place, now: number): void {
    this.#places.delete(key);
    if (Object.values(place).some((record) => !record.isIdle(now))) this.#places.set(key, place);
    if (this.#places.size > REPLY_LIMITS.alikePlacesMax) this.#places.delete(this.#places.keys().next().value as string);
  }
}

function note(place: Place, { domain, now, alone }: AlikeDelivery, result: SendResult): Refusal | undefined {
  const { outcome, explanation, about, triesBefore = 0, ruleBefore } = result;
  const named = explanation && isFinalWord(outcome) ? vaguely(explanation) : undefined;
  const stage = stageOf(outcome);
  if (!explanation || !named || !about || (stage === 'opening' && !alone)) return undefined;
  const words = wordsAlone(outcome.reply, about.recipient);
  const blame = blameOf(named, stage, namesSender(outcome, domain));
  const record = place[stage];
  const refused = record.refuse(stage === 'recipient' ? about.recipient : about.content, { words, domain, now });
  const tries = ruleBefore === REFUSED_ALIKE || ruleBefore === REFUSED_UNCLEAR ? triesBefore + 1 : 1;
  return { result, explanation, stage, blame, words, record, refused, tries };
}

/** Behind RCPT every recipient had been taken, whatever the code says of them. */
function blameOf(named: VagueBlame, stage: Stage, namesSenderToo: boolean): VagueBlame {
  if (named === 'recipient' && stage !== 'message') return named;
  return namesSenderToo || named === 'sender' ? 'sender' : 'nobody';
}

function factsOf({ closed, now }: AlikeDelivery, { result, explanation, stage, blame, words, record, refused, tries }: Refusal, elsewhere: boolean): RefusalFacts {
  const { count, inTheseWords } = record.open(words, now);
  // After a restart its row still says what was concluded.
  const here = record.wasBlock(now) || result.ruleBefore === REFUSED_ALIKE;
  return {
    stage, blame, documented: isDocumented(explanation), closed, tries, knownBlock: here ? 'here' : elsewhere ? 'elsewhere' : undefined,
    since: { inTheseWords, inAny: count }, passedOver: refused.passedOver, alone: refused.alone, passing: record.isPassing(now), forMs: now - refused.since,
  };
}

function evidenceOf(verdict: Verdict, delivery: AlikeDelivery, refusal: Refusal, elsewhere: readonly string[]): Evidence | undefined {
  const { source, siteTitle, domain, signed, now } = delivery;
  const { stage, record, words, refused, tries, blame, explanation } = refusal;
  const open = record.open(words, now);
  const returned = record.returned();
  const innocent = returned.length > 0 && { innocent: returned };
  const wantsLogin = explanation.rule === WANTS_LOGIN;
  const seen: SeenRefusals = { source, siteTitle, domain, now, stage, open, returned: returned.length, wantsLogin, elsewhere };
  switch (verdict.kind) {
    case 'block': {
      const ofOne = open.domains.size <= 1 && domain !== '' && stage !== 'opening';
      const culprit = wantsLogin ? 'theirs' : ofOne ? (signed ? 'dkim-domain' : 'spf-domain') : 'source-ip';
      return { culprit, text: blockText(seen, ofOne), ...innocent };
    }
    case 'again':
      return { culprit: 'capacity', text: againText(seen, refused.passedOver > 0) };
    case 'ask-again':
      return { culprit: 'policy', text: unclearText(seen, tries, refused.passedOver), askAgainMs: verdict.afterMs, ...innocent };
    case 'give-up':
      return { culprit: 'policy', text: givenUpText(seen, tries, timeOf(refused.since)) };
    case 'believe':
      // What the code says of a dead address holds, once it is proven to be about the address.
      return verdict.proven && blame !== 'recipient' ? { culprit: 'policy', text: provenText(seen, tries) } : undefined;
  }
}

function isTaken({ outcome }: SendResult): boolean {
  return outcome.status === 'delivered';
}

/** Refused at RCPT, while one who was named later was taken there: it took the content for him, or refused just that. */
function isOneOfMany(results: readonly SendResult[], at: number): boolean {
  return results[at]?.outcome.scope === 'recipient' && results.slice(at + 1).some((later) => isTaken(later) || later.outcome.scope === 'message');
}

function stageOf(outcome: DeliveryOutcome): Stage {
  if (isOpening(outcome)) return 'opening';
  return outcome.scope === 'recipient' ? 'recipient' : 'message';
}

/** A peer's; RFC 7504 §3: a host that says 521 or 556 takes mail of nobody. */
function isFinalWord(outcome: DeliveryOutcome): boolean {
  const { status, scope, reply, attempt } = outcome;
  if (isOpening(outcome)) return isPeers5xx(outcome);
  return status === 'failed' && (scope === 'recipient' || scope === 'message') && isPeers5xx(outcome) && reply.code !== 521 && reply.code !== 556 && attempt.address !== undefined;
}

/** What a server says for good before it has heard of a sender is deferred, see flow/deliver/trouble.ts. */
function isOpening(outcome: DeliveryOutcome): boolean {
  return outcome.status === 'deferred' && outcome.scope === 'host' && isPeers5xx(outcome);
}

function isPeers5xx({ reply, attempt }: DeliveryOutcome): boolean {
  return reply.code >= 500 && !attempt.ownReply;
}

/** Who refuses a recipient has no reason to speak of the sender's domain. */
function namesSender({ reply }: DeliveryOutcome, domain: string): boolean {
  return domain !== '' && namesOneOf(reply.text.slice(0, REPLY_LIMITS.textChars).replace(/[\w.+=-]{1,64}@\S{1,255}/g, ' ').toLowerCase(), [domain]);
}
