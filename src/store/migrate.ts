/**
 * Brings a database to the version of this program. Each migration runs in one transaction together with its row in
 * `schema_versions`; migrations only add. A database that a newer program has changed is refused: its rows may mean
 * what this program does not know.
 */
import { Failure } from '../base/errors.ts';
import type { Database } from './database.ts';

export interface Migration {
  /** Consecutive from 1; never changed once released. */
  readonly version: number;
  /** The noun it is about. */
  readonly name: string;
  /** SQL that only adds. */
  readonly up: string;
  /** SQL that takes back exactly what `up` added. */
  readonly down: string;
}

/** Applies what is missing. `atMs` is recorded, milliseconds since 1970. Throws Failure `store-newer`. */
export function migrate(db: Database, migrations: readonly Migration[], atMs: number): void {
  db.script('CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)');
  const ordered = [...migrations].sort((a, b) => a.version - b.version);
  refuseNewer(db, ordered);
  const present = new Set(db.all<{ version: number }>('SELECT version FROM schema_versions').map((row) => row.version));
  for (const migration of ordered) {
    if (present.has(migration.version)) continue;
    inTransaction(db, () => {
      db.script(migration.up);
      db.run('INSERT INTO schema_versions (version, name, applied_at) VALUES (?, ?, ?)', migration.version, migration.name, atMs);
    });
  }
}

/** Takes back every migration above `toVersion`, newest first. */
export function revert(db: Database, migrations: readonly Migration[], toVersion: number): void {
  const present = new Set(db.all<{ version: number }>('SELECT version FROM schema_versions').map((row) => row.version));
  const undo = migrations.filter((one) => one.version > toVersion && present.has(one.version)).sort((a, b) => b.version - a.version);
  for (const migration of undo) {
    inTransaction(db, () => {
      db.script(migration.down);
      db.run('DELETE FROM schema_versions WHERE version = ?', migration.version);
    });
  }
}

/** A database opened for reading must be exactly as new as the program. */
export function checkVersion(db: Database, migrations: readonly Migration[]): void {
  refuseNewer(db, migrations);
  const have = highestVersion(db);
  const want = Math.max(0, ...migrations.map((one) => one.version));
  if (have < want) {
    throw new Failure('store-older', `${db.path} is of version ${have}, this program needs ${want}: start the server once to bring it up to date`, {
      temporary: false,
    });
  }
}

function refuseNewer(db: Database, migrations: readonly Migration[]): void {
  const have = highestVersion(db);
  const known = Math.max(0, ...migrations.map((one) => one.version));
  if (have > known) {
    throw new Failure('store-newer', `${db.path} is of version ${have}, this program knows ${known}: run the newer program, or restore a backup`, {
      temporary: false,
    });
  }
}

function highestVersion(db: Database): number {
  return db.get<{ version: number | null }>('SELECT max(version) AS version FROM schema_versions')?.version ?? 0;
}

function inTransaction(db: Database, work: () => void): void {
  db.begin();
  try {
    work();
    db.commit();
  } catch (error) {
    db.rollback();
    throw error;
  }
}
