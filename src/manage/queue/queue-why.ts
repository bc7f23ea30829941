/**
 * `queue.why`: why a recipient is not there yet, or what became of it, in one true sentence; with the last reply and its
 * meaning, the next try, the end of its time, and who has to act.
 *
 * The running queue knows best (in line, held back by shaping, in delivery); what it does not know is told from the rows
 * and the timeline.
 */
import { z } from 'zod';
import { QUEUE_ADMIN_LIMITS } from '../../base/queue-admin-limits.ts';
import type { Reply } from '../../contract/message.ts';
import { RETURN_ORDERED_AT } from '../../contract/queue.ts';
import type { AttemptFacts, AttemptStep, MessageEvent, QueueItem, QueueMessage, QueueRecipient, RecipientState } from '../../contract/queue.ts';
import type { LiveWait } from '../../contract/queue-control.ts';
import type { LaneView, ShapingControl } from '../../contract/shaping-control.ts';
import { domainOf } from '../../mail/address.ts';
import { nextStepAfterwards } from '../../mail/reply-meaning/afterwards.ts';
import { REFUSED_ALIKE, REFUSED_UNCLEAR } from '../../mail/reply-meaning/evidence.ts';
import { explainRule } from '../../mail/reply-meaning/explain.ts';
import { triedText } from '../../mail/tried-hosts.ts';
import { explainLastReply, heardWith } from '../trace/event-explanation.ts';
import { selectionArgs } from './queue-orders.ts';
import { findMessage, resolveFilter } from './queue-selection.ts';
import { toldReason, whoActs, type Actor } from './queue-why-text.ts';
import type { TraceExplanation } from '../trace/trace-result.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

/** See `posthorn ip list`. */
export type LaneBrief = Pick<LaneView, 'state' | 'why' | 'rule' | 'next' | 'nextChangeAt' | 'lettersAt'> & {
  readonly source: string;
  /** Of a signing or sending domain; absent: all mail from the source. */
  readonly domain?: string;
};

export interface QueueExplanation {
  readonly id: string;
  readonly recipient: string;
  readonly sender: string;
  readonly state: RecipientState;
  /** One sentence. */
  readonly reason: string;
  /** What the queue does with it this moment; absent when it does not run, or has nothing to do with it. */
  readonly phase?: LiveWait['phase'];
  /** Of the shaper, when that makes it wait. */
  readonly waitRule?: string;
  /** Milliseconds since 1970: until then the shaper makes it wait, or would if its time came sooner. */
  readonly waitUntil?: number;
  /** While an attempt is under way: what it waits for, and when it ends at the latest (milliseconds since 1970). */
  readonly step?: AttemptStep;
  readonly endsBy?: number;
  readonly lastReply?: Reply;
  /** The other hosts of the attempt that brought it, and why theirs is not the word that counts: sentences, and as data. */
  readonly otherHosts?: string;
  readonly tried?: AttemptFacts['tried'];
  /** Of the last reply, as trace gives it. */
  readonly explanation?: TraceExplanation;
  /** While a lane rests that it would take: the meaning of the reply because of which, which another message may have got. */
  readonly because?: TraceExplanation;
  /** Who has to do something about it. */
  readonly actor: Actor;
  /** Key of its MX site: of the last attempt, or where it would go. */
  readonly site?: string;
  /** The lanes that its mail can take to that site, as shaping sees them; absent when there are none yet. */
  readonly lanes?: readonly LaneBrief[];
  /** While these rest: the smarthost by which its mail goes there, as host:port. */
  readonly wayRound?: string;
  readonly stream: string;
  readonly account?: string;
  /** While held: who did that, and when. */
  readonly heldBy?: string;
  readonly heldAt?: number;
  /** The time of the server, whose clock runs ahead in the lab; milliseconds since 1970. */
  readonly now: number;
  readonly queuedAt: number;
  readonly attempts: number;
  /** Milliseconds since 1970; absent when no attempt is planned. */
  readonly nextAttemptAt?: number;
  readonly expiresAt: number;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 10_000;

export const queueWhy = defineVerb({
  name: 'queue.why',
  summary: 'Says why recipients wait, what was answered last, and when the next try is.',
  args: z.strictObject({ ...selectionArgs, limit: z.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT) }),
  run: async (context, args): Promise<readonly QueueExplanation[]> => {
    const { ids, limit, ...wanted } = args;
    if (ids) {
      const items = await Promise.all([...new Set(ids)].map((id) => findMessage(context, id)));
      return (await Promise.all(items.map((item) => explainItem(context, item, () => true)))).flat();
    }
    const { filter } = await resolveFilter(context, wanted);
    const { rows } = await context.store.queueAdmin.page(filter, limit);
    const chosen = new Map<string, Set<number>>();
    for (const { id, index } of rows) chosen.set(id, (chosen.get(id) ?? new Set()).add(index));
    const explained: QueueExplanation[] = [];
    const messages = [...chosen];
    for (let at = 0; at < messages.length; at += QUEUE_ADMIN_LIMITS.explainedAtOnce) {
      const some = messages.slice(at, at + QUEUE_ADMIN_LIMITS.explainedAtOnce).map(async ([id, indices]) => {
        const item = await context.store.queue.read(id);
        return item ? explainItem(context, item, ({ index }) => indices.has(index)) : [];
      });
      explained.push(...(await Promise.all(some)).flat());
    }
    return explained;
  },
});

