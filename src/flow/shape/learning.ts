/** What a lane learns from the results of one delivery. */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import { DEFAULT_AUTOMATION } from '../../mail/sites/large-sites.ts';
import type { SiteAutomation, SiteProfile } from '../../mail/sites/site-profile.ts';
import type { Lane } from './lane.ts';
import { accepted, blocked, closed, heated, held, type Complaint, type LaneStatus } from './lane-status.ts';
import type { NamedComplaint, Reading } from './reading.ts';
import { matchesRule, recoveryFor } from './recovery.ts';
import { afterRefusal, afterTaken, isClosed, isUsed } from './window-quota.ts';

/** Hits of one automation closer together than this are the same event, met by several deliveries. */
const HIT_SPACING_MS = 30_000;

export interface Lesson {
  readonly now: number;
  /** When the delivery was let go. */
  readonly admittedAt: number;
  /** Of the message. */
  readonly queuedAt: number;
  /** That the mail answers for. */
  readonly domain: string;
  readonly profile: SiteProfile | undefined;
  readonly reading: Reading;
  /** The site puts everything off, whoever sends: that says nothing about us. */
  readonly ailing?: boolean;
  /** It took some mail and then put off the rest, not for the first time: that is about how much we send. */
  readonly relapsed?: boolean;
}

export function learn(lane: Lane, lesson: Lesson): void {
  const { now, admittedAt, reading } = lesson;
  const about = lane.key.dkimDomain === '' ? 'source' : 'domain';
  const mine = reading.complaints.filter((complaint) => complaint.about === about);
  lane.sentToday += reading.delivered;
  lane.deferredToday += reading.deferred;
  if (reading.good + reading.bad > 0 && !(lesson.ailing && reading.putOff)) lane.ratio.add(now, reading.good, reading.bad, admittedAt);
  // A letter that knocked at a resting lane: no rate was too high, nothing to count.
  const knocked = lane.status.state === 'hot' && admittedAt > lane.status.struckAt;
  const rate = lane.meter.perMinute(now);
  for (const complaint of mine) {
    // Refused when a known figure is used up, in words of any gravity: it is about the figure.
    if (complaint.kind === 'rate' || lane.status.state === 'blocked' || !isUsed(lane.status.windowQuota, now, lane.taken)) complain(lane, complaint, lesson, rate);
  }
  if (mine.length === 0 && reading.delivered > 0) lane.set(accepted(lane.status, now, admittedAt), now);
  learnQuota(lane, lesson, mine);
  if (reading.delivered > 0) {
    lane.taken.count(now, reading.delivered);
    lane.takenAt = now;
  }
  if (knocked) return;
  if (about === 'source') automate(lane, lesson, rate);
  if (about === 'source' && lesson.relapsed) relapse(lane, lesson, rate);
  else judgeRatio(lane, lesson, rate);
}

