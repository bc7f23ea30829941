/** What the doctor found: runs with their scores, and for each check of a subject the spells in which it said the same. */
import type { Database } from '../database.ts';

export interface RunRow {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `command` or `guard`. */
  readonly by: string;
  /** Null: only some checks were run. */
  readonly score: number | null;
  readonly passed: number;
  readonly warned: number;
  readonly failed: number;
  readonly unknown: number;
}

export interface ScoreRow {
  readonly subject: string;
  readonly at: number;
  readonly score: number;
  readonly warned: number;
  readonly failed: number;
}

export interface FindingRow {
  readonly subject: string;
  readonly check: string;
  readonly level: string;
  readonly text: string;
  readonly remedy: string | null;
  readonly record: string | null;
  /** Check of which it is a consequence (doctor/causes.ts). */
  readonly causedBy: string | null;
}

/** As long as it said the same; text and remedy are the latest. */
export interface SpellRow extends FindingRow {
  readonly since: number;
  readonly lastAt: number;
}

/** An address that mail left from, and what it said in EHLO. */
export interface IdentityRow {
  readonly address: string;
  readonly helo: string;
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
}

const RUN_COLUMNS = 'at, made_by AS "by", score, passed, warned, failed, unknown';
const SPELL_COLUMNS = 'subject, check_id AS "check", since, last_at AS "lastAt", level, text, remedy, record, caused_by AS "causedBy"';

export const examinationWrites = {
  addRun(db: Database, { run, scores }: { readonly run: RunRow; readonly scores: readonly ScoreRow[] }): void {
    const { at, by, score, passed, warned, failed, unknown } = run;
    db.run('INSERT INTO doctor_runs (at, made_by, score, passed, warned, failed, unknown) VALUES (?, ?, ?, ?, ?, ?, ?)', at, by, score, passed, warned, failed, unknown);
    for (const row of scores) {
      db.run(
        `INSERT INTO doctor_scores (subject, at, score, warned, failed) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (subject, at) DO UPDATE SET score = excluded.score, warned = excluded.warned, failed = excluded.failed`,
        row.subject, row.at, row.score, row.warned, row.failed,
      );
    }
  },

  /** Lengthens the spell of a finding, or begins another one. */
  addFindings(db: Database, { rows, at }: { readonly rows: readonly FindingRow[]; readonly at: number }): void {
    for (const { subject, check, level, text, remedy, record, causedBy } of rows) {
      const last = db.get<{ since: number; level: string }>(
        'SELECT since, level FROM doctor_findings WHERE subject = ? AND check_id = ? ORDER BY since DESC LIMIT 1', subject, check,
      );
      // A clock that was ahead once must not keep later findings out.
      if (last && (last.level === level || last.since >= at)) {
        db.run(
          'UPDATE doctor_findings SET last_at = ?, level = ?, text = ?, remedy = ?, record = ?, caused_by = ? WHERE subject = ? AND check_id = ? AND since = ?',
          at, level, text, remedy, record, causedBy, subject, check, last.since,
        );
      } else {
        db.run(
          'INSERT INTO doctor_findings (subject, check_id, since, last_at, level, text, remedy, record, caused_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
          subject, check, at, at, level, text, remedy, record, causedBy,
        );
      }
    }
  },

  addIdentities(db: Database, { rows, at }: { readonly rows: readonly Pick<IdentityRow, 'address' | 'helo'>[]; readonly at: number }): void {
    for (const { address, helo } of rows) {
      db.run('INSERT INTO sending_identities (address, helo, first_at, last_at) VALUES (?, ?, ?, ?) ON CONFLICT (address, helo) DO UPDATE SET last_at = excluded.last_at', address, helo, at, at);
    }
  },

  /** What ended before `before`. */
  prune(db: Database, { before }: { readonly before: number }): void {
    db.run('DELETE FROM doctor_runs WHERE at < ?', before);
    db.run('DELETE FROM doctor_scores WHERE at < ?', before);
    db.run('DELETE FROM doctor_findings WHERE last_at < ?', before);
    db.run('DELETE FROM sending_identities WHERE last_at < ?', before);
  },
};

export const examinationReads = {
  /** The latest first. `whole`: only those of all checks. */
  runs(db: Database, { limit, whole }: { readonly limit: number; readonly whole: boolean }): readonly RunRow[] {
    return db.all<RunRow>(`SELECT ${RUN_COLUMNS} FROM doctor_runs WHERE ? = 0 OR score IS NOT NULL ORDER BY at DESC, id DESC LIMIT ?`, whole ? 1 : 0, limit);
  },

  /** Those seen since `since`, the latest first. */
  identities(db: Database, { since, limit }: { readonly since: number; readonly limit: number }): readonly IdentityRow[] {
    return db.all<IdentityRow>('SELECT address, helo, first_at AS "firstAt", last_at AS "lastAt" FROM sending_identities WHERE last_at >= ? ORDER BY last_at DESC, address, helo LIMIT ?', since, limit);
  },

  /** What fails as it was seen since `since`, without consequences. */
  failing(db: Database, { since, limit }: { readonly since: number; readonly limit: number }): readonly Pick<SpellRow, 'subject' | 'check'>[] {
    return db.all(`SELECT subject, check_id AS "check" FROM doctor_findings WHERE last_at >= ? AND level = 'fail' AND caused_by IS NULL ORDER BY subject, check_id LIMIT ?`, since, limit);
  },

  /** The latest first. */
  scores(db: Database, { subject, limit }: { readonly subject: string; readonly limit: number }): readonly ScoreRow[] {
    return db.all<ScoreRow>('SELECT subject, at, score, warned, failed FROM doctor_scores WHERE subject = ? ORDER BY at DESC LIMIT ?', subject, limit);
  },

  /** Of one subject or all (''), of one check or all (''); the latest first. */
  spells(db: Database, { subject, check, limit }: { readonly subject: string; readonly check: string; readonly limit: number }): readonly SpellRow[] {
    return db.all<SpellRow>(
      `SELECT ${SPELL_COLUMNS} FROM doctor_findings WHERE ? IN ('', subject) AND ? IN ('', check_id) ORDER BY since DESC, subject, check_id LIMIT ?`,
      subject, check, limit,
    );
  },
};
