/**
 * Runs a FETCH over any number of messages: asks the store for a batch while the one before is written, and waits when
 * the client reads too slowly.
 *
 * Policy: a message that was expunged meanwhile is left out and the command ends with NO [EXPUNGEISSUED] (RFC 5530 §3),
 * unless only its UID was asked for, which the session still knows (RFC 2180 §4.1).
 * \Seen is set batch by batch, in one commit each, before the batch is told; a client that goes away in the middle has
 * marked only what it was sent.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BufferSource } from '../../../base/byte-source.ts';
import { IMAP_LIMITS } from '../../../base/access-limits.ts';
import type { MailFacts, MailPiece, MailPieceOrder, MailReader } from '../../../contract/mailbox.ts';
import type { FolderRows } from '../../mailbox/folder-rows.ts';
import { pieceOf, type FetchPlan } from './fetch-plan.ts';
import type { FetchedMessage, MessageWriter } from './message-writer.ts';
import type { StructureTexts } from './structure-texts.ts';

export interface FetchTarget {
  /** As the client knows it. */
  readonly number: number;
  readonly uid: number;
}

export interface FetchRunOptions {
  readonly mails: MailReader;
  readonly structures: StructureTexts;
  readonly utf8: boolean;
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
  /** The plan's structure items. */
  readonly texts: ReadonlyMap<number, readonly string[]>;
  readonly contents: ReadonlyMap<number, MailPiece>;
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
  let turnBeganAt = performance.now();
  for (let ahead = begin(); ahead; ) {
    const batch = await ahead;
    ahead = begin();
    missing += await writeBatch(options, batch).finally(() => options.writer.flush());
    done += batch.targets.length;
    signal.throwIfAborted();
    options.progress(done, targets.length);
    if (performance.now() - turnBeganAt < IMAP_LIMITS.fetchTurnMs) continue;
    await nextTurn();
    turnBeganAt = performance.now();
  }
  return { missing };
}

/** So that a batch stays small in memory, whatever the messages' size. */
function batchEnd({ targets, plan, rows }: FetchRunOptions, from: number): number {
  const last = Math.min(targets.length, from + IMAP_LIMITS.fetchMessagesAtOnce);
  if (plan.content === 'none' || plan.content === 'header') return last;
  const { sizes } = rows();
  let bytes = 0;
  for (let at = from; at < last; at += 1) {
    const index = rows().indexOf((targets[at] as FetchTarget).uid);
    bytes += index < 0 ? 0 : pieceBytesMax(plan, sizes[index] as number);
    if (bytes > IMAP_LIMITS.fetchBytesAtOnce) return Math.max(from + 1, at);
  }
  return last;
}

/** What is read of a message of that size at most, as far as it can be told without its structure. */
function pieceBytesMax({ items, content }: FetchPlan, sizeBytes: number): number {
  const [only, ...more] = items.filter(({ kind }) => kind === 'section' || kind === 'binary' || kind === 'binary.size');
  if (content !== 'piece' || only?.kind !== 'section' || !only.partial || more.length > 0) return sizeBytes;
  return Math.min(sizeBytes, only.partial.count);
}

const NOTHING: Omit<Batch, 'targets'> = { facts: new Map(), texts: new Map(), contents: new Map(), seen: new Set() };

async function readBatch(options: FetchRunOptions, targets: readonly FetchTarget[]): Promise<Batch> {
  const { plan } = options;
  if (!plan.facts && plan.structureItems.length === 0 && plan.content === 'none') return { ...NOTHING, targets };
  const mailIds = mailIdsOf(options.rows(), targets);
  const facts = readFacts(options, mailIds);
  const [read, contents, seen] = await Promise.all([
    facts,
    readContents(options, mailIds, facts),
    plan.setsSeen ? markSeen(options, targets) : NOTHING.seen,
  ]);
  return { targets, ...read, contents, seen };
}

/** Facts are asked for only where the texts that are made of them are not known. */
async function readFacts({ plan, mails, structures, utf8 }: FetchRunOptions, mailIds: readonly number[]): Promise<Pick<Batch, 'facts' | 'texts'>> {
  const texts = new Map<number, readonly string[]>();
  const { structureItems } = plan;
  const unknown = plan.facts ? mailIds : structureItems.length === 0 ? [] : mailIds.filter((id) => {
    const known = structures.known(structureItems, utf8, id);
    if (known) texts.set(id, known);
    return !known;
  });
  const facts = new Map<number, MailFacts>();
  if (unknown.length > 0) for (const one of await mails.facts(unknown)) facts.set(one.mailId, one);
  if (structureItems.length > 0) for (const [id, one] of facts) texts.set(id, structures.of(structureItems, utf8, one));
  return { facts, texts };
}

function mailIdsOf(rows: FolderRows, targets: readonly FetchTarget[]): number[] {
  const ids: number[] = [];
  for (const { uid } of targets) {
    const index = rows.indexOf(uid);
    if (index >= 0) ids.push(rows.mailIdAt(index));
  }
  return ids;
}

async function readContents({ plan, mails, structures }: FetchRunOptions, mailIds: readonly number[], facts: Promise<Pick<Batch, 'facts'>>): Promise<Batch['contents']> {
  if (plan.content === 'none') return NOTHING.contents;
  const contents = new Map<number, MailPiece>();
  if (plan.content === 'header' && mails.headers) {
    for (const [at, header] of (await mails.headers(mailIds)).entries()) if (header) contents.set(mailIds[at] as number, { start: 0, bytes: new BufferSource(header) });
  } else if (plan.content === 'piece' && mails.pieces) {
    const wanted = [...(await facts).facts.values()].map((one): MailPieceOrder => {
      const { start, end } = pieceOf(plan, () => structures.root(one), one.sizeBytes);
      return [one.mailId, start, end];
    });
    for (const [at, piece] of (await mails.pieces(wanted)).entries()) if (piece) contents.set((wanted[at] as MailPieceOrder)[0], piece);
  } else {
    for (const [at, bytes] of (await mails.contents(mailIds)).entries()) if (bytes) contents.set(mailIds[at] as number, { start: 0, bytes });
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
  const onlyUid = plan.items.every(({ kind }) => kind === 'uid');
  let missing = 0;
  let rows = current();
  let index = -1;
  for (const { number, uid } of batch.targets) {
    // Mostly the next one.
    index = index + 1 < rows.count && rows.uidAt(index + 1) === uid ? index + 1 : rows.indexOf(uid);
    const message = index < 0 ? undefined : readOf(plan, batch, rows.mailIdAt(index));
    if (!message) {
      if (onlyUid) writer.writeUid(number, uid);
      else missing += 1;
      continue;
    }
    const waiting = writer.write({ number, index, rows, ...message }, batch.seen.has(uid));
    if (waiting) await waiting.catch((error: unknown) => (breakOff(), Promise.reject(error)));
    const full = flushWhenFull();
    if (full) await full;
    if (waiting || full) rows = current();
  }
  return missing;
}

const NO_TEXTS: readonly string[] = [];

/** What was read of a message; undefined when something is missing. */
function readOf(plan: FetchPlan, batch: Batch, mailId: number): Pick<FetchedMessage, 'facts' | 'texts' | 'content'> | undefined {
  const facts = plan.facts ? batch.facts.get(mailId) : undefined;
  const texts = plan.structureItems.length > 0 ? batch.texts.get(mailId) : NO_TEXTS;
  const content = plan.content === 'none' ? undefined : batch.contents.get(mailId);
  return (plan.facts && !facts) || !texts || (plan.content !== 'none' && !content) ? undefined : { facts, texts, content };
}
