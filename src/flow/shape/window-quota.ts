/**
 * How much a site takes from a lane within windows of time, found out from what it takes and when it refuses everything,
 * whatever the words. Pure. What is known of one rule of the site is kept in window-rule.ts.
 *
 * Policy, in the order in which it happens:
 * - Several messages are refused and nothing is taken for some minutes, or one is refused when a known figure is used: the
 *   lane is closed. The rule that is used explains it, and no other one changes; when none is, and those known were right
 *   before, the site has one more. Nothing but probes goes, first soon, then after a part of the time that it has been
 *   closed; once a figure has proved right, when the guesses that are left say that there is room.
 * - From then on as much goes as all rules allow, a part of which is kept from bulk mail. Before a figure has proved
 *   right, one message at a time finds out whether it is more; when it is, the figure is dropped.
 */
import { QUOTA_LIMITS } from '../../base/quota-limits.ts';
import type { TakenMeter } from './taken-meter.ts';
import type { Guess } from './window-guess.ts';
import { explains, grown, hitsOf, isFull, isProven, newRule, openingUnder, refusedBy, roomUnder, stillRefusedBy, surestOf, takenUnder, type Asked, type WindowRule } from './window-rule.ts';
import { DAY_MS } from './windows.ts';

const HOUR_MS = 3_600_000;
/** Nobody has tried for so long: whatever it was is over. */
const UNSURE_MS = 6 * HOUR_MS;

/** Everything is refused. Times are milliseconds since 1970. */
export interface Closure {
  /** Of the first refusal since something was taken, and of the latest. */
  readonly at: number;
  readonly refusedAt: number;
  /** Messages refused since then, by when they were queued: as many as it takes to be sure. */
  readonly refused: readonly number[];
  /** All of them are mail of this domain, and it may be about that; '' else. */
  readonly ofDomain: string;
  /** It is about us or how much we send, and not perhaps an outage. */
  readonly named: boolean;
  readonly sure: boolean;
  /** When one message may try. */
  readonly probeAt: number;
  /** Messages that were taken in between, before it was sure. */
  readonly slips: number;
}

/** Part of a lane's status. */
export interface WindowQuota {
  /** The one that closed it last first. */
  readonly rules: readonly WindowRule[];
  readonly closure?: Closure | undefined;
  /** Of the message that opened it again. */
  readonly openedAt: number;
}

const UNKNOWN: WindowQuota = { rules: [], openedAt: 0 };

export interface Refusal {
  readonly now: number;
  /** When the delivery was let go. */
  readonly admittedAt: number;
  /** Of the message. */
  readonly queuedAt: number;
  /** That the mail answers for. */
  readonly domain: string;
  readonly taken: TakenMeter;
  /** As in Closure. */
  readonly named: boolean;
  /** It says that it does not want us, which nobody says by mistake. */
  readonly block: boolean;
  /** It says that it is too much, and so little went of late that no minute can be meant. */
  readonly atTrickle: boolean;
}

/** Nothing of a delivery was taken, for a reason that is no single message's. */
export function afterRefusal(quota: WindowQuota | undefined, refusal: Refusal): WindowQuota | undefined {
  const { now, admittedAt, taken } = refusal;
  if (!quota && taken.total(now, DAY_MS) < QUOTA_LIMITS.tookMin) return undefined;
  const before = quota ?? UNKNOWN;
  // What was under way when it closed says the same again.
  if (isClosed(before) && admittedAt < before.closure.at) return before;
  const closure = refusedIn(before.closure, refusal);
  if (closure.sure) return probedAfter({ ...before, closure, rules: afterProbe(before.rules, closure.at, now, taken) }, now, taken);
  const isPlain = refusal.atTrickle || refusal.block || isSure(closure) || now - before.openedAt <= QUOTA_LIMITS.relapseMs;
  if (!isPlain && !before.rules.some((rule) => isFull(rule, closure.at, now, taken))) return { ...before, closure };
  const rules = closedBy(before.rules, closure.at, now, taken);
  return rules ? probedAfter({ rules, closure: { ...closure, sure: true }, openedAt: before.openedAt }, now, taken) : { ...before, rules: before.rules.filter(isProven), closure };
}

