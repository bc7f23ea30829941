/** Rows of shaping: lanes, their days and changes of state, pauses (migrations/021-shaping.ts). */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { LaneState } from '../../contract/sending.ts';
import type { LaneChange, Pause } from '../../contract/shaping-control.ts';
import type { Database } from '../database.ts';

export interface LaneRow {
  readonly source: string;
  readonly site: string;
  readonly domain: string;
  readonly state: LaneState;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** The rest of the status as JSON. */
  readonly detail: string;
}

export interface LaneDayRow {
  readonly source: string;
  readonly site: string;
  /** Days since 1970, UTC. */
  readonly day: number;
  readonly sent: number;
  readonly deferred: number;
  readonly complaints: number;
}

export interface LaneSave {
  readonly lanes: readonly LaneRow[];
  /** Lanes that are simply steady again. */
  readonly gone: readonly Pick<LaneRow, 'source' | 'site' | 'domain'>[];
  readonly days: readonly LaneDayRow[];
  readonly changes: readonly LaneChange[];
}

export interface ShapeMemory {
  readonly lanes: readonly LaneRow[];
  /** Of the day asked for and the one before. */
  readonly days: readonly LaneDayRow[];
  readonly pauses: readonly Pause[];
}

interface ChangeRow extends Omit<LaneChange, 'key'> {
  readonly source: string;
  readonly site: string;
  readonly domain: string;
}

interface PauseRow extends Omit<Pause, 'until'> {
  readonly until: number | null;
}

/** Days of figures that are kept. */
const DAYS_KEPT = 60;

export const laneWrites = {
  save(db: Database, { lanes, gone, days, changes }: LaneSave): void {
    for (const { source, site, domain, state, since, detail } of lanes) {
      db.run(
        `INSERT INTO lanes (source, site, domain, state, since, detail) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (source, site, domain) DO UPDATE SET state = excluded.state, since = excluded.since, detail = excluded.detail`,
        source, site, domain, state, since, detail,
      );
    }
    for (const { source, site, domain } of gone) db.run('DELETE FROM lanes WHERE source = ? AND site = ? AND domain = ?', source, site, domain);
    for (const { source, site, day, sent, deferred, complaints } of days) {
      db.run(
        `INSERT INTO lane_days (source, site, day, sent, deferred, complaints) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (source, site, day) DO UPDATE SET sent = excluded.sent, deferred = excluded.deferred, complaints = excluded.complaints`,
        source, site, day, sent, deferred, complaints,
      );
    }
    for (const { at, key, from, to, why, rule } of changes) {
      db.run('INSERT INTO lane_changes (at, source, site, domain, from_state, to_state, why, rule) VALUES (?, ?, ?, ?, ?, ?, ?, ?)', at, key.source, key.site, key.dkimDomain, from, to, why, rule);
    }
    if (changes.length > 0) db.run('DELETE FROM lane_changes WHERE id <= (SELECT MAX(id) FROM lane_changes) - ?', SHAPE_LIMITS.historyMax);
    const newest = days[0]?.day;
    if (newest !== undefined) db.run('DELETE FROM lane_days WHERE day < ?', newest - DAYS_KEPT);
  },

  pause(db: Database, { kind, name, until, reason, createdAt }: Pause): void {
    db.run(
      `INSERT INTO pauses (kind, name, until_at, reason, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (kind, name) DO UPDATE SET until_at = excluded.until_at, reason = excluded.reason, created_at = excluded.created_at`,
      kind, name, until ?? null, reason, createdAt,
    );
  },

  resume(db: Database, { kind, name }: Pick<Pause, 'kind' | 'name'>): boolean {
    return db.run('DELETE FROM pauses WHERE kind = ? AND name = ?', kind, name).changes > 0;
  },
};

export const laneReads = {
  load(db: Database, { day }: { readonly day: number }): ShapeMemory {
    return {
      lanes: db.all<LaneRow>('SELECT source, site, domain, state, since, detail FROM lanes ORDER BY since DESC LIMIT ?', SHAPE_LIMITS.lanesMax),
      days: db.all<LaneDayRow>('SELECT source, site, day, sent, deferred, complaints FROM lane_days WHERE day >= ? ORDER BY source, site, day', day - 1),
      pauses: pausesOf(db),
    };
  },

  /** The latest first; of one source, or of all (''). */
  history(db: Database, { source, limit }: { readonly source: string; readonly limit: number }): readonly LaneChange[] {
    const rows = db.all<ChangeRow>(
      `SELECT at, source, site, domain, from_state AS "from", to_state AS "to", why, rule FROM lane_changes
       WHERE ? IN ('', source) ORDER BY id DESC LIMIT ?`,
      source, limit,
    );
    return rows.map(({ at, source: address, site, domain, from, to, why, rule }) => ({ at, key: { source: address, site, dkimDomain: domain }, from, to, why, rule }));
  },

  pauses(db: Database): readonly Pause[] {
    return pausesOf(db);
  },
};

function pausesOf(db: Database): readonly Pause[] {
  const rows = db.all<PauseRow>('SELECT kind, name, until_at AS "until", reason, created_at AS "createdAt" FROM pauses ORDER BY kind, name LIMIT ?', SHAPE_LIMITS.pausesMax);
  return rows.map(({ until, ...pause }) => ({ ...pause, ...(until !== null && { until }) }));
}
