/** How busy the storage thread is. */
import type { Database } from '../database.ts';

export const activityReads = {
  /** Since the database was opened. */
  counts(db: Database): { readonly commits: number } {
    return { commits: db.commits };
  },
};