/** The rule that is used explains it; else one that has not proved right, or one more. undefined: nothing does. */
function closedBy(rules: readonly WindowRule[], at: number, now: number, taken: TakenMeter): readonly WindowRule[] | undefined {
  const culprit = mostUsed(rules, at, now, taken) ?? rules.find((rule) => !isProven(rule));
  const rule = culprit ? refusedBy(culprit, at, now, taken) : newRule(at, now, taken);
  return rule && [rule, ...rules.filter((other) => other !== culprit)].slice(0, QUOTA_LIMITS.rulesMax);
}

/** A probe was refused: because of the rule that closed it, or else another one that is used, or one more. */
function afterProbe(rules: readonly WindowRule[], at: number, now: number, taken: TakenMeter): readonly WindowRule[] {
  const [first, ...others] = rules;
  const rule = first && stillRefusedBy(first, now, taken);
  if (!first || rule) return rule ? [rule, ...others] : rules;
  const other = mostUsed(others, now, now, taken);
  if (other) return [other, ...rules.filter((each) => each !== other)];
  const more = newRule(at, now, taken);
  const known = more && stillRefusedBy(more, now, taken);
  return known ? [known, ...rules].slice(0, QUOTA_LIMITS.rulesMax) : rules;
}

function mostUsed(rules: readonly WindowRule[], at: number, now: number, taken: TakenMeter): WindowRule | undefined {
  const shares = rules.map((rule) => explains(rule, at, now, taken));
  const most = Math.max(0, ...shares);
  return most > 0 ? rules[shares.indexOf(most)] : undefined;
}

function refusedIn(closure: Closure | undefined, { now, queuedAt, domain, named }: Refusal): Closure {
  const meant = named ? '' : domain;
  if (!closure) return { at: now, refusedAt: now, refused: [queuedAt], ofDomain: meant, named, sure: false, probeAt: now, slips: 0 };
  const isNew = closure.refused.length < QUOTA_LIMITS.sureMessages && !closure.refused.includes(queuedAt);
  return { ...closure, refusedAt: now, refused: isNew ? [...closure.refused, queuedAt] : closure.refused, ofDomain: closure.ofDomain === meant ? meant : '', named: closure.named || named };
}

function isSure({ at, refusedAt, refused, named }: Closure): boolean {
  return refused.length >= QUOTA_LIMITS.sureMessages && refusedAt - at >= (named ? QUOTA_LIMITS.sureNamedMs : QUOTA_LIMITS.sureMs);
}

/** What was taken is about what it bears, as far as that is known. */
export function isUsed(quota: WindowQuota | undefined, now: number, taken: TakenMeter): boolean {
  return quota?.rules.some((rule) => isFull(rule, now, now, taken)) === true;
}

/** Only one message at a time finds out whether it takes mail again. */
export function isClosed(quota: WindowQuota | undefined): quota is WindowQuota & { readonly closure: Closure } {
  return quota?.closure?.sure === true;
}

/** Mail of another domain than all that was refused: it says nothing about the figure. */
export function isOfOthers({ closure }: WindowQuota, domain: string): boolean {
  return closure !== undefined && closure.ofDomain !== '' && closure.ofDomain !== domain;
}

/** The figure that closed it has proved right. */
export function isKnown({ rules: [first] }: WindowQuota): boolean {
  return first !== undefined && isProven(first);
}

/** A probe is under way: the next one waits for what it finds. */
export function probing(quota: WindowQuota, now: number): WindowQuota {
  return quota.closure ? { ...quota, closure: { ...quota.closure, probeAt: now + QUOTA_LIMITS.probeMinMs } } : quota;
}

export interface Taking {
  readonly now: number;
  readonly admittedAt: number;
  /** As of before this delivery. */
  readonly taken: TakenMeter;
  readonly domain: string;
}

/** The site took a message. */
export function afterTaken(quota: WindowQuota, { now, admittedAt, taken, domain }: Taking): WindowQuota | undefined {
  const { closure, ...open } = quota;
  // It was let go before the refusal came, and says nothing against it.
  if (closure?.sure && admittedAt <= closure.at) return quota;
  const slips = closure && !closure.sure && closure.slips < slipsOf(taken.total(now, HOUR_MS));
  const probes = closure?.sure === true && !isOfOthers(quota, domain);
  const rules = quota.rules.flatMap((rule, at) => takenUnder(rule, now, taken, probes && at === 0) ?? []);
  if (slips) return { ...quota, closure: { ...closure, slips: closure.slips + 1 }, rules };
  return rules.length > 0 ? { ...open, rules, ...(closure?.sure && { openedAt: now }) } : undefined;
}

