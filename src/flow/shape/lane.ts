/**
 * One lane in memory: its status (lane-status.ts), the ratio of its latest results, what it sent today, and its rate.
 * The lane of a source at a site has no domain; that of a DKIM domain beside it has one.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import { QUOTA_LIMITS } from '../../base/quota-limits.ts';
import type { LaneKey } from '../../contract/sending.ts';
import type { SiteProfile } from '../../mail/sites/site-profile.ts';
import { figure, grownOlder, knockAt, newStatus, quotaGrown, type LaneStatus } from './lane-status.ts';
import { RateMeter, RatioWindow } from './ratio-window.ts';
import { TakenMeter, type MinuteCount } from './taken-meter.ts';
import { TokenBucket } from './token-bucket.ts';
import { afterDay, dayLimit, dayOf, nextDayAt, pacePerMinute } from './warm-up.ts';
import { isClosed, isOfOthers, roomAt, surest, type Closure, type WindowQuota } from './window-quota.ts';
import { surestOf, type WindowRule } from './window-rule.ts';
import { DAY_MS, startOf } from './windows.ts';

/** Why a lane lets nothing go now. */
export interface LaneWait {
  readonly rule: string;
  readonly reason: string;
  /** Absent: until a delivery ends. */
  readonly until?: number;
  /** Its own addresses rest here: a standby or a detour may step in. */
  readonly rests?: 'hot' | 'blocked';
  /** As in Admission. */
  readonly concerns?: 'site' | 'stream';
}

export class Lane {
  readonly key: LaneKey;
  readonly ratio = new RatioWindow();
  readonly meter = new RateMeter();
  readonly taken: TakenMeter;
  inFlight = 0;
  /** This run ends: what was taken of late is worth keeping, too. */
  isLeaving = false;
  /** There is a row of it. */
  isStored = false;
  /** Milliseconds since 1970. */
  usedAt: number;
  /** When something was last taken; 0: not since the start. */
  takenAt = 0;
  day: number;
  sentToday = 0;
  deferredToday = 0;
  complaintsToday = 0;
  /** Recipients who called our mail spam, of this UTC day. */
  spamToday = 0;
  sentYesterday = 0;
  /** Times of the complaints that a provider's automation counts. */
  readonly hits = new Map<number, number[]>();
  #status: LaneStatus;
  #bucket: TokenBucket | undefined;
  #pace: TokenBucket | undefined;
  #lettersPace: TokenBucket | undefined;
  readonly #profile: SiteProfile | undefined;
  /** Whether this lane began with a warm-up, or would have. */
  readonly warms: boolean;
  readonly #changed: (lane: Lane, before: LaneStatus) => void;

  constructor(key: LaneKey, options: { readonly profile?: SiteProfile | undefined; readonly status?: LaneStatus | undefined; readonly taken?: readonly MinuteCount[]; readonly warmUp: boolean; readonly now: number; readonly changed: (lane: Lane, before: LaneStatus) => void }) {
    this.key = key;
    this.taken = new TakenMeter(options.taken);
    this.usedAt = options.now;
    this.day = dayOf(options.now);
    this.#profile = options.profile;
    this.#changed = options.changed;
    this.warms = options.warmUp;
    this.isStored = options.status !== undefined;
    this.#status = options.status ?? newStatus(options.now, options.warmUp);
  }

  get status(): LaneStatus {
    return this.#status;
  }

  /** Anything worth keeping over a restart. */
  isEventful(now: number): boolean {
    const { state, struckAt, windowQuota } = this.#status;
    return state !== 'steady' || windowQuota !== undefined || now - struckAt < SHAPE_LIMITS.strikeMemoryMs || this.warms || (this.isLeaving && this.taken.total(now, DAY_MS) >= QUOTA_LIMITS.tookMin);
  }

