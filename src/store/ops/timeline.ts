/**
 * The timeline of a message: its events, found by the queue id, an address of its envelope, or its Message-ID
 * (lookup-keys.ts). Events that are committed together are one row, a JSON array: they are always written and read together.
 */
import type { Database } from '../database.ts';
import { findByKey } from './lookup-keys.ts';
import { readItem } from './queue-reads.ts';
import type { ItemRows } from './queue-reads.ts';

/** Of a message that is new. `entries` is a JSON array of MessageEvent. */
export function startEvents(db: Database, id: string, entries: string): void {
  db.run('INSERT INTO events (message_id, part, entries) VALUES (?, 0, ?)', id, entries);
}

/** `entries` is a JSON array of MessageEvent. */
export function appendEvents(db: Database, id: string, entries: string): void {
  db.run(
    'INSERT INTO events (message_id, part, entries) VALUES (?1, (SELECT coalesce(max(part), -1) + 1 FROM events WHERE message_id = ?1), ?2)',
    id, entries,
  );
}

export const timelineWrites = {
  append(db: Database, args: { readonly id: string; readonly entries: string }): void {
    appendEvents(db, args.id, args.entries);
  },
};

export const timelineReads = {
  /** JSON arrays of MessageEvent, in the order in which they were written. */
  events(db: Database, id: string): string[] {
    return db.all<{ entries: string }>('SELECT entries FROM events WHERE message_id = ? ORDER BY part', id).map((row) => row.entries);
  },

  /** Messages that the query names, newest first, at most `limit`. */
  find(db: Database, args: { readonly query: string; readonly limit: number }): ItemRows[] {
    const exact = readItem(db, args.query.trim().toLowerCase());
    if (exact) return [exact];
    return findByKey(db, args.query, args.limit)
      .map((id) => readItem(db, id))
      .filter((item) => item !== undefined);
  },
};
