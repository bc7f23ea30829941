/**
 * The keys by which people look for messages: an address of the envelope, a Message-ID.
 *
 * Keys are hashes of 48 bits: a collision would show a message too many, and the chance for a million messages is one in
 * hundreds of millions per search. They lie in the order of their coming until there are enough of them for a run, which
 * is sorted and put at the end of the index as a whole. A search reads the recent ones and looks into each run.
 */
import { hash as hashOnce } from 'node:crypto';
import { STORE_LIMITS } from '../../base/limits.ts';
import type { Database } from '../database.ts';

const HOUR_MS = 3_600_000;
const HASH_BYTES = 6;
/** Above every hour: keys of earlier versions have theirs in the place of the run. */
const FIRST_RUN = 1_000_000;
const { keysPerRun } = STORE_LIMITS;

/** Of a message that is new; `texts`: what it can be found by. Returns the run that its keys will be in. */
export function addLookupKeys(db: Database, id: string, texts: readonly (string | null)[]): number {
  const hashes = hashesOf(texts);
  const { lastId: end } = db.run(
    'INSERT INTO recent_keys (id, message_id, hashes) VALUES ((SELECT coalesce(max(id), 0) FROM recent_keys) + ?, ?, ?)', Math.max(1, hashes.size), id, `[${[...hashes].join()}]`,
  );
  const run = Math.floor(end / keysPerRun);
  if (Math.floor((end - hashes.size) / keysPerRun) < run) indexRuns(db, run);
  return FIRST_RUN + run;
}

/** Moves the keys of the runs before this one. Those of messages that are gone go no further. */
function indexRuns(db: Database, before: number): void {
  db.run(
    `INSERT INTO lookup_keys (hour, hash, message_id)
     SELECT messages.lookup_run, key.value, recent.message_id
     FROM recent_keys AS recent CROSS JOIN messages ON messages.id = recent.message_id CROSS JOIN json_each(recent.hashes) AS key
     WHERE recent.id < ? ORDER BY 1, 2, 3`,
    before * keysPerRun,
  );
  db.run('DELETE FROM recent_keys WHERE id < ?', before * keysPerRun);
}

/** Of a message that is about to be removed. */
export function removeLookupKeys(db: Database, id: string): void {
  const message = db.get<{ sender: string; messageId: string | null; queuedAt: number; run: number | null }>(
    'SELECT sender, message_id AS "messageId", queued_at AS "queuedAt", lookup_run AS run FROM messages WHERE id = ?', id,
  );
  if (!message) return;
  const addresses = db.all<{ address: string }>('SELECT address FROM recipients WHERE message_id = ?', id).map((row) => row.address);
  const run = message.run ?? Math.floor(message.queuedAt / HOUR_MS);
  for (const hash of hashesOf([message.sender, message.messageId, ...addresses])) {
    db.run('DELETE FROM lookup_keys WHERE hour = ? AND hash = ? AND message_id = ?', run, hash, id);
  }
}

/** Ids of messages that the text may name, newest first, at most `limit`; some of them may be gone. */
export function findByKey(db: Database, text: string, limit: number): string[] {
  const hash = hashOf(text);
  const ids = db.all<{ id: string }>(
    'SELECT message_id AS id FROM recent_keys WHERE EXISTS (SELECT 1 FROM json_each(hashes) WHERE value = ?) ORDER BY recent_keys.id DESC LIMIT ?', hash, limit,
  ).map((row) => row.id);
  let run = Number.MAX_SAFE_INTEGER;
  while (ids.length < limit) {
    const next = db.get<{ run: number | null }>('SELECT max(hour) AS run FROM lookup_keys WHERE hour < ?', run)?.run ?? null;
    if (next === null) break;
    run = next;
    const rows = db.all<{ id: string }>(
      'SELECT message_id AS id FROM lookup_keys WHERE hour = ? AND hash = ? ORDER BY message_id DESC LIMIT ?', run, hash, limit - ids.length,
    );
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
}

function hashesOf(texts: readonly (string | null)[]): Set<number> {
  return new Set(texts.filter((text): text is string => text !== null && text !== '').map(hashOf));
}

/** Addresses and Message-IDs are compared without case and angle brackets. */
function hashOf(text: string): number {
  const plain = text.trim().replace(/^</, '').replace(/>$/, '').toLowerCase();
  return hashOnce('sha1', plain, 'buffer').readUIntBE(0, HASH_BYTES);
}