async function explainItem(context: ManageContext, item: QueueItem, wanted: (recipient: QueueRecipient) => boolean): Promise<readonly QueueExplanation[]> {
  const events = await context.store.timeline.events(item.message.id);
  return Promise.all(item.recipients.filter(wanted).map((recipient) => explain(context, item, recipient, events)));
}

async function explain(context: ManageContext, { message }: QueueItem, recipient: QueueRecipient, events: readonly MessageEvent[]): Promise<QueueExplanation> {
  const { clock, queue, shaping } = context;
  const { state, attempts, nextAttemptAt, lastReply } = recipient;
  const now = clock.now();
  const live = state === 'queued' ? queue?.explainWait?.(message.id, recipient.index) : undefined;
  const told = toldReason({ message, recipient, events, now, running: queue !== undefined, ...(live ? { live } : {}) });
  const site = live?.site ?? recipient.site;
  // The reply of a return that was ordered is for the sender, and nobody has said it yet.
  const meaning = lastReply && state !== 'delivered' && !(state === 'queued' && nextAttemptAt === RETURN_ORDERED_AT) ? ofRelay(explainLastReply(lastReply, recipient.index, events), site) : undefined;
  const lanes = state === 'queued' && site !== undefined ? lanesOf(shaping, site, message) : [];
  const because = restingBecause(live, lanes);
  const explanation = meaning && (state === 'bounced' || state === 'expired') ? { ...meaning, nextStep: nextStepAfterwards(meaning) } : inHindsight(meaning, lanes);
  const waitUntil = live?.phase === 'scheduled' ? restOf(context, lanes, site, message.stream) : live?.until;
  return {
    id: message.id,
    recipient: recipient.address,
    sender: message.sender,
    state,
    ...told,
    ...(live ? { phase: live.phase } : {}),
    ...(live?.rule === undefined ? {} : { waitRule: live.rule }),
    ...(waitUntil === undefined ? {} : { waitUntil }),
    ...(live?.step ? { step: live.step } : {}),
    ...(live?.endsBy === undefined ? {} : { endsBy: live.endsBy }),
    ...(lastReply ? { lastReply } : {}),
    ...(lastReply && live?.phase !== 'in-delivery' && state !== 'delivered' ? othersOf(lastReply, recipient.index, events) : {}),
    ...(explanation ? { explanation } : {}),
    ...(because ? { because } : {}),
    actor: whoActs(state, because?.culprit ?? explanation?.culprit, live, because ? classOfRest(live) : explanation?.faultClass, site),
    ...(site === undefined ? {} : { site }),
    ...(lanes.length === 0 ? {} : { lanes }),
    ...wayRoundOf(context, lanes, site),
    stream: message.stream ?? 'transactional',
    ...(message.origin.account === undefined ? {} : { account: message.origin.account }),
    now,
    queuedAt: message.queuedAt,
    attempts,
    // RETURN_ORDERED_AT is no time.
    ...(state === 'queued' && nextAttemptAt > 0 ? { nextAttemptAt } : {}),
    expiresAt: message.expiresAt,
  };
}

/** A smarthost steps in while a lane of every address rests. */
function wayRoundOf({ config, shaping }: ManageContext, lanes: readonly LaneBrief[], site: string | undefined): Pick<QueueExplanation, 'wayRound'> {
  if (!shaping || lanes.length === 0) return {};
  const fallback = config.outbound.fallbacks?.find(({ sites }) => site !== undefined && sites.includes(site));
  const resting = new Set(lanes.filter(({ state }) => state === 'hot' || state === 'blocked').map(({ source }) => source));
  const own = config.outbound.ips.filter(({ standby }) => !standby);
  const rest = own.length > 0 ? own.every(({ address }) => resting.has(address)) : resting.size > 0;
  return fallback && rest ? { wayRound: `${fallback.host}:${fallback.port}` } : {};
}

