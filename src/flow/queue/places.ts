/**
 * How many deliveries run at once over all sites, and who gets the places.
 *
 * A delivery that takes long (a tarpit, a black hole, a banner after thirty seconds, a stalled handshake) leaves its place
 * to the quick ones and takes one of those for slow deliveries, of which there are more, so that any number of such sites
 * costs the others nothing but memory. A site is slow from the moment when one of its deliveries is, until one was quick
 * again; it gets few places. Sites that were not met lately share half of the quick places. Bulk mail leaves a reserve.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { Stream } from '../../contract/sending.ts';

export const PACES = ['quick', 'unknown', 'slow'] as const;
export type Pace = (typeof PACES)[number];

export interface Place {
  readonly siteKey: string;
  readonly unknown: boolean;
  readonly startedAt: number;
  slow: boolean;
}

const { placesMax, bulkPlacesMax, unknownPlacesMax, slowPlacesMax, slowAfterMs, pacesKeptMax } = QUEUE_LIMITS;
const SITE_PLACES_MAX: Readonly<Record<Pace, number>> = {
  quick: QUEUE_LIMITS.placesPerSiteMax, unknown: QUEUE_LIMITS.placesPerSiteMax, slow: QUEUE_LIMITS.placesPerSlowSiteMax,
};

export class Places {
  readonly #clock: Clock;
  readonly #onFree: () => void;
  /** In order of their start. */
  readonly #quick = new Set<Place>();
  #slow = 0;
  #unknown = 0;
  /** By site, the ones heard of last at the end. */
  readonly #paces = new Map<string, 'quick' | 'slow'>();
  #timer: Timer | undefined;

  /** `onFree` is told when slow deliveries have left quick places. */
  constructor(clock: Clock, onFree: () => void) {
    this.#clock = clock;
    this.#onFree = onFree;
  }

  paceOf(siteKey: string): Pace {
    return this.#paces.get(siteKey) ?? 'unknown';
  }

  /** Whether a delivery of this kind may begin now. */
  isOpen(pace: Pace, stream: Stream): boolean {
    if (pace === 'slow') return this.#slow < slowPlacesMax;
    if (pace === 'unknown' && this.#unknown >= unknownPlacesMax) return false;
    return this.#quick.size < (stream === 'bulk' ? bulkPlacesMax : placesMax);
  }

  /** Whether a site that has so many places may have another. */
  maySiteHaveMore(pace: Pace, inFlight: number): boolean {
    return inFlight < SITE_PLACES_MAX[pace];
  }

  take(siteKey: string): Place {
    const pace = this.paceOf(siteKey);
    const place: Place = { siteKey, unknown: pace === 'unknown', startedAt: this.#clock.monotonic(), slow: pace === 'slow' };
    if (place.slow) {
      this.#slow += 1;
      return place;
    }
    this.#quick.add(place);
    if (place.unknown) this.#unknown += 1;
    this.#timer ??= this.#clock.timer(slowAfterMs, () => this.#look());
    return place;
  }

  giveBack(place: Place): void {
    if (!this.#quick.has(place)) this.#slow -= 1;
    else this.#leaveQuick(place);
    this.#note(place.siteKey, this.#clock.monotonic() - place.startedAt < slowAfterMs ? 'quick' : 'slow');
  }

  get inUse(): number {
    return this.#quick.size + this.#slow;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #leaveQuick(place: Place): void {
    this.#quick.delete(place);
    if (place.unknown) this.#unknown -= 1;
  }

  /** Moves what takes long. */
  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (const place of this.#quick) {
      const leftMs = place.startedAt + slowAfterMs - now;
      if (leftMs > 0 || this.#slow >= slowPlacesMax) {
        this.#timer = this.#clock.timer(Math.max(leftMs, slowAfterMs / 10), () => this.#look());
        break;
      }
      this.#leaveQuick(place);
      place.slow = true;
      this.#slow += 1;
      this.#note(place.siteKey, 'slow');
    }
    this.#onFree();
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