function slipsOf(perHour: number): number {
  return Math.min(QUOTA_LIMITS.slipsMax, Math.max(QUOTA_LIMITS.slipsMin, perHour * QUOTA_LIMITS.slipsShare));
}

/** What time changes: the same quota while nothing does. */
export function agedQuota(quota: WindowQuota, now: number, taken: TakenMeter): WindowQuota | undefined {
  const { closure, openedAt } = quota;
  const isOver = closure !== undefined && (closure.refusedAt > now || now - closure.refusedAt > (closure.sure ? DAY_MS : UNSURE_MS));
  const rules = quota.rules.flatMap((rule) => agedRule(rule, closure === undefined, now, taken) ?? []);
  const isSame = !isOver && openedAt <= now && rules.length === quota.rules.length && rules.every((rule, at) => rule === quota.rules[at]);
  if (isSame) return quota;
  const kept = isOver ? undefined : closure;
  return rules.length > 0 || kept ? { rules, openedAt: Math.min(now, openedAt), ...(kept && { closure: kept }) } : undefined;
}

function agedRule(rule: WindowRule, open: boolean, now: number, taken: TakenMeter): WindowRule | undefined {
  const latest = Math.max(rule.since, rule.grownAt);
  // Written down by a clock that was ahead.
  if (latest > now) return { ...rule, since: Math.min(now, rule.since), grownAt: Math.min(now, rule.grownAt) };
  if (now - latest > QUOTA_LIMITS.memoryMs) return undefined;
  return open ? grown(rule, now, taken) : rule;
}

/** Until when nothing goes, and because of which rule. */
export interface Room {
  /** `now`: it may go; undefined: as soon as what is under way has ended. */
  readonly at: number | undefined;
  readonly rule?: WindowRule;
}

/** When a message of this kind may go. */
export function roomAt({ closure, rules }: WindowQuota, asked: Asked): Room {
  const { now, inFlight } = asked;
  // It may be closing: more at once would only be refused together.
  if (closure && closure.refused.length >= QUOTA_LIMITS.sureMessages) return { at: inFlight === 0 ? now : undefined };
  if (closure) return { at: now };
  const rooms = rules.map((rule) => ({ at: roomUnder(rule, asked), rule }));
  return rooms.find(({ at }) => at === undefined) ?? rooms.reduce<Room & { readonly at: number }>((latest, { at = now, rule }) => (at > latest.at ? { at, rule } : latest), { at: now });
}

function probedAfter(quota: WindowQuota & { readonly closure: Closure }, now: number, taken: TakenMeter): WindowQuota {
  return { ...quota, closure: { ...quota.closure, probeAt: Math.max(now + QUOTA_LIMITS.probeMinMs, probeTime(quota, now, taken)) } };
}

function probeTime({ rules, closure }: WindowQuota & { readonly closure: Closure }, now: number, taken: TakenMeter): number {
  const { at, named } = closure;
  const longest = named ? QUOTA_LIMITS.probeMaxNamedMs : QUOTA_LIMITS.probeMaxMs;
  const gap = Math.min(longest, Math.max(QUOTA_LIMITS.probeMinMs, (now - at) * (named ? QUOTA_LIMITS.probeShareNamed : QUOTA_LIMITS.probeShare)));
  const [first, ...others] = rules;
  const expected = first ? openingUnder(first, now, taken) : now;
  if (!first || expected <= now) return now + gap;
  const hits = hitsOf(first);
  const probeAt = hits > 1 ? expected : Math.min(expected, now + (hits > 0 ? longest : gap));
  // Another one that is used up refuses it as well.
  return Math.max(probeAt, ...others.filter((other) => hitsOf(other) > 1).map((other) => openingUnder(other, now, taken)));
}

/** What is told of: the figure that closed it last. */
export function surest({ rules: [first] }: WindowQuota): Guess | undefined {
  return first && surestOf(first);
}