/** Named in full; trace has all. */
const OTHERS_NAMED = 5;

function othersOf(reply: Reply, recipient: number, events: readonly MessageEvent[]): Pick<QueueExplanation, 'otherHosts' | 'tried'> {
  const facts = heardWith(reply, recipient, events)?.data as AttemptFacts | undefined;
  const otherHosts = facts && triedText(facts, OTHERS_NAMED);
  return { ...(otherHosts === undefined ? {} : { otherHosts }), ...(facts?.tried ? { tried: facts.tried } : {}) };
}

/** What holds for all mail of a source, and what holds for the domain this message answers for. */
function lanesOf(shaping: ShapingControl | undefined, site: string, { dkimDomain = '', sender }: QueueMessage): readonly LaneBrief[] {
  const domain = dkimDomain === '' ? domainOf(sender).toLowerCase() : dkimDomain;
  const lanes = shaping?.lanes().filter(({ key }) => key.site === site && (key.dkimDomain === '' || key.dkimDomain === domain)) ?? [];
  return lanes.map(({ key, state, why, rule, next, nextChangeAt, lettersAt }) => ({
    source: key.source,
    ...(key.dkimDomain === '' ? {} : { domain: key.dkimDomain }),
    state, why, ...(rule === undefined ? {} : { rule }), next,
    ...(nextChangeAt === undefined ? {} : { nextChangeAt }), ...(lettersAt === undefined ? {} : { lettersAt }),
  }));
}

/** Silence of a relay is for us to mend: nobody else chose it. */
function ofRelay(explanation: TraceExplanation, site: string | undefined): TraceExplanation {
  if (!site?.startsWith('relay:') || explanation.faultClass !== 'network') return explanation;
  return { ...explanation, nextStep: 'See that the relay runs, and that its port is open for this server; until then it is tried again.' };
}

/** Whom its refusal means has come to light since: it is not asked a few times more and returned, but waits for the end of the block. */
function inHindsight(meaning: TraceExplanation | undefined, lanes: readonly LaneBrief[]): TraceExplanation | undefined {
  if (meaning?.rule !== REFUSED_UNCLEAR) return meaning;
  const blocked = lanes.find(({ state, rule }) => state === 'blocked' && rule === REFUSED_ALIKE);
  return (blocked && meaningOf(blocked)) ?? meaning;
}

/** A rest ends by itself, a refusal only when its cause does. */
function classOfRest(live: LiveWait | undefined): string | undefined {
  return live?.rule === 'lane-blocked' ? undefined : 'rate';
}

/** Of the lane that its wait is about. */
function restingBecause(live: LiveWait | undefined, lanes: readonly LaneBrief[]): TraceExplanation | undefined {
  if (!live?.rule?.startsWith('lane-')) return undefined;
  const resting = lanes.find(({ state, rule, why }) => state !== 'steady' && rule !== undefined && live.reason.includes(why));
  return resting && meaningOf(resting);
}

function meaningOf({ rule, domain }: LaneBrief): TraceExplanation | undefined {
  const meaning = rule === undefined ? undefined : explainRule(rule);
  return meaning && rule === REFUSED_ALIKE && domain !== undefined ? { ...meaning, culprit: 'dkim-domain' } : meaning;
}

/**
 * When the first source may go again, while every source rests there: a message is not tried sooner, whatever its
 * schedule says. Undefined when one may go now, or a fallback takes it meanwhile.
 */
function restOf({ shaping, config }: ManageContext, lanes: readonly LaneBrief[], site: string | undefined, stream: QueueMessage['stream']): number | undefined {
  if (lanes.length === 0 || config.outbound.fallbacks?.some(({ sites }) => sites.some((each) => each === site))) return undefined;
  const endOf = ({ state, nextChangeAt = 0, lettersAt = nextChangeAt }: LaneBrief): number =>
    state !== 'hot' && state !== 'blocked' ? 0 : stream === 'bulk' ? nextChangeAt : Math.min(nextChangeAt, lettersAt);
  const ends = (shaping?.sources() ?? []).map(({ address }) => Math.max(0, ...lanes.filter(({ source }) => source === address).map(endOf)));
  const first = Math.min(...ends);
  return Number.isFinite(first) && first > 0 ? first : undefined;
}
