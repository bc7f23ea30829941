/**
 * The queue's rows, written. Values arrive ready for their columns (store/clients/queue-rows.ts packs them on the other
 * side), so that the thread, which everybody shares, does as little as possible for each message.
 */
import type { MailboxDeposit } from '../../contract/queue.ts';
import type { Telling } from '../../contract/message.ts';
import { RETURN_ORDERED_AT } from '../../contract/queue.ts';
import type { RecipientState, ScriptMemory, SettleResult } from '../../contract/queue.ts';
import type { Database } from '../database.ts';
import { addBody, releaseBody } from './bodies.ts';
import type { NewBody } from './bodies.ts';
import { dkimRotationWrites } from './dkim-rotations.ts';
import { guardWrites } from './guard.ts';
import { depositMessage } from './mailboxes.ts';
import { rememberForScript } from './scripts.ts';
import { addLookupKeys, removeLookupKeys } from './lookup-keys.ts';
import { appendEvents, startEvents } from './timeline.ts';
export { queueReads } from './queue-reads.ts';

/** The columns of `messages` in order, without `finished_at` and `lookup_run`. */
export type MessageValues = readonly [
  id: string, sender: string, options: string, origin: string, senderBelieved: 0 | 1, contentDigest: string, sizeBytes: number,
  startedAt: number, queuedAt: number, expiresAt: number, messageId: string | null, headerFrom: string | null, junk: 0 | 1,
  stream: string | null, dkimDomain: string | null, watchAt: number,
];

/** The columns of `recipients` in order, without `message_id`. */
export type RecipientValues = readonly [
  position: number, address: string, originalRecipient: string | null, notify: string | null, state: RecipientState, attempts: number,
  nextAttemptAt: number, lastReply: string | null, reason: string | null, via: string | null, reversePath: string | null, /** JSON of a Reroute. */ reroute: string | null,
];

/** state, attempts, next_attempt_at, last_reply, reason; the position; site, rule, culprit. */
export type SettlementValues = readonly [
  state: RecipientState, attempts: number, nextAttemptAt: number, lastReply: string | null, reason: string | null, position: number,
  site: string | null, rule: string | null, culprit: string | null,
];

export interface InsertArgs {
  readonly message: MessageValues;
  readonly recipients: readonly RecipientValues[];
  /** A JSON array of MessageEvent, or null for none. */
  readonly events: string | null;
  readonly body: NewBody;
  readonly tells?: Telling;
  /** Notices about it, committed with it. */
  readonly followUps?: readonly InsertArgs[];
}

export interface SettleArgs {
  readonly id: string;
  readonly atMs: number;
  readonly settlements: readonly SettlementValues[];
  readonly deposits: readonly MailboxDeposit[];
  /** Of deposits whose content is not the message's. */
  readonly bodies?: readonly NewBody[];
  readonly remember?: readonly ScriptMemory[];
  readonly followUps: readonly InsertArgs[];
  readonly events: string | null;
  /** Appended when this settlement was the last one: a JSON array of MessageEvent. */
  readonly doneEvents: string | null;
  /** The delay notice was sent, or nobody wants it: the age of the message matters again at its expiry. */
  readonly delayNoticeDone: boolean;
}

export interface OrderArgs {
  readonly id: string;
  readonly atMs: number;
  readonly positions: readonly number[];
  readonly state: RecipientState;
  readonly nextAttemptAt: number | null;
  readonly lastReply: string | null;
  readonly reason: string | null;
  readonly events: string | null;
  readonly doneEvents: string | null;
}

const INSERT_MESSAGE = `INSERT INTO messages (id, sender, options, origin, sender_believed, content_digest, size_bytes, started_at,
  queued_at, expires_at, message_id, header_from, junk, stream, dkim_domain, watch_at, lookup_run)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const INSERT_RECIPIENT = `INSERT INTO recipients (message_id, position, address, original_recipient, notify, state, attempts,
  next_attempt_at, last_reply, reason, via, reverse_path, reroute) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const RETURN_STANDS = `(?1 = 'queued' AND next_attempt_at = ${RETURN_ORDERED_AT} AND last_reply IS NOT NULL)`;

/** An order to hold or to return (RETURN_ORDERED_AT), given while an attempt was under way, outlives the attempt's deferral. */
const SETTLE_RECIPIENT = `UPDATE recipients SET state = CASE WHEN state = 'held' AND ?1 = 'queued' THEN 'held' ELSE ?1 END,
  attempts = ?2, next_attempt_at = CASE WHEN ${RETURN_STANDS} THEN next_attempt_at ELSE ?3 END,
  last_reply = CASE WHEN ${RETURN_STANDS} THEN last_reply ELSE ?4 END, reason = CASE WHEN ${RETURN_STANDS} THEN reason ELSE ?5 END,
  site = coalesce(?7, site), rule = coalesce(?8, rule), culprit = coalesce(?9, culprit), due_set_at = ?11
  WHERE message_id = ?10 AND position = ?6 AND state IN ('queued', 'held')`;

