/**
 * How many deliveries run at once over all sites, and who gets the places.
 *
 * A delivery that takes long (a tarpit, a black hole, a banner after thirty seconds, a stalled handshake, names that
 * nobody answers for) leaves its place to the quick ones and takes one of those for slow deliveries, of which there are
 * many more, so that any number of such sites costs the others nothing but memory. It leaves at once where others want
 * its place. A site is slow from the moment when one of its deliveries is, until one was quick again; it gets few places.
 * Sites that were not met lately have places of their own, so that hundreds of them that turn out to be slow never hold
 * up those that are known; of these places half are for the first delivery to a site. Bulk mail leaves a reserve.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { Stream } from '../../contract/sending.ts';

/** `new`: not met lately, and nothing is under way to it. */
export const PACES = ['quick', 'new', 'unknown', 'slow'] as const;
export type Pace = (typeof PACES)[number];
type Pool = 'quick' | 'unknown';

export interface Place {
  readonly siteKey: string;
  readonly pool: Pool;
  readonly startedAt: number;
  /** It began as a slow one. */
  readonly wasSlow: boolean;
}

const { placesMax, bulkPlacesMax, unknownPlacesMax, unknownAgainPlacesMax, slowPlacesMax, slowBeginningsMax, slowAfterMs, crowdedAfterMs, pacesKeptMax } = QUEUE_LIMITS;
const { placesPerSiteMax, placesPerSlowSiteMax } = QUEUE_LIMITS;
const BULK_SHARE = bulkPlacesMax / placesMax;
const POOL_MAX: Readonly<Record<Pool, number>> = { quick: placesMax, unknown: unknownPlacesMax };

export class Places {
  readonly #clock: Clock;
  readonly #onFree: () => void;
  /** Deliveries that are not slow yet, in order of their start. */
  readonly #pools: Readonly<Record<Pool, Set<Place>>> = { quick: new Set(), unknown: new Set() };
  #slow = 0;
  /** Of these the ones that began as slow ones. */
  #slowBegun = 0;
  /** Left their place where others want it, before it was clear that they are slow; in order of that. */
  readonly #leftEarly = new Set<Place>();
  /** By site, the ones heard of last at the end. */
  readonly #paces = new Map<string, 'quick' | 'slow'>();
  #timer: Timer | undefined;
  /** Monotonic milliseconds. */
  #timerAt = 0;

  /** `onFree` is told when slow deliveries have left their places. */
  constructor(clock: Clock, onFree: () => void) {
    this.#clock = clock;
    this.#onFree = onFree;
  }

  /** Of a site with so many deliveries under way. */
  paceOf(siteKey: string, inFlight: number): Pace {
    return this.#paces.get(siteKey) ?? (inFlight === 0 ? 'new' : 'unknown');
  }

  /** Whether a delivery of this kind may begin now. */
  isOpen(pace: Pace, stream: Stream): boolean {
    if (pace === 'slow') return this.#slowBegun < slowBeginningsMax && this.#slow < slowPlacesMax;
    const share = stream === 'bulk' ? BULK_SHARE : 1;
    if (pace === 'quick') return this.#pools.quick.size < placesMax * share;
    return this.#pools.unknown.size < (pace === 'new' ? unknownPlacesMax : unknownAgainPlacesMax) * share;
  }

  /** Whether a site that has so many places may have another. */
  maySiteHaveMore(pace: Pace, inFlight: number): boolean {
    if (pace !== 'slow') return inFlight < placesPerSiteMax;
    // Where there are many of them each has one at least before another has two.
    return inFlight < Math.max(1, Math.ceil(placesPerSlowSiteMax * (1 - this.#slowBegun / slowBeginningsMax)));
  }

  take(siteKey: string): Place {
    const pace = this.#paces.get(siteKey);
    const place: Place = { siteKey, pool: pace === 'quick' ? 'quick' : 'unknown', startedAt: this.#clock.monotonic(), wasSlow: pace === 'slow' };
    if (place.wasSlow) {
      this.#slow += 1;
      this.#slowBegun += 1;
      return place;
    }
    const pool = this.#pools[place.pool];
    pool.add(place);
    this.#lookAfter(this.#patienceMs(place.pool));
    return place;
  }

  giveBack(place: Place): void {
    if (!this.#pools[place.pool].delete(place)) this.#slow -= 1;
    if (place.wasSlow) this.#slowBegun -= 1;
    this.#leftEarly.delete(place);
    this.#note(place.siteKey, this.#clock.monotonic() - place.startedAt < slowAfterMs ? 'quick' : 'slow');
  }

  get inUse(): number {
    return this.#pools.quick.size + this.#pools.unknown.size + this.#slow;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** How long a delivery may keep its place. */
  #patienceMs(pool: Pool): number {
    return this.#pools[pool].size >= crowdFrom(pool) ? crowdedAfterMs : slowAfterMs;
  }

  #lookAfter(delayMs: number): void {
    const at = this.#clock.monotonic() + delayMs;
    if (this.#timer && this.#timerAt <= at) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.timer(delayMs, () => this.#look());
  }

  /** Moves what takes long. */
  #look(): void {
    this.#timer = undefined;
    const nextMs = Math.min(this.#lookAt('quick'), this.#lookAt('unknown'), this.#lookAtLeft());
    if (nextMs < Number.POSITIVE_INFINITY) this.#lookAfter(nextMs);
    this.#onFree();
  }

  /** When to look at this pool again, in milliseconds. */
  #lookAt(pool: Pool): number {
    const now = this.#clock.monotonic();
    const patienceMs = this.#patienceMs(pool);
    for (const place of this.#pools[pool]) {
      const forMs = now - place.startedAt;
      if (forMs < patienceMs || this.#slow >= slowPlacesMax) return Math.max(patienceMs - forMs, crowdedAfterMs);
      this.#pools[pool].delete(place);
      this.#slow += 1;
      if (forMs >= slowAfterMs) this.#note(place.siteKey, 'slow');
      else this.#leftEarly.add(place);
    }
    return Number.POSITIVE_INFINITY;
  }

  #lookAtLeft(): number {
    const now = this.#clock.monotonic();
    for (const place of this.#leftEarly) {
      const leftMs = place.startedAt + slowAfterMs - now;
      if (leftMs > 0) return leftMs;
      this.#leftEarly.delete(place);
      this.#note(place.siteKey, 'slow');
    }
    return Number.POSITIVE_INFINITY;
  }

  #note(siteKey: string, pace: 'quick' | 'slow'): void {
    this.#paces.delete(siteKey);
    this.#paces.set(siteKey, pace);
    if (this.#paces.size <= pacesKeptMax) return;
    for (const oldest of this.#paces.keys()) {
      this.#paces.delete(oldest);
      return;
    }
  }
}

/** From so many on, others are likely to want a place. */
function crowdFrom(pool: Pool): number {
  return Math.floor(POOL_MAX[pool] / 2);
}
