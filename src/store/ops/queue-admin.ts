/**
 * What administrators do to many waiting recipients at once: list, count, group by age, order. Sets, not rows: one
 * statement for a piece of the queue, with its events.
 */
import { RETURN_ORDERED_AT, type RecipientState } from '../../contract/queue.ts';
import type { Database } from '../database.ts';
import { releaseBodiesOf } from './bodies.ts';
import { afterPiece, pieceEnd, RECIPIENT_DOMAIN, SELECTED, selectionValues, STREAM } from './queue-selection.ts';
import type { QueueGrouping, QueueSort, SelectionArgs } from './queue-selection.ts';
import { DUE_SET_AT } from './waiting-facts.ts';

/** As WAITING_COLUMNS selects it: a hundred thousand of them go from thread to thread for a listing. */
export type WaitingRow = readonly [
  id: string, sender: string, sizeBytes: number, queuedAt: number, expiresAt: number, stream: string, account: string | null, position: number, address: string,
  state: RecipientState, attempts: number, nextAttemptAt: number, reason: string | null, lastReply: string | null, site: string | null,
  rule: string | null, culprit: string | null,
];

export interface WaitingPiece {
  readonly rows: readonly WaitingRow[];
  /** `from` of the next piece; undefined when this was the last one. */
  readonly next: string | undefined;
}

/** Selected recipients of a piece for a long listing: made by the engine, and never objects in our threads. */
export interface WaitingText {
  /** A JSON array of WaitingRow, in order of age. Handed over. */
  readonly rows: Uint8Array;
  readonly messages: number;
  /** `id position` of those among them whose time has come, each behind a line end. */
  readonly due: string;
  readonly next: string | undefined;
}

export interface GroupRow {
  /** By site: `@domain` for recipients that were never tried. '' for none. */
  readonly name: string;
  /** Index of the age class: 0 is under 5 minutes, each class twice as long, 9 is 1280 minutes and more. */
  readonly bucket: number;
  readonly state: 'queued' | 'held';
  readonly recipients: number;
  /** Milliseconds since 1970. */
  readonly oldest: number;
  readonly nextAttemptAt: number;
}

/** What an order changes in the selected recipients; null stays as it is. */
export interface OrderSelectedArgs extends SelectionArgs {
  readonly atMs: number;
  readonly newState: RecipientState | null;
  readonly nextAttemptAt: number | null;
  readonly lastReply: string | null;
  readonly reason: string | null;
  /** JSON of a Reroute; '' takes it away. */
  readonly reroute: string | null;
  /** Null: nothing is written on the timelines. `eventData` is JSON; needed by an order that deletes. */
  readonly eventName: string | null;
  readonly eventData: string;
  /** Appended to messages that this order finished: a JSON array of MessageEvent. */
  readonly doneEvents: string;
}

/** Rows of recipients, ids as one text: cheap to hand over. */
export interface StandingRows {
  readonly ids: string;
  readonly positions: Uint32Array;
  /** Milliseconds since 1970; NaN: not queued. */
  readonly dueAt: Float64Array;
  /** When that was written down; 0: not known. */
  readonly dueSetAt: Float64Array;
}

export interface StandingPiece extends StandingRows {
  /** Milliseconds since 1970; Infinity for none. */
  readonly watchAt: number;
}

export interface OrderedPiece {
  /** As they stand now. */
  readonly changed: StandingRows;
  readonly next: string | undefined;
}

const WAITING_COLUMNS = `m.id, m.sender, m.size_bytes, m.queued_at, m.expires_at, ${STREAM}, json_extract(m.origin, '$.account'), r.position, r.address,
  r.state, r.attempts, r.next_attempt_at, r.reason, r.last_reply, r.site, r.rule, r.culprit`;

