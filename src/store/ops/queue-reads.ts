/** The queue's rows, read. Every answer is bounded; who wants more asks again from where the last one ended. */
import { STORE_LIMITS } from '../../base/limits.ts';
import type { RecipientState } from '../../contract/queue.ts';
import type { Database } from '../database.ts';
import { DUE_SET_AT, waitingFacts } from './waiting-facts.ts';

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
  readonly due_set_at: number | null;
}

export interface ItemRows {
  readonly message: MessageRow;
  readonly recipients: readonly RecipientRow[];
}

/** Ids, positions, times of the next attempt, and when those were written down, each a text parted by spaces; undefined when there are no more. */
export type DuePiece = readonly [ids: string, positions: string, times: string, setTimes: string] | undefined;

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

  facts: waitingFacts,

  /** How many recipients wait. */
  waiting(db: Database): number {
    return db.get<{ count: number }>(`SELECT count(*) AS count FROM recipients WHERE state IN ('queued', 'held')`)?.count ?? 0;
  },

  /**
   * Recipients in state `queued` after the given place. A million of them pass through at every start: a piece is three
   * strings made by the engine, because a million rows as objects would leave their traces in the memory of the thread.
   */
  due(db: Database, after: { readonly id: string; readonly position: number }): DuePiece {
    const row = db.get<{ ids: string | null; positions: string; times: string; setTimes: string }>(
      `SELECT group_concat(message_id, ' ') AS ids, group_concat(position, ' ') AS positions, group_concat(next_attempt_at, ' ') AS times,
         group_concat(due_set_at, ' ') AS "setTimes"
       FROM (SELECT message_id, position, next_attempt_at, ${DUE_SET_AT} AS due_set_at FROM recipients
         WHERE state IN ('queued', 'held') AND state = 'queued' AND (message_id, position) > (?, ?)
         ORDER BY message_id, position LIMIT ?)`,
      after.id, after.position, STORE_LIMITS.dueRowsPerReadMax,
    );
    return row?.ids ? [row.ids, row.positions, row.times, row.setTimes] : undefined;
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

  stats(db: Database): readonly { readonly state: RecipientState; readonly recipients: number; readonly oldest: string; readonly nextAttemptAt: number }[] {
    return db.all(
      `SELECT state, count(*) AS recipients, min(message_id) AS oldest, min(next_attempt_at) AS "nextAttemptAt"
       FROM recipients WHERE state IN ('queued', 'held') GROUP BY state`,
    );
  },
};
