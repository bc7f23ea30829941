/** When each chore ran last; milliseconds since 1970. */
import type { Database } from '../database.ts';

export const choreWrites = {
  ran(db: Database, { name, at }: { readonly name: string; readonly at: number }): void {
    db.run('INSERT INTO chores (name, last_run_at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at', name, at);
  },
};

export const choreReads = {
  lastRunAt(db: Database, { name }: { readonly name: string }): number | undefined {
    return db.get<{ readonly at: number }>('SELECT last_run_at AS "at" FROM chores WHERE name = ?', name)?.at;
  },
};