const WAITING_TEXT = `SELECT CAST(json_group_array(json_array(id, sender, size_bytes, queued_at, expires_at, stream, account, position, address, state, attempts,
    next_attempt_at, reason, last_reply, site, rule, culprit)) AS BLOB) AS rows, count(DISTINCT id) AS messages,
    group_concat(CASE WHEN state = 'queued' AND next_attempt_at <= ?17 THEN id || ' ' || position END, char(10)) AS due
  FROM (SELECT m.id AS id, m.sender AS sender, m.size_bytes AS size_bytes, m.queued_at AS queued_at, m.expires_at AS expires_at, ${STREAM} AS stream,
    json_extract(m.origin, '$.account') AS account, r.position AS position, r.address AS address, r.state AS state, r.attempts AS attempts,
    r.next_attempt_at AS next_attempt_at, r.reason AS reason, CASE ?16 WHEN 1 THEN r.last_reply END AS last_reply, r.site AS site, r.rule AS rule, r.culprit AS culprit
    FROM ${SELECTED} ORDER BY r.message_id, r.position)`;

const ORDER_BY: Readonly<Record<QueueSort, string>> = {
  oldest: 'r.message_id, r.position',
  newest: 'r.message_id DESC, r.position',
  next: 'r.next_attempt_at, r.message_id, r.position',
  size: 'm.size_bytes DESC, r.message_id, r.position',
  attempts: 'r.attempts DESC, r.message_id, r.position',
  recipient: 'lower(r.address), r.message_id, r.position',
  site: `coalesce(r.site, '@' || ${RECIPIENT_DOMAIN}), r.message_id, r.position`,
};

const AGE_BUCKET = `CASE WHEN ?16 - m.queued_at < 300000 THEN 0 WHEN ?16 - m.queued_at < 600000 THEN 1 WHEN ?16 - m.queued_at < 1200000 THEN 2
  WHEN ?16 - m.queued_at < 2400000 THEN 3 WHEN ?16 - m.queued_at < 4800000 THEN 4 WHEN ?16 - m.queued_at < 9600000 THEN 5
  WHEN ?16 - m.queued_at < 19200000 THEN 6 WHEN ?16 - m.queued_at < 38400000 THEN 7 WHEN ?16 - m.queued_at < 76800000 THEN 8 ELSE 9 END`;

const GROUP_NAME: Readonly<Record<QueueGrouping, string>> = {
  site: `coalesce(r.site, '@' || ${RECIPIENT_DOMAIN})`,
  domain: RECIPIENT_DOMAIN,
  sender: 'lower(m.sender)',
  stream: STREAM,
  account: `coalesce(json_extract(m.origin, '$.account'), '')`,
  state: 'r.state',
};

