/**
 * Threads (RFC 8474 §5.2) within an account: a message belongs to the thread of those that it names in References and
 * In-Reply-To, or that named it. A thread has the number of its first mail. It never changes for a mail that is there,
 * so two threads that turn out to be one stay two; the older one gets what comes.
 */
import { hash as digest } from 'node:crypto';
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import type { Database } from '../database.ts';

/** Message-IDs without angle brackets. */
export interface ThreadLinks {
  readonly messageId?: string;
  /** Oldest first, as References has them, then those of In-Reply-To. */
  readonly references: readonly string[];
}

/** The thread of a new mail; undefined: it begins one. */
export function findThread(db: Database, account: string, links: ThreadLinks): number | undefined {
  let oldest: number | undefined;
  for (const hash of keysOf(links, MAILBOX_LIMITS.threadReferencesMax)) {
    const row = db.get<{ thread: number }>('SELECT thread_id AS thread FROM thread_keys WHERE account = ? AND hash = ?', account, hash);
    if (row && (oldest === undefined || row.thread < oldest)) oldest = row.thread;
  }
  return oldest;
}

/** What later mails of the thread will name: this one, the first of it, and what this one answers. */
export function rememberThread(db: Database, account: string, links: ThreadLinks, thread: number): void {
  const { messageId, references } = links;
  const named = [messageId, references[0], references.at(-1)].filter((id) => id !== undefined);
  for (const hash of new Set(named.map(keyOf))) {
    db.run('INSERT INTO thread_keys (account, hash, thread_id) VALUES (?, ?, ?) ON CONFLICT (account, hash) DO NOTHING', account, hash, thread);
  }
}

function keysOf({ messageId, references }: ThreadLinks, max: number): number[] {
  const ids = references.length > max ? [references[0] as string, ...references.slice(1 - max)] : references;
  return [...new Set([...ids, ...(messageId === undefined ? [] : [messageId])].map(keyOf))];
}

/** 48 bits, which a number holds. */
function keyOf(messageId: string): number {
  return digest('sha256', messageId, 'buffer').readUIntBE(0, 6);
}

export interface ThreadKeyPlace {
  readonly account: string;
  readonly hash: number;
}

/** Forgets keys of threads without mails, of at most `limit` keys after `after`; the place to go on, null at the end. */
export function sweepThreadKeys(db: Database, after: ThreadKeyPlace, limit: number): ThreadKeyPlace | null {
  const last = db.all<ThreadKeyPlace>(
    'SELECT account, hash FROM thread_keys WHERE (account, hash) > (?, ?) ORDER BY account, hash LIMIT ?', after.account, after.hash, limit,
  ).at(-1);
  if (!last) return null;
  db.run(
    `DELETE FROM thread_keys WHERE (account, hash) > (?, ?) AND (account, hash) <= (?, ?)
       AND NOT EXISTS (SELECT 1 FROM mails WHERE mails.id = thread_keys.thread_id)
       AND NOT EXISTS (SELECT 1 FROM mails WHERE mails.thread_id = thread_keys.thread_id AND mails.thread_id <> 0)`,
    after.account, after.hash, last.account, last.hash,
  );
  return last;
}
