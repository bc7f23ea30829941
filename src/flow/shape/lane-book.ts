/**
 * All lanes in memory, bounded: those without trouble are forgotten first, since they would begin again as they are. Also
 * counts what each source sends on a day.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { LaneKey } from '../../contract/sending.ts';
import type { SiteProfile } from '../../mail/sites/site-profile.ts';
import type { ShapeMemory } from '../../store/clients/lanes.ts';
import { laneFromDetail, type Journal } from './journal.ts';
import { Lane } from './lane.ts';
import { dayOf } from './warm-up.ts';

export interface LaneBookOptions {
  readonly journal: Journal;
  readonly memory: ShapeMemory;
  readonly profileOf: (siteKey: string) => SiteProfile | undefined;
  /** Whether a lane of this source begins with a warm-up where the site's profile has one. */
  readonly warmsUp: (source: string) => boolean;
  readonly now: number;
}

interface SourceDay {
  day: number;
  today: number;
  yesterday: number;
}

export class LaneBook {
  readonly #options: LaneBookOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #sourceDays = new Map<string, SourceDay>();

  constructor(options: LaneBookOptions) {
    this.#options = options;
    const { memory, now, profileOf } = options;
    for (const row of memory.lanes) {
      const stored = laneFromDetail(row.detail);
      if (stored) this.#open({ source: row.source, site: row.site, dkimDomain: row.domain }, profileOf(row.site), now, stored);
    }
    for (const row of memory.days) this.#restoreDay(row, now);
  }

  /** The lane of this key; made when there is none. */
  lane(key: LaneKey, profile: SiteProfile | undefined, now: number): Lane {
    const known = this.#lanes.get(idOf(key));
    if (known) {
      known.turn(now);
      return known;
    }
    return this.#open(key, profile, now);
  }

  /** Without making one. */
  find(key: LaneKey, now: number): Lane | undefined {
    const known = this.#lanes.get(idOf(key));
    known?.turn(now);
    return known;
  }

  all(): Iterable<Lane> {
    return this.#lanes.values();
  }

  /** Every lane begins anew; what it sent stays counted. */
  forget(now: number): void {
    for (const lane of this.#lanes.values()) lane.forget(now);
  }

  countSent(source: string, messages: number, now: number): void {
    const figures = this.sourceDay(source, now);
    figures.today += messages;
    this.#options.journal.sent(source, figures.day, figures.today);
  }

  sourceDay(source: string, now: number): SourceDay {
    const day = dayOf(now);
    let figures = this.#sourceDays.get(source);
    if (!figures) this.#sourceDays.set(source, (figures = { day, today: 0, yesterday: 0 }));
    if (figures.day !== day) {
      figures.yesterday = figures.day === day - 1 ? figures.today : 0;
      figures.today = 0;
      figures.day = day;
    }
    return figures;
  }

  #restoreDay(row: ShapeMemory['days'][number], now: number): void {
    if (row.site === '') {
      const figures = this.sourceDay(row.source, now);
      if (row.day === figures.day) figures.today = row.sent;
      else figures.yesterday = row.sent;
      return;
    }
    const lane = this.#lanes.get(idOf({ source: row.source, site: row.site, dkimDomain: '' }));
    if (!lane) return;
    // The rows of a lane come by day: yesterday's is what the day's end will judge, unless there is one of today.
    lane.day = row.day;
    lane.sentToday = row.sent;
    lane.deferredToday = row.deferred;
    lane.complaintsToday = row.complaints;
  }

  #open(key: LaneKey, profile: SiteProfile | undefined, now: number, stored?: ReturnType<typeof laneFromDetail>): Lane {
    const { journal, warmsUp } = this.#options;
    const warmUp = key.dkimDomain === '' && profile?.warmUp !== undefined && warmsUp(key.source);
    const lane = new Lane(key, { profile, ...stored, warmUp, now, changed: (changedLane, before) => journal.changed(changedLane, before) });
    this.#lanes.set(idOf(key), lane);
    if (this.#lanes.size > SHAPE_LIMITS.lanesMax) this.#forgetOne();
    return lane;
  }

  #forgetOne(): void {
    for (const [id, lane] of this.#lanes) {
      // One that has warmed up, or knows what the site takes, must not begin anew.
      if (lane.inFlight > 0 || lane.status.state !== 'steady' || lane.status.windowQuota || lane.warms) continue;
      this.#lanes.delete(id);
      return;
    }
  }
}

function idOf({ source, site, dkimDomain }: LaneKey): string {
  return `${source} ${site} ${dkimDomain}`;
}