  set(status: LaneStatus, now: number): void {
    if (status === this.#status) return;
    const before = this.#status;
    this.#status = status;
    if (status.state !== before.state && status.state === 'hot') this.ratio.clear();
    const rate = status.state === 'cooling' ? status.perMinute : 0;
    // A burst of a few seconds' worth: an allowed rate is not saved up.
    if (rate === 0) this.#bucket = undefined;
    else if (!this.#bucket) this.#bucket = new TokenBucket(rate, rate / 12, now);
    else if (this.#bucket.perMinute !== rate) this.#bucket.retune(rate, rate / 12, now);
    this.#changed(this, before);
  }

  forget(now: number): void {
    this.ratio.clear();
    this.hits.clear();
    this.set(newStatus(now, this.warms), now);
  }

  /** What the clock changes: the day's end, the end of a rest, steps of climbing. */
  turn(now: number): void {
    const today = dayOf(now);
    if (today !== this.day) {
      const day = { sent: this.sentToday, deferred: this.deferredToday, complaints: this.complaintsToday, held: this.#isHeldByDay };
      this.sentYesterday = today === this.day + 1 ? this.sentToday : 0;
      this.spamToday = 0;
      this.day = today;
      this.sentToday = 0;
      this.deferredToday = 0;
      this.complaintsToday = 0;
      this.set(afterDay(this.#status, day, this.#profile?.warmUp, now), now);
    }
    this.set(quotaGrown(this.#status, now, this.taken), now);
    const { state } = this.#status;
    if (state === 'steady' || state === 'warming' || state === 'cold') return;
    this.set(grownOlder(this.#status, now, (this.ratio.share(now) ?? 0) > SHAPE_LIMITS.ratioGood, this.#pacePerMinute), now);
  }

  /** `bulk` leaves the last of a day's figure to others. Call `turn` before. */
  wait(now: number, bulk: boolean, siteTitle: string): LaneWait | undefined {
    const wait = this.#wait(now, bulk, siteTitle);
    // What a source may not do holds for all its mail; but figures are larger for mail that is not bulk, and it may knock.
    if (!wait || this.key.dkimDomain !== '') return wait;
    const ofStream = wait.rule === 'lane-window' || wait.rule === 'warm-up-day' || wait.rule === 'warm-up-pace' || (wait.rule === 'lane-hot' && bulk);
    return { ...wait, concerns: ofStream ? 'stream' : 'site' };
  }

  #wait(now: number, bulk: boolean, siteTitle: string): LaneWait | undefined {
    const status = this.#status;
    const who = this.name;
    switch (status.state) {
      case 'hot':
        if (isClosed(status.windowQuota)) return this.#closedWait(now, status.windowQuota, siteTitle);
        return this.#hotWait(now, bulk, siteTitle);
      case 'blocked':
        if (status.until > now || this.inFlight > 0) return { rule: 'lane-blocked', rests: 'blocked', until: Math.max(status.until, now + 1000), reason: `${this.mail} is refused by ${siteTitle}; ${probeText(status.until, now)}. ${status.why}` };
        return undefined;
      case 'cooling':
        return this.#coolingWait(now, who, siteTitle) ?? this.#quotaWait(now, bulk, siteTitle) ?? this.#dayWait(now, bulk, who, siteTitle);
      default:
        return this.#quotaWait(now, bulk, siteTitle) ?? this.#dayWait(now, bulk, who, siteTitle);
    }
  }

  /** While it rests one letter may try, now and then; while all of it was refused for long, of a domain that was not. */
  mayKnock(now: number, domain: string): boolean {
    if (this.#status.state !== 'hot' || this.inFlight > 0 || now < knockAt(this.#status)) return false;
    const { windowQuota } = this.#status;
    return !isClosed(windowQuota) || isOfOthers(windowQuota, domain);
  }

  /** Takes a place; `finish` gives it back. */
  take(now: number, bulk: boolean): void {
    this.inFlight += 1;
    this.usedAt = now;
    this.meter.count(now);
    this.#bucket?.take(now);
    this.#pace?.take(now);
    if (!bulk) this.#lettersPace?.take(now);
  }

  /** Of warm-up. */
  get limitToday(): number | undefined {
    return dayLimit(this.#status, this.#profile?.warmUp);
  }

  /** For sentences: `192.0.2.1`, `mail signed by example.org`. */
  get name(): string {
    const source = this.key.source === '' ? 'this server' : this.key.source;
    return this.key.dkimDomain === '' ? source : `mail of ${this.key.dkimDomain} from ${source}`;
  }

  /** Begins a sentence: `Mail from 192.0.2.1`. */
  get mail(): string {
    return this.key.dkimDomain === '' ? `Mail from ${this.name}` : `Mail${this.name.slice('mail'.length)}`;
  }

  #coolingWait(now: number, who: string, siteTitle: string): LaneWait | undefined {
    const { perMinute, connections, climbedAt } = this.#status;
    const next = `at most ${figure(perMinute)} a minute now, more from ${timeOf(Math.max(now, climbedAt + SHAPE_LIMITS.climbEveryMs))} on`;
    if (connections > 0 && this.inFlight >= connections) return { rule: 'lane-cooling', rests: 'hot', reason: `${who} comes back slowly at ${siteTitle}: ${connections} at once, ${next}. ${this.#status.why}` };
    const readyAt = this.#bucket?.readyAt(now) ?? now;
    return readyAt > now ? { rule: 'lane-cooling', rests: 'hot', until: readyAt, reason: `${who} comes back slowly at ${siteTitle}: ${next}. ${this.#status.why}` } : undefined;
  }

  /** Everything has been refused for long: one message at a time finds out whether that is over. */
  #closedWait(now: number, quota: WindowQuota & { readonly closure: Closure }, siteTitle: string): LaneWait | undefined {
    const { probeAt } = quota.closure;
    if (now >= probeAt && this.inFlight === 0) return undefined;
    return { rule: 'lane-closed', rests: 'hot', until: Math.max(probeAt, now + 1000), reason: `${this.mail}: ${closedText(quota, siteTitle)}; ${probeText(probeAt, now)}. ${this.#status.why}` };
  }

  #quotaWait(now: number, bulk: boolean, siteTitle: string): LaneWait | undefined {
    const { windowQuota } = this.#status;
    if (!windowQuota) return undefined;
    const { at, rule } = roomAt(windowQuota, { now, taken: this.taken, inFlight: this.inFlight, bulk });
    if (at !== undefined && at <= now) return undefined;
    const next = at === undefined ? 'one at a time finds out whether it takes more' : `the next goes at ${timeOf(at)}`;
    return { rule: 'lane-window', rests: 'hot', ...(at !== undefined && { until: at }), reason: `${this.mail}: ${quotaText(rule ?? windowQuota.rules[0], siteTitle, now, bulk)}; ${next}.` };
  }

  #dayWait(now: number, bulk: boolean, who: string, siteTitle: string): LaneWait | undefined {
    const limit = this.limitToday;
    if (limit === undefined) return undefined;
    const usable = bulk ? Math.max(1, Math.floor(limit * (1 - SHAPE_LIMITS.reserveShare))) : limit * SHAPE_LIMITS.warmUpLettersTimes;
    if (this.sentToday + this.inFlight < usable) return this.#paceWait(now, bulk, limit, who, siteTitle);
    const extent = bulk ? ' but for a reserve' : ', and as many beyond for letters';
    return { rule: 'warm-up-day', until: nextDayAt(now), reason: `${who} is ${this.#standing} ${siteTitle} and has sent its ${limit} messages of today${extent}; it goes on at ${timeOf(nextDayAt(now))}, with more when today was good.` };
  }

  /** The site itself takes less than warm-up would send. */
  get #isHeldByDay(): boolean {
    const { windowQuota } = this.#status;
    return windowQuota?.rules.map(surestOf).some((guess) => guess.figure * (DAY_MS / guess.lengthMs) < (this.limitToday ?? 0)) === true;
  }

  get #standing(): string {
    return this.#status.known ? 'not known for more at' : 'new to';
  }

  get #pacePerMinute(): number | undefined {
    const limit = this.limitToday;
    return limit === undefined ? undefined : pacePerMinute(limit, this.#status.spread);
  }

  #hotWait(now: number, bulk: boolean, siteTitle: string): LaneWait {
    const { until, why } = this.#status;
    const knock = Math.max(now + 1000, knockAt(this.#status));
    const knocks = !bulk && knock < until;
    const next = knocks ? `, but a letter tries at ${timeOf(knock)}; when it is taken or the rest is over` : '; then';
    return { rule: 'lane-hot', rests: 'hot', until: knocks ? knock : until, reason: `${this.mail} to ${siteTitle} rests until ${timeOf(until)}${next} a little goes, and step by step more. ${why}` };
  }

  /**
   * A day's figure sent within a minute looks like a machine that was broken into. Letters have a rate of their own, so
   * that they need not wait behind a mailing; what they use is the mailing's loss.
   */
  #paceWait(now: number, bulk: boolean, limit: number, who: string, siteTitle: string): LaneWait | undefined {
    const perMinute = pacePerMinute(limit, this.#status.spread);
    this.#pace = paced(this.#pace, perMinute, SHAPE_LIMITS.warmUpBurst, now);
    this.#lettersPace = paced(this.#lettersPace, Math.max(perMinute, SHAPE_LIMITS.warmUpLettersPerMinute), SHAPE_LIMITS.warmUpLettersBurst, now);
    const bucket = bulk ? this.#pace : this.#lettersPace;
    const readyAt = bucket.readyAt(now);
    if (readyAt <= now) return undefined;
    return { rule: 'warm-up-pace', until: readyAt, reason: `${who} is ${this.#standing} ${siteTitle} and spreads its ${limit} messages of today, ${figure(bucket.perMinute)} a minute.` };
  }
}

function paced(bucket: TokenBucket | undefined, perMinute: number, burst: number, now: number): TokenBucket {
  if (!bucket) return new TokenBucket(perMinute, burst, now);
  if (bucket.perMinute !== perMinute) bucket.retune(perMinute, burst, now);
  return bucket;
}

/** Why a lane is closed, as the end of a sentence. */
export function closedText(quota: WindowQuota & { readonly closure: Closure }, siteTitle: string): string {
  const guess = surest(quota);
  const those = quota.closure.refused.length > 1 ? 'everything' : 'the next';
  const took = guess ? `took ${guess.took} messages within ${spanOf(guess.lengthMs)} and then refused` : 'refused';
  return `${siteTitle} ${took} ${those}, from ${timeOf(quota.closure.at)} on: it seems to take so many and no more`;
}

/** What is known of what a site takes, as the end of a sentence. */
export function quotaText(rule: WindowRule | undefined, siteTitle: string, now: number, bulk = false): string {
  if (!rule) return `${siteTitle} refused the latest message`;
  const guess = surestOf(rule);
  const { took, figure: tried, lengthMs, phaseMs } = guess;
  const from = phaseMs === undefined ? `each counts for ${spanOf(lengthMs)}` : `${lengthMs === DAY_MS ? 'its day begins at about' : 'it counts anew from'} ${timeOf(startOf(guess, now) + lengthMs).slice(11)}${lengthMs === DAY_MS ? '' : ' on'}`;
  const more = tried > took ? `; up to ${tried} are tried now` : '';
  const kept = bulk ? ', a part of them kept for letters' : '';
  return `${siteTitle} takes about ${took} messages within ${spanOf(lengthMs)}${kept}, as it showed on ${timeOf(rule.since)}, and ${from}${more}`;
}

function spanOf(ms: number): string {
  if (ms === DAY_MS) return 'a day';
  if (ms < 3_600_000) return `${ms / 60_000} minutes`;
  return ms === 3_600_000 ? 'an hour' : `${ms / 3_600_000} hours`;
}

/** How a probe is told of: when one message finds out whether the trouble is over. */
export function probeText(at: number | undefined, now: number): string {
  const when = at === undefined || at <= now ? 'one message is trying just now whether that is over' : `at ${timeOf(at)} one message tries whether that is over`;
  return `${when}, and the others follow when it is taken`;
}

/** Unambiguous and short. */
export function timeOf(at: number): string {
  return Number.isFinite(at) ? `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'further notice';
}