export const queueAdminReads = {
  /** The selected recipients of a piece, at most `limit`, in the order that `sort` names. */
  waiting(db: Database, args: SelectionArgs & { readonly sort: QueueSort; readonly limit: number }): WaitingPiece {
    const last = pieceEnd(db, args);
    if (last === undefined) return { rows: [], next: undefined };
    const rows = db.rows(`SELECT ${WAITING_COLUMNS} FROM ${SELECTED} ORDER BY ${ORDER_BY[args.sort]} LIMIT ?16`, ...selectionValues(args, last), args.limit);
    return { rows: rows as unknown as readonly WaitingRow[], next: afterPiece(args, last) };
  },

  /** The same, oldest first, all of the piece; without the last replies unless `replies` is 1. */
  waitingText(db: Database, args: SelectionArgs & { readonly replies: 0 | 1; readonly nowMs: number }): WaitingText | undefined {
    const last = pieceEnd(db, args);
    if (last === undefined) return undefined;
    const row = db.get<{ rows: Uint8Array; messages: number; due: string | null }>(WAITING_TEXT, ...selectionValues(args, last), args.replies, args.nowMs);
    if (!row) return undefined;
    return { rows: row.rows, messages: row.messages, due: row.due ?? '', next: afterPiece(args, last) };
  },

  /** How much a piece has of what is selected. */
  count(db: Database, args: SelectionArgs): { readonly messages: number; readonly recipients: number; readonly next: string | undefined } {
    const last = pieceEnd(db, args);
    if (last === undefined) return { messages: 0, recipients: 0, next: undefined };
    const row = db.get<{ messages: number; recipients: number }>(
      `SELECT count(DISTINCT r.message_id) AS messages, count(*) AS recipients FROM ${SELECTED}`, ...selectionValues(args, last),
    );
    return { messages: row?.messages ?? 0, recipients: row?.recipients ?? 0, next: afterPiece(args, last) };
  },

  /** The selected recipients of a piece, counted by group, age class and state. */
  groups(db: Database, args: SelectionArgs & { readonly by: QueueGrouping; readonly nowMs: number }): { readonly rows: readonly GroupRow[]; readonly next: string | undefined } {
    const last = pieceEnd(db, args);
    if (last === undefined) return { rows: [], next: undefined };
    const rows = db.all<GroupRow>(
      `SELECT ${GROUP_NAME[args.by]} AS name, ${AGE_BUCKET} AS bucket, r.state AS state, count(*) AS recipients, min(m.queued_at) AS oldest,
         min(r.next_attempt_at) AS "nextAttemptAt"
       FROM ${SELECTED} GROUP BY 1, 2, 3`,
      ...selectionValues(args, last), args.nowMs,
    );
    return { rows, next: afterPiece(args, last) };
  },

  /** One waiting recipient of each domain that has recipients without a site, of a piece. */
  untried(db: Database, args: { readonly from: string; readonly scan: number }): { readonly rows: readonly { readonly domain: string; readonly id: string; readonly position: number }[]; readonly next: string | undefined } {
    const last = pieceEnd(db, { ...args, to: null });
    if (last === undefined) return { rows: [], next: undefined };
    const rows = db.all<{ domain: string; id: string; position: number }>(
      `SELECT ${RECIPIENT_DOMAIN} AS domain, min(r.message_id) AS id, r.position AS position FROM recipients AS r
       WHERE r.state IN ('queued', 'held') AND r.message_id >= ? AND r.message_id <= ? AND r.site IS NULL GROUP BY 1`,
      args.from, last,
    );
    return { rows, next: `${last} ` };
  },

  /** How all recipients of these messages stand, as parallel arrays; and the earliest time at which the age of one matters. */
  standing(db: Database, ids: readonly string[]): StandingPiece {
    const named = JSON.stringify(ids);
    const rows = db.all<StandingRow>(
      `SELECT message_id AS id, position, CASE WHEN state = 'queued' THEN next_attempt_at END AS "dueAt", ${DUE_SET_AT} AS "dueSetAt" FROM recipients
       WHERE message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id, position`,
      named,
    );
    const watch = db.get<{ at: number | null }>('SELECT min(watch_at) AS at FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND finished_at IS NULL', named);
    return { ...packStanding(rows), watchAt: watch?.at ?? Number.POSITIVE_INFINITY };
  },
};

/** ?1: a JSON array of message ids; ?2: a JSON array of MessageEvent. */
const APPEND_EVENTS = `INSERT INTO events (message_id, part, entries)
  SELECT named.value, (SELECT coalesce(max(part), -1) + 1 FROM events WHERE events.message_id = named.value), ?2 FROM json_each(?1) AS named`;

/** The reply of an ordered return is for its sender: when another order takes it back, nobody has said it. */
const RETURN_TAKEN_BACK = `recipients.state = 'queued' AND recipients.next_attempt_at = ${RETURN_ORDERED_AT}`;

