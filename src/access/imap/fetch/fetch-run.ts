/**
 * Runs a FETCH over any number of messages: asks the store for a batch while the one before is written, and waits when
 * the client reads too slowly.
 *
 * Policy: a message that was expunged meanwhile is left out and the command ends with NO [EXPUNGEISSUED] (RFC 5530 §3).
 * \Seen is set batch by batch, in one commit each, before the batch is told; a client that goes away in the middle has
 * marked only what it was sent.
 */
import { BufferSource, type ByteSource } from '../../../base/byte-source.ts';
import { IMAP_LIMITS } from '../../../base/access-limits.ts';
import type { MailFacts, MailReader } from '../../../contract/mailbox.ts';
import type { FolderRows } from '../../mailbox/folder-rows.ts';
import type { FetchPlan } from './fetch-plan.ts';
import type { MessageWriter } from './message-writer.ts';

export interface FetchTarget {
  /** As the client knows it. */
  readonly number: number;
  readonly uid: number;
}

export interface FetchRunOptions {
  readonly mails: MailReader;
  readonly plan: FetchPlan;
  readonly writer: MessageWriter;
  /** In order. */
  readonly targets: readonly FetchTarget[];
  /** The rows as they are now: flags may have changed, and messages gone, since the last batch. */
  readonly rows: () => FolderRows;
  /** Sets \Seen; resolves when that is in the rows. Undefined: the mailbox is read-only for this user. */
  readonly markSeen: ((uids: readonly number[]) => Promise<void>) | undefined;
  readonly flushWhenFull: () => Promise<void> | undefined;
  readonly progress: (done: number, total: number) => void;
  /** An answer was begun and cannot be ended: the client must not take what follows for the rest of it. */
  readonly breakOff: () => void;
  readonly signal: AbortSignal;
}

export interface FetchResult {
  /** Messages that were gone. */
  readonly missing: number;
}

interface Batch {
  readonly targets: readonly FetchTarget[];
  readonly facts: ReadonlyMap<number, MailFacts>;
  readonly contents: ReadonlyMap<number, ByteSource>;
  /** Whose \Seen was set for this batch. */
  readonly seen: ReadonlySet<number>;
}

export async function runFetch(options: FetchRunOptions): Promise<FetchResult> {
  const { targets, signal } = options;
  let missing = 0;
  let next = 0;
  const begin = (): Promise<Batch> | undefined => {
    if (next >= targets.length) return undefined;
    const end = batchEnd(options, next);
    const batch = readBatch(options, targets.slice(next, end));
    // Its failure is told when its turn comes, if it comes.
    batch.catch(() => undefined);
    next = end;
    return batch;
  };
  let done = 0;
  for (let ahead = begin(); ahead; ) {
    const batch = await ahead;
    ahead = begin();
    missing += await writeBatch(options, batch);
    done += batch.targets.length;
    signal.throwIfAborted();
    options.progress(done, targets.length);
  }
  return { missing };
}

/** So that a batch stays small in memory, whatever the messages' size. */
function batchEnd({ targets, plan, rows }: FetchRunOptions, from: number): number {
  const last = Math.min(targets.length, from + IMAP_LIMITS.fetchMessagesAtOnce);
  if (plan.content !== 'any') return last;
  const { sizes } = rows();
  let bytes = 0;
  for (let at = from; at < last; at += 1) {
    const index = rows().indexOf((targets[at] as FetchTarget).uid);
    bytes += index < 0 ? 0 : (sizes[index] as number);
    if (bytes > IMAP_LIMITS.fetchBytesAtOnce) return Math.max(from + 1, at);
  }
  return last;
}

const NOTHING = { facts: new Map<number, MailFacts>(), contents: new Map<number, ByteSource>(), seen: new Set<number>() };

async function readBatch(options: FetchRunOptions, targets: readonly FetchTarget[]): Promise<Batch> {
  const { plan, mails } = options;
  if (!plan.facts && plan.content === 'none') return { ...NOTHING, targets };
  const mailIds = mailIdsOf(options.rows(), targets);
  const [facts, contents, seen] = await Promise.all([
    plan.facts ? mails.facts(mailIds) : [],
    readContents(mails, mailIds, plan.content),
    plan.setsSeen ? markSeen(options, targets) : NOTHING.seen,
  ]);
  return { targets, facts: new Map(facts.map((one) => [one.mailId, one])), contents, seen };
}

function mailIdsOf(rows: FolderRows, targets: readonly FetchTarget[]): number[] {
  const ids: number[] = [];
  for (const { uid } of targets) {
    const index = rows.indexOf(uid);
    if (index >= 0) ids.push(rows.mailIdAt(index));
  }
  return ids;
}

async function readContents(mails: MailReader, mailIds: readonly number[], wanted: FetchPlan['content']): Promise<Batch['contents']> {
  if (wanted === 'none') return NOTHING.contents;
  const contents = new Map<number, ByteSource>();
  if (wanted === 'header' && mails.headers) {
    for (const [at, header] of (await mails.headers(mailIds)).entries()) if (header) contents.set(mailIds[at] as number, new BufferSource(header));
  } else {
    for (const [at, content] of (await mails.contents(mailIds)).entries()) if (content) contents.set(mailIds[at] as number, content);
  }
  return contents;
}

async function markSeen({ markSeen: mark, rows }: FetchRunOptions, targets: readonly FetchTarget[]): Promise<ReadonlySet<number>> {
  if (!mark) return NOTHING.seen;
  const now = rows();
  const unseen = targets.map(({ uid }) => uid).filter((uid) => {
    const index = now.indexOf(uid);
    return index >= 0 && !now.flagsAt(index).includes('\\Seen');
  });
  if (unseen.length === 0) return NOTHING.seen;
  await mark(unseen);
  return new Set(unseen);
}

/** The count of messages that are gone. */
async function writeBatch({ plan, rows: current, writer, flushWhenFull, breakOff }: FetchRunOptions, batch: Batch): Promise<number> {
  let missing = 0;
  let rows = current();
  for (const { number, uid } of batch.targets) {
    const index = rows.indexOf(uid);
    const mailId = index < 0 ? -1 : rows.mailIdAt(index);
    const facts = batch.facts.get(mailId);
    const content = batch.contents.get(mailId);
    if (index < 0 || (plan.facts && !facts) || (plan.content !== 'none' && !content)) {
      missing += 1;
      continue;
    }
    const waiting = writer.write({ number, index, rows, facts, content }, batch.seen.has(uid));
    if (waiting) await waiting.catch((error: unknown) => (breakOff(), Promise.reject(error)));
    const full = flushWhenFull();
    if (full) await full;
    if (waiting || full) rows = current();
  }
  return missing;
}
