/** The queue's rows, read. Every answer is bounded; who wants more asks again from where the last one ended. */
import { STORE_LIMITS } from '../../base/limits.ts';
import type { RecipientState } from '../../contract/queue.ts';
import type { Database } from '../database.ts';

export interface MessageRow {
  readonly id: string;
  readonly sender: string;
  readonly options: string;
  readonly origin: string;
  readonly sender_believed: number;
  readonly content_digest: string;
  readonly size_bytes: number;
  readonly started_at: number;
  readonly queued_at: number;
  readonly expires_at: number;
  readonly message_id: string | null;
  readonly header_from: string | null;
  readonly junk: number;
  readonly stream: string | null;
  readonly dkim_domain: string | null;
  readonly watch_at: number | null;
}

export interface RecipientRow {
  readonly message_id: string;
  readonly position: number;
  readonly address: string;
  readonly original_recipient: string | null;
  readonly notify: string | null;
  readonly state: RecipientState;
  readonly attempts: number;
  readonly next_attempt_at: number;
  readonly last_reply: string | null;
  readonly reason: string | null;
  readonly site: string | null;
  readonly rule: string | null;
  readonly culprit: string | null;
  readonly reroute: string | null;
  readonly via: string | null;
  readonly reverse_path: string | null;
}

export interface ItemRows {
  readonly message: MessageRow;
  readonly recipients: readonly RecipientRow[];
}

export interface SearchArgs {
  /** Scan messages after this id; '' from the start. */
  readonly after: string;
  readonly sender: string | null;
  readonly recipient: string | null;
  /** Domain of the recipient. */
  readonly domain: string | null;
  readonly state: 'queued' | 'held' | null;
}

export interface SearchResult {
  /** Recipients that match, in order of message and position. */
  readonly found: readonly { readonly id: string; readonly position: number }[];
  /** Where the scan ended; undefined when there is nothing after it. */
  readonly next: string | undefined;
}

/** Ids parted by spaces, positions, times of the next attempt. */
export type DuePiece = readonly [ids: string, positions: Uint32Array, times: Float64Array];

export interface AgedPlace {
  /** Milliseconds since 1970. */
  readonly watchAt: number;
  readonly id: string;
}

export interface AgedArgs {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly after: AgedPlace;
  readonly limit: number;
}

export interface AgedRows {
  readonly items: readonly ItemRows[];
  /** Where to go on; undefined when this was all. */
  readonly after: AgedPlace | undefined;
  /** The first such time after `now`. */
  readonly nextAt: number | undefined;
}

const MESSAGE_COLUMNS = `id, sender, options, origin, sender_believed, content_digest, size_bytes, started_at, queued_at, expires_at,
  message_id, header_from, junk, stream, dkim_domain, watch_at`;

/** The waiting recipients of the next messages: a bounded piece of the partial index. */
const WAITING_PIECE = `SELECT message_id, position FROM recipients
  WHERE state IN ('queued', 'held') AND message_id > ? ORDER BY message_id, position LIMIT ?`;

export function readItem(db: Database, id: string): ItemRows | undefined {
  const message = db.get<MessageRow>(`SELECT ${MESSAGE_COLUMNS} FROM messages WHERE id = ?`, id);
  if (!message) return undefined;
  return { message, recipients: db.all<RecipientRow>('SELECT * FROM recipients WHERE message_id = ? ORDER BY position', id) };
}

export const queueReads = {
  read(db: Database, id: string): ItemRows | undefined {
    return readItem(db, id);
  },

  /** Those that there are, in the order asked for. */
  readMany(db: Database, ids: readonly string[]): readonly ItemRows[] {
    return ids.flatMap((id) => readItem(db, id) ?? []);
  },

  /**
   * Recipients in state `queued` after the given place. A million of them pass through at every start: pieces small
   * enough to be garbage that never grows old, ids as one string, numbers as arrays of numbers.
   */
  due(db: Database, after: { readonly id: string; readonly position: number }): DuePiece {
    const rows = db.all<{ message_id: string; position: number; next_attempt_at: number }>(
      `SELECT message_id, position, next_attempt_at FROM recipients
       WHERE state IN ('queued', 'held') AND state = 'queued' AND (message_id, position) > (?, ?)
       ORDER BY message_id, position LIMIT ?`,
      after.id, after.position, STORE_LIMITS.dueRowsPerReadMax,
    );
    return [rows.map((row) => row.message_id).join(' '), Uint32Array.from(rows, (row) => row.position), Float64Array.from(rows, (row) => row.next_attempt_at)];
  },

  /** Unfinished messages whose age matters by `now`, after the given place, in order of that time; and when it next does. */
  aged(db: Database, args: AgedArgs): AgedRows {
    const found = db.all<{ id: string; watch_at: number }>(
      `SELECT id, watch_at FROM messages WHERE watch_at IS NOT NULL AND watch_at <= ?1 AND (watch_at, id) > (?2, ?3)
       ORDER BY watch_at, id LIMIT ?4`,
      args.now, args.after.watchAt, args.after.id, args.limit,
    );
    const next = db.get<{ watch_at: number }>('SELECT watch_at FROM messages WHERE watch_at IS NOT NULL AND watch_at > ? ORDER BY watch_at LIMIT 1', args.now);
    const last = found.at(-1);
    return {
      items: found.flatMap(({ id }) => readItem(db, id) ?? []),
      after: last && found.length === args.limit ? { watchAt: last.watch_at, id: last.id } : undefined,
      nextAt: next?.watch_at,
    };
  },

  search(db: Database, args: SearchArgs): SearchResult {
    const piece = db.all<{ message_id: string }>(WAITING_PIECE, args.after, STORE_LIMITS.rowsPerReadMax);
    const last = piece.at(-1)?.message_id;
    if (last === undefined) return { found: [], next: undefined };
    const found = db.all<{ id: string; position: number }>(
      `SELECT recipients.message_id AS id, recipients.position AS position
       FROM recipients JOIN messages ON messages.id = recipients.message_id
       WHERE recipients.state IN ('queued', 'held') AND recipients.message_id > ?1 AND recipients.message_id <= ?2
         AND (?3 IS NULL OR lower(messages.sender) = ?3) AND (?4 IS NULL OR lower(recipients.address) = ?4)
         AND (?5 IS NULL OR lower(recipients.address) LIKE '%@' || ?5) AND (?6 IS NULL OR recipients.state = ?6)
       ORDER BY recipients.message_id, recipients.position`,
      args.after, last, args.sender, args.recipient, args.domain, args.state,
    );
    return { found, next: last };
  },

  stats(db: Database): readonly { readonly state: RecipientState; readonly recipients: number; readonly oldest: string; readonly nextAttemptAt: number }[] {
    return db.all(
      `SELECT state, count(*) AS recipients, min(message_id) AS oldest, min(next_attempt_at) AS "nextAttemptAt"
       FROM recipients WHERE state IN ('queued', 'held') GROUP BY state`,
    );
  },

  /** Recipient domains with the most waiting recipients, at most `limit`. */
  domains(db: Database, args: { readonly limit: number }): readonly { readonly domain: string; readonly recipients: number }[] {
    return db.all(
      `SELECT lower(substr(address, instr(address, '@') + 1)) AS domain, count(*) AS recipients
       FROM recipients WHERE state IN ('queued', 'held') GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?`,
      args.limit,
    );
  },
};