const ORDER_SELECTED = `UPDATE recipients SET state = coalesce(?16, recipients.state), next_attempt_at = coalesce(?17, recipients.next_attempt_at),
    due_set_at = CASE WHEN ?17 IS NULL THEN recipients.due_set_at ELSE ?21 END,
    last_reply = CASE WHEN ?18 IS NULL AND ${RETURN_TAKEN_BACK} THEN NULL ELSE coalesce(?18, recipients.last_reply) END,
    reason = CASE WHEN ?18 IS NULL AND ${RETURN_TAKEN_BACK} THEN ?19 ELSE coalesce(?19, recipients.reason) END,
    reroute = CASE WHEN ?20 IS NULL THEN recipients.reroute WHEN ?20 = '' THEN NULL ELSE ?20 END,
    site = CASE WHEN ?20 IS NULL THEN recipients.site ELSE NULL END
  FROM (SELECT r.message_id AS id, r.position AS position FROM ${SELECTED}) AS chosen
  WHERE recipients.message_id = chosen.id AND recipients.position = chosen.position
  RETURNING recipients.message_id AS id, recipients.position AS position, CASE WHEN recipients.state = 'queued' THEN recipients.next_attempt_at END AS "dueAt",
    ${DUE_SET_AT} AS "dueSetAt"`;

const FINISH = `UPDATE messages SET finished_at = ?1, watch_at = NULL WHERE id IN (SELECT value FROM json_each(?2)) AND finished_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM recipients WHERE recipients.message_id = messages.id AND recipients.state IN ('queued', 'held'))
  RETURNING id`;

export const queueAdminWrites = {
  /** An order for the selected recipients of a piece, with its events, in one go. */
  orderSelected(db: Database, args: OrderSelectedArgs): OrderedPiece {
    const last = pieceEnd(db, args);
    if (last === undefined) return { changed: packStanding([]), next: undefined };
    const changed = db.all<StandingRow>(
      ORDER_SELECTED, ...selectionValues(args, last), args.newState, args.nextAttemptAt, args.lastReply, args.reason, args.reroute, args.atMs,
    );
    const finished = args.newState === 'deleted' ? finishMessages(db, [...new Set(changed.map((row) => row.id))], args.atMs) : [];
    appendOrderEvents(db, args, changed, new Set(finished));
    if (finished.length > 0) releaseBodiesOf(db, finished);
    return { changed: packStanding(changed), next: afterPiece(args, last) };
  },
};

/** Of the messages that have no waiting recipient any more. */
function finishMessages(db: Database, ids: readonly string[], atMs: number): string[] {
  return db.all<{ id: string }>(FINISH, atMs, JSON.stringify(ids)).map((row) => row.id);
}

/** One row for each message: what happened to its recipients, and its end. Most messages of an order have the same words. */
function appendOrderEvents(db: Database, args: OrderSelectedArgs, changed: readonly StandingRow[], finished: ReadonlySet<string>): void {
  const { atMs, eventName, eventData, doneEvents } = args;
  if (eventName === null) return;
  const positionsOf = new Map<string, string>();
  for (const { id, position } of changed) {
    const before = positionsOf.get(id);
    positionsOf.set(id, before === undefined ? String(position) : `${before} ${position}`);
  }
  const alike = new Map<string, string[]>();
  for (const [id, positions] of positionsOf) {
    const key = finished.has(id) ? `${positions} done` : positions;
    const ids = alike.get(key);
    if (ids) ids.push(id);
    else alike.set(key, [id]);
  }
  for (const [key, ids] of alike) {
    const [positions = '', done] = key.split(/ (?=done)/);
    const entries = positions.split(' ').map((position) => `{"at":${atMs},"name":${JSON.stringify(eventName)},"recipient":${position},"data":${eventData}}`);
    db.run(APPEND_EVENTS, JSON.stringify(ids), `[${entries.join(',')}${done ? `,${doneEvents.slice(1)}` : ']'}`);
  }
}

interface StandingRow {
  readonly id: string;
  readonly position: number;
  readonly dueAt: number | null;
  readonly dueSetAt: number;
}

function packStanding(rows: readonly StandingRow[]): StandingRows {
  return {
    ids: rows.map((row) => row.id).join(' '),
    positions: Uint32Array.from(rows, (row) => row.position),
    dueAt: Float64Array.from(rows, (row) => row.dueAt ?? Number.NaN),
    dueSetAt: Float64Array.from(rows, (row) => row.dueSetAt),
  };
}