const ORDER_RECIPIENT = `UPDATE recipients SET state = ?1, next_attempt_at = coalesce(?2, next_attempt_at),
  due_set_at = CASE WHEN ?2 IS NULL THEN due_set_at ELSE ?7 END, last_reply = coalesce(?3, last_reply), reason = coalesce(?4, reason)
  WHERE message_id = ?5 AND position = ?6 AND state IN ('queued', 'held')`;

const FINISH_MESSAGE = `UPDATE messages SET finished_at = ?1, watch_at = NULL WHERE id = ?2
  AND NOT EXISTS (SELECT 1 FROM recipients WHERE message_id = ?2 AND state IN ('queued', 'held'))`;

export const queueWrites = {
  insert(db: Database, item: InsertArgs): void {
    insertItem(db, item);
    for (const followUp of item.followUps ?? []) insertItem(db, followUp);
    if (item.tells) markTold(db, item.tells);
  },

  /** What came of an attempt. */
  settle(db: Database, args: SettleArgs): SettleResult {
    const message = statusOf(db, args.id);
    if (!message) return { finished: true, superseded: true };
    // Deleted by an administrator while the attempt was under way: there is no content left to deposit.
    if (message.finishedAt !== null) {
      if (args.events !== null) appendEvents(db, args.id, args.events);
      return { finished: true, superseded: true };
    }
    for (const settlement of args.settlements) db.run(SETTLE_RECIPIENT, ...settlement, args.id, args.atMs);
    const { bodies = [], remember = [] } = args;
    for (const body of bodies) addBody(db, body);
    for (const deposit of args.deposits) depositMessage(db, deposit);
    // The mails hold them now.
    for (const body of bodies) releaseBody(db, body.digest);
    for (const memory of remember) rememberForScript(db, memory, args.atMs);
    for (const followUp of args.followUps) insertItem(db, followUp);
    if (args.delayNoticeDone) db.run('UPDATE messages SET watch_at = expires_at WHERE id = ?', args.id);
    return { finished: finishWhenDone(db, args, message.digest) };
  },

  /** An administrator's order for waiting recipients; null leaves a column as it is. */
  order(db: Database, args: OrderArgs): { readonly finished: boolean } {
    const message = statusOf(db, args.id);
    if (!message || message.finishedAt !== null) return { finished: true };
    for (const position of args.positions) {
      db.run(ORDER_RECIPIENT, args.state, args.nextAttemptAt, args.lastReply, args.reason, args.id, position, args.atMs);
    }
    return { finished: finishWhenDone(db, args, message.digest) };
  },

  /** Removes finished messages with their history; returns how many, at most `limit`. */
  prune(db: Database, args: { readonly finishedBefore: number; readonly limit: number }): number {
    const old = db.all<{ id: string }>('SELECT id FROM messages WHERE finished_at < ? ORDER BY finished_at LIMIT ?', args.finishedBefore, args.limit);
    for (const { id } of old) {
      removeLookupKeys(db, id);
      db.run('DELETE FROM events WHERE message_id = ?', id);
      db.run('DELETE FROM recipients WHERE message_id = ?', id);
      db.run('DELETE FROM messages WHERE id = ?', id);
    }
    return old.length;
  },
};

function insertItem(db: Database, item: InsertArgs): void {
  const id = item.message[0];
  const run = addLookupKeys(db, id, [item.message[1], item.message[10], ...item.recipients.map((recipient) => recipient[1])]);
  db.run(INSERT_MESSAGE, ...item.message, run);
  for (const recipient of item.recipients) db.run(INSERT_RECIPIENT, id, ...recipient);
  if (item.events !== null) startEvents(db, id, item.events);
  addBody(db, item.body);
}

function statusOf(db: Database, id: string): { readonly digest: string; readonly finishedAt: number | null } | undefined {
  return db.get('SELECT content_digest AS digest, finished_at AS "finishedAt" FROM messages WHERE id = ?', id);
}

/** Frees the content when nobody is left, and writes the events. */
function finishWhenDone(db: Database, { id, atMs, events, doneEvents }: Pick<SettleArgs, 'id' | 'atMs' | 'events' | 'doneEvents'>, digest: string): boolean {
  const finished = db.run(FINISH_MESSAGE, atMs, id).changes > 0;
  const entries = [events, finished ? doneEvents : null].filter((part) => part !== null);
  // Arrays of JSON, put together as text.
  if (entries.length > 0) appendEvents(db, id, entries.length === 1 ? (entries[0] as string) : entries.map((part, at) => (at === 0 ? part.slice(0, -1) : part.slice(1))).join(','));
  if (finished) releaseBody(db, digest);
  return finished;
}

function markTold(db: Database, telling: Telling): void {
  switch (telling.kind) {
    case 'guard-news':
      return guardWrites.told(db, { last: telling.upTo, at: telling.at });
    case 'dkim-rotation':
      return dkimRotationWrites.told(db, telling);
  }
}
