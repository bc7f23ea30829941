/**
 * One lane in memory: its status (lane-status.ts), the ratio of its latest results, what it sent today, and its rate.
 * The lane of a source at a site has no domain; that of a DKIM domain beside it has one.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { LaneKey } from '../../contract/sending.ts';
import type { SiteProfile } from '../../mail/sites/site-profile.ts';
import { figure, grownOlder, newStatus, type LaneStatus } from './lane-status.ts';
import { RateMeter, RatioWindow } from './ratio-window.ts';
import { TokenBucket } from './token-bucket.ts';
import { afterDay, dayLimit, dayOf, nextDayAt } from './warm-up.ts';

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
  inFlight = 0;
  /** There is a row of it. */
  isStored = false;
  /** Milliseconds since 1970. */
  usedAt: number;
  day: number;
  sentToday = 0;
  deferredToday = 0;
  complaintsToday = 0;
  /** Times of the complaints that a provider's automation counts. */
  readonly hits = new Map<number, number[]>();
  #status: LaneStatus;
  #bucket: TokenBucket | undefined;
  #pace: TokenBucket | undefined;
  readonly #profile: SiteProfile | undefined;
  /** Whether this lane began with a warm-up, or would have. */
  readonly #warms: boolean;
  readonly #changed: (lane: Lane, before: LaneStatus) => void;

  constructor(key: LaneKey, options: { readonly profile?: SiteProfile | undefined; readonly status?: LaneStatus | undefined; readonly warmUp: boolean; readonly now: number; readonly changed: (lane: Lane, before: LaneStatus) => void }) {
    this.key = key;
    this.usedAt = options.now;
    this.day = dayOf(options.now);
    this.#profile = options.profile;
    this.#changed = options.changed;
    this.#warms = options.warmUp;
    this.isStored = options.status !== undefined;
    this.#status = options.status ?? newStatus(options.now, options.warmUp);
  }

  get status(): LaneStatus {
    return this.#status;
  }

  /** Anything worth keeping over a restart. */
  isEventful(now: number): boolean {
    const { state, struckAt, warmDay } = this.#status;
    return state !== 'steady' || now - struckAt < SHAPE_LIMITS.strikeMemoryMs || (this.#warms && warmDay < 0);
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
    this.set(newStatus(now, this.#warms), now);
  }

  /** What the clock changes: the day's end, the end of a rest, steps of climbing. */
  turn(now: number): void {
    const today = dayOf(now);
    if (today !== this.day) {
      const day = { sent: this.sentToday, deferred: this.deferredToday, complaints: this.complaintsToday };
      this.day = today;
      this.sentToday = 0;
      this.deferredToday = 0;
      this.complaintsToday = 0;
      this.set(afterDay(this.#status, day, this.#profile?.warmUp, now), now);
    }
    const { state } = this.#status;
    if (state === 'steady' || state === 'warming' || state === 'cold') return;
    this.set(grownOlder(this.#status, now, (this.ratio.share(now) ?? 0) > SHAPE_LIMITS.ratioGood), now);
  }

  /** `bulk` leaves the last of a day's figure to others. Call `turn` before. */
  wait(now: number, bulk: boolean, siteTitle: string): LaneWait | undefined {
    const wait = this.#wait(now, bulk, siteTitle);
    // What a source may not do holds for all its mail; the figure of a day is larger for mail that is not bulk.
    if (!wait || this.key.dkimDomain !== '') return wait;
    return { ...wait, concerns: wait.rule === 'warm-up-day' ? 'stream' : 'site' };
  }

  #wait(now: number, bulk: boolean, siteTitle: string): LaneWait | undefined {
    const status = this.#status;
    const who = this.name;
    switch (status.state) {
      case 'hot':
        return { rule: 'lane-hot', rests: 'hot', until: status.until, reason: `${this.mail} to ${siteTitle} rests until ${timeOf(status.until)}; then a little goes, and step by step more. ${status.why}` };
      case 'blocked':
        if (status.until > now || this.inFlight > 0) return { rule: 'lane-blocked', rests: 'blocked', until: Math.max(status.until, now + 1000), reason: `${this.mail} is refused by ${siteTitle}; ${probeText(status.until, now)}. ${status.why}` };
        return undefined;
      case 'cooling':
        return this.#coolingWait(now, who, siteTitle) ?? this.#dayWait(now, bulk, who, siteTitle);
      default:
        return this.#dayWait(now, bulk, who, siteTitle);
    }
  }

  /** Takes a place; `finish` gives it back. */
  take(now: number): void {
    this.inFlight += 1;
    this.usedAt = now;
    this.meter.count(now);
    this.#bucket?.take(now);
    this.#pace?.take(now);
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

  #dayWait(now: number, bulk: boolean, who: string, siteTitle: string): LaneWait | undefined {
    const limit = this.limitToday;
    if (limit === undefined) return undefined;
    const usable = bulk ? Math.max(1, Math.floor(limit * (1 - SHAPE_LIMITS.reserveShare))) : limit;
    if (this.sentToday + this.inFlight < usable) return this.#paceWait(now, limit, who, siteTitle);
    return { rule: 'warm-up-day', until: nextDayAt(now), reason: `${who} is new to ${siteTitle} and has sent its ${limit} messages of today${bulk ? ' but for a reserve' : ''}; it goes on at ${timeOf(nextDayAt(now))}, with more when today was good.` };
  }

  /** A day's figure sent within a minute looks like a machine that was broken into. */
  #paceWait(now: number, limit: number, who: string, siteTitle: string): LaneWait | undefined {
    const perMinute = Math.max(SHAPE_LIMITS.warmUpPerMinuteMin, limit / SHAPE_LIMITS.warmUpMinutes);
    const burst = SHAPE_LIMITS.warmUpBurst;
    this.#pace ??= new TokenBucket(perMinute, burst, now);
    if (this.#pace.perMinute !== perMinute) this.#pace.retune(perMinute, burst, now);
    const readyAt = this.#pace.readyAt(now);
    if (readyAt <= now) return undefined;
    return { rule: 'warm-up-pace', until: readyAt, reason: `${who} is new to ${siteTitle} and spreads its ${limit} messages of today, ${figure(perMinute)} a minute.` };
  }
}

/** Unambiguous and short. */
/** How a probe is told of: when one message finds out whether the trouble is over. */
export function probeText(at: number | undefined, now: number): string {
  const when = at === undefined || at <= now ? 'one message is trying just now whether that is over' : `at ${timeOf(at)} one message tries whether that is over`;
  return `${when}, and the others follow when it is taken`;
}

export function timeOf(at: number): string {
  return Number.isFinite(at) ? `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'further notice';
}