function complain(lane: Lane, { kind, why, rule, retryAfterMs }: NamedComplaint, { now, admittedAt }: Lesson, rate: number): void {
  lane.complaintsToday += 1;
  const complaint = { now, admittedAt, why, rule, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  lane.set(kind === 'block' ? blocked(lane.status, complaint) : tooFast(lane, complaint, rate), now);
}

/**
 * A recipient called our mail spam. It is a complaint of the day, which does not let a warm-up grow; where too many of
 * those who were written to complain, the lane rests before the site makes it.
 */
export function learnSpamComplaint(lane: Lane, now: number): void {
  lane.complaintsToday += 1;
  lane.spamToday += 1;
  const written = lane.sentToday + lane.sentYesterday;
  const sent = Math.max(written, SHAPE_LIMITS.spamSentMin);
  const { state } = lane.status;
  if (lane.spamToday < SHAPE_LIMITS.spamComplaintsMin || lane.spamToday / sent <= SHAPE_LIMITS.spamShareMax || state === 'hot' || state === 'cooling') return;
  const why = `${lane.spamToday} recipients called mail of the last two days spam, of ${written} messages: above ${SHAPE_LIMITS.spamShareMax * 100} % providers refuse the sender.`;
  lane.set(heated(lane.status, { now, admittedAt: now, why, rule: 'posthorn.complaints', recovery: recoveryFor('posthorn.complaints'), rate: lane.meter.perMinute(now) }), now);
}

/** How much it takes within a window of time, by what it takes and refuses. */
function learnQuota(lane: Lane, { now, admittedAt, queuedAt, domain, reading }: Lesson, mine: readonly NamedComplaint[]): void {
  const { status, taken } = lane;
  if (reading.delivered > 0) {
    if (!status.windowQuota) return;
    lane.set({ ...status, windowQuota: afterTaken(status.windowQuota, { now, admittedAt, taken, domain }) }, now);
    return;
  }
  const [complaint] = mine;
  if (!complaint && reading.bad === 0) return;
  const atTrickle = complaint?.kind === 'rate' && lane.meter.perMinute(now) <= Math.max(taken.busiestMinute(now), status.knee) / 2;
  const quota = afterRefusal(status.windowQuota, { now, admittedAt, queuedAt, domain, taken, named: complaint !== undefined || !reading.putOff, atTrickle, block: complaint?.kind === 'block' });
  if (!quota) return;
  const rule = complaint?.rule ?? reading.rules[0] ?? '';
  const why = complaint?.why ?? `Everything was refused. ${reading.told}`;
  lane.set(isClosed(quota) ? closed(status, quota, { now, admittedAt, why, rule, recovery: recoveryFor(rule), rate: lane.meter.perMinute(now) }) : { ...status, windowQuota: quota }, now);
}

function tooFast({ status }: Lane, complaint: Complaint, rate: number): LaneStatus {
  return heated(status, { ...complaint, recovery: recoveryFor(complaint.rule, complaint.retryAfterMs), rate });
}

/** Provider-specific reactions beside the general ones: so often within so long, then so. */
function automate(lane: Lane, lesson: Lesson, rate: number): void {
  const { now, profile, reading, admittedAt } = lesson;
  for (const [index, automation] of (profile?.automation ?? DEFAULT_AUTOMATION).entries()) {
    const rule = reading.rules.find((each) => matchesRule(each, automation.rules));
    if (rule === undefined || !countHit(lane, index, automation, now)) continue;
    const { action } = automation;
    const why = `${rule} came ${automation.times === 1 ? 'once' : `${automation.times} times`} within ${minutes(automation.withinMs)}.`;
    lane.set(tooFast(lane, { now, admittedAt, why, rule }, rate), now);
    if (lane.status.state !== 'hot') continue;
    const hold = action.kind === 'suspend' ? { restMs: action.forMs } : { perMinute: action.messagesPerMinute, connections: action.connections ?? lane.status.connections, forMs: action.forMs };
    lane.set(held(lane.status, now, hold, `${why} ${lane.status.why}`), now);
  }
}

function countHit(lane: Lane, index: number, { times, withinMs }: SiteAutomation, now: number): boolean {
  const hits = (lane.hits.get(index) ?? []).filter((at) => at > now - withinMs);
  const last = hits.at(-1);
  if (last === undefined || now - last >= HIT_SPACING_MS) hits.push(now);
  const reached = hits.length >= times;
  lane.hits.set(index, reached ? [] : hits);
  return reached;
}

function relapse(lane: Lane, { now, admittedAt, reading }: Lesson, rate: number): void {
  const rule = reading.rules[0] ?? '';
  const why = `The site takes some mail and then puts off the rest, again and again: it seems to take only so much at a time. ${reading.told}`;
  lane.set(tooFast(lane, { now, admittedAt, why, rule }, rate), now);
}

function judgeRatio(lane: Lane, { now, admittedAt, reading }: Lesson, rate: number): void {
  if (reading.bad === 0) return;
  const share = lane.ratio.share(now);
  if (share === undefined || share < SHAPE_LIMITS.ratioHot) return;
  const rule = reading.rules[0] ?? '';
  const why = `${Math.round(share * 100)}% of the latest deliveries were put off. ${reading.told}`;
  lane.set(tooFast(lane, { now, admittedAt, why, rule }, rate), now);
}

function minutes(ms: number): string {
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : `${Math.round(ms / 60_000)} min`;
}
