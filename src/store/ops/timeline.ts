/**
 * The timeline of a message: its events, and the keys by which people look for it: the queue id, an address of its
 * envelope, its Message-ID.
 *
 * Events that are committed together are one row, a JSON array: they are always written and read together.
 * Keys are hashes of 48 bits under the hour of queueing. A collision would show a message too many, and the chance for
 * a million messages an hour is one in hundreds of millions per search.
 */
import { hash as hashOnce } from 'node:crypto';
import type { Database } from '../database.ts';
import { readItem } from './queue-reads.ts';
import type { ItemRows } from './queue-reads.ts';

const HOUR_MS = 3_600_000;
const HASH_BYTES = 6;

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

/** Addresses and Message-IDs are compared without case and angle brackets. */
function hashOf(text: string): number {
  const plain = text.trim().replace(/^</, '').replace(/>$/, '').toLowerCase();
  return hashOnce('sha1', plain, 'buffer').readUIntBE(0, HASH_BYTES);
}

export function addLookupKeys(db: Database, id: string, queuedAt: number, texts: readonly (string | null)[]): void {
  const hour = Math.floor(queuedAt / HOUR_MS);
  for (const key of hashesOf(texts)) {
    db.run('INSERT INTO lookup_keys (hour, hash, message_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', hour, key, id);
  }
}

export function removeLookupKeys(db: Database, id: string): void {
  const item = readItem(db, id);
  if (!item) return;
  const { message, recipients } = item;
  const hour = Math.floor(message.queued_at / HOUR_MS);
  for (const hash of hashesOf([message.sender, message.message_id, ...recipients.map((recipient) => recipient.address)])) {
    db.run('DELETE FROM lookup_keys WHERE hour = ? AND hash = ? AND message_id = ?', hour, hash, id);
  }
}

function hashesOf(texts: readonly (string | null)[]): Set<number> {
  return new Set(texts.filter((text): text is string => text !== null && text !== '').map(hashOf));
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
    return findIds(db, hashOf(args.query), args.limit)
      .map((id) => readItem(db, id))
      .filter((item) => item !== undefined);
  },
};

function findIds(db: Database, hash: number, limit: number): string[] {
  const ids: string[] = [];
  let hour = Number.MAX_SAFE_INTEGER;
  while (ids.length < limit) {
    const next = db.get<{ hour: number | null }>('SELECT max(hour) AS hour FROM lookup_keys WHERE hour < ?', hour)?.hour ?? null;
    if (next === null) break;
    hour = next;
    const rows = db.all<{ id: string }>(
      'SELECT message_id AS id FROM lookup_keys WHERE hour = ? AND hash = ? ORDER BY message_id DESC LIMIT ?', hour, hash, limit - ids.length,
    );
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
}
