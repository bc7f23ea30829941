/**
 * What the doctor found, and what the guard remembers. Findings are kept by their spells: a check that says the same for a
 * year is one row, so that hundreds of domains examined each day stay small.
 */
import type { Migration } from '../migrate.ts';

export const examinationsMigration: Migration = {
  version: 60,
  name: 'examinations',
  up: `
    CREATE TABLE doctor_runs (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      made_by TEXT NOT NULL,
      -- Null: some checks only.
      score REAL,
      passed INTEGER NOT NULL,
      warned INTEGER NOT NULL,
      failed INTEGER NOT NULL,
      unknown INTEGER NOT NULL
    );
    CREATE INDEX doctor_runs_at ON doctor_runs (at);
    CREATE TABLE doctor_scores (
      subject TEXT NOT NULL,
      at INTEGER NOT NULL,
      score REAL NOT NULL,
      warned INTEGER NOT NULL,
      failed INTEGER NOT NULL,
      PRIMARY KEY (subject, at)
    ) WITHOUT ROWID;
    CREATE INDEX doctor_scores_at ON doctor_scores (at);
    CREATE TABLE doctor_findings (
      subject TEXT NOT NULL,
      check_id TEXT NOT NULL,
      since INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      level TEXT NOT NULL,
      text TEXT NOT NULL,
      remedy TEXT,
      record TEXT,
      PRIMARY KEY (subject, check_id, since)
    ) WITHOUT ROWID;
    CREATE INDEX doctor_findings_last ON doctor_findings (last_at);
    CREATE TABLE guard_states (
      subject TEXT NOT NULL,
      check_id TEXT NOT NULL,
      state TEXT NOT NULL,
      doubtful INTEGER NOT NULL,
      acknowledged INTEGER NOT NULL,
      last_seen_at INTEGER NOT NULL,
      PRIMARY KEY (subject, check_id)
    ) WITHOUT ROWID;
    CREATE INDEX guard_states_doubtful ON guard_states (subject) WHERE doubtful = 1;
    CREATE INDEX guard_states_seen ON guard_states (last_seen_at);
    CREATE TABLE guard_news (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      entry TEXT NOT NULL,
      told_at INTEGER
    );
    CREATE INDEX guard_news_untold ON guard_news (id) WHERE told_at IS NULL;
  `,
  down: `
    DROP TABLE guard_news;
    DROP TABLE guard_states;
    DROP TABLE doctor_findings;
    DROP TABLE doctor_scores;
    DROP TABLE doctor_runs;
  `,
};
