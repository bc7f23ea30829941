/**
 * Everything that is kept: opens a data directory and hands out the clients of the storage thread, one per noun.
 *
 * A data directory has `posthorn.db` (with its log), `search.db` (the text index, derived), `bodies/` (large contents) and `run/` (lock, pid, control socket).
 */
import { SystemClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import type { Log } from '../base/log.ts';
import { createChangeCounts, createChangeMemory } from './change-counts.ts';
import { sweepRemovedMail } from './clients/folders.ts';
import { SpaceReserve } from './free-space.ts';
import type { FreeSpace } from './free-space.ts';
import { lockDataDir } from './lock.ts';
import { SearchIndex } from './search-index/search-index.ts';
import { routeReads } from './read-routing.ts';
import { createStoreClients } from './store-clients.ts';
import type { StoreClients } from './store-clients.ts';
import { ThreadClient } from './thread-client.ts';
import type { PortTaker } from './thread-client.ts';

export interface StoreOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: none. */
  readonly log?: Log;
  /** Changes nothing, not even the schema; the database must exist. Default false. */
  readonly readOnly?: boolean;
  /** Reads of mailboxes have a thread of their own, so that they never wait for a sync. Default false. */
  readonly readerThread?: boolean;
  /** Milliseconds to wait for a process that holds the directory. Default STORE_LIMITS.lockWaitMs. */
  readonly lockWaitMs?: number;
  /** For tests of a full disk: upper bound of the database in pages, and how free space is measured. */
  readonly maxPages?: number;
  readonly freeSpace?: FreeSpace;
}

export interface Store extends StoreClients {
  /** Waits for what was asked for, ends the thread, gives the directory free. */
  close(): Promise<void>;
}

/** As the thread has it that opened the data directory. */
export interface OwnStore extends Store {
  /** For the guest stores of other threads (store/guest-store.ts). */
  readonly changeMemory: SharedArrayBuffer;
  /** Hands out a port for a guest store, and a new one whenever the storage thread was replaced. Undone by the result. */
  share(take: PortTaker): () => void;
  /** The same for the thread that reads mailboxes; without one, `take` is never called. */
  shareReader(take: PortTaker): () => void;
  /** The same for the thread that searches texts. */
  shareSearch(take: PortTaker): () => void;
  /** From now on the text index takes up what is delivered. */
  startIndexing(): void;
}

/**
 * Rejects with Failure `data-dir-in-use` (names the pid), `store-newer`, `store-older` (read-only), `store-missing`
 * (read-only), `store-failed`.
 */
export async function openStore(dataDir: string, options: StoreOptions = {}): Promise<OwnStore> {
  if (options.readOnly && !existsSync(join(dataDir, 'posthorn.db'))) {
    throw new Failure('store-missing', `${dataDir} has no posthorn.db: start the server once, or check data-dir`, { temporary: false });
  }
  const lock = await lockDataDir(dataDir, options.lockWaitMs);
  const opened: (() => Promise<void> | void)[] = [() => lock.release()];
  try {
    return await openThreads(dataDir, options, opened);
  } catch (error) {
    // A thread that is left would keep the process from ending.
    await closeAll(opened);
    throw error;
  }
}

async function closeAll(opened: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const close of opened.toReversed()) await close();
}

/** Puts into `opened` what has to be closed, in the order of opening. */
async function openThreads(dataDir: string, options: StoreOptions, opened: (() => Promise<void> | void)[]): Promise<OwnStore> {
  const { clock = new SystemClock(), log = silentLog, readOnly = false } = options;
  const changeMemory = createChangeMemory();
  const thread = await ThreadClient.start({ dataDir, changeMemory, readOnly, sweep: !readOnly, nowMs: clock.now(), ...(options.maxPages ? { maxPages: options.maxPages } : {}) }, log);
  opened.push(() => thread.close());
  const reader = options.readerThread ? await ThreadClient.start({ dataDir, readOnly: true, sweep: false, nowMs: clock.now() }, log) : undefined;
  if (reader) opened.push(() => reader.close());
  const call = reader ? routeReads(thread.call, reader.call) : thread.call;
  // A failure is in the log already, and the next start tries again.
  if (!readOnly) void sweepRemovedMail(call).catch(() => {});
  const searchIndex = new SearchIndex({ dataDir, log });
  opened.push(() => searchIndex.close());
  const reserve = new SpaceReserve(dataDir, options.freeSpace);
  return {
    ...createStoreClients({ call, feed: thread.feed, search: searchIndex.search, dataDir, clock, reserve, changes: createChangeCounts(changeMemory) }),
    changeMemory,
    share: (take) => thread.share(take),
    shareReader: (take) => reader?.share(take) ?? (() => {}),
    shareSearch: (take) => searchIndex.share(take),
    startIndexing: () => {
      thread.feed.watch(() => searchIndex.wake());
      searchIndex.startIndexing(call('mails.exist', {}));
    },
    close: () => closeAll(opened),
  };
}
