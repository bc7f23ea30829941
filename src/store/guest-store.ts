/**
 * The store as another thread of the program sees it: the same clients over a port of its own to the storage thread,
 * which the thread that opened the data directory hands over (Store.share), again when the storage thread was replaced.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Caller } from './caller.ts';
import { createChangeCounts } from './change-counts.ts';
import { SpaceReserve } from './free-space.ts';
import { createStoreClients } from './store-clients.ts';
import type { Store } from './store.ts';
import { FolderFeedClient } from './folder-feed.ts';
import { createGuestSearch } from './search-index/search-client.ts';
import { routeReads } from './read-routing.ts';
import type { FromThread } from './thread-protocol.ts';

export interface GuestStoreOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Store.changeMemory of the thread that opened the directory. */
  readonly changeMemory: SharedArrayBuffer;
}

export interface GuestStore extends Store {
  /** Calls go this way from now on. */
  connect(port: MessagePort): void;
  /** Reads of mailboxes go this way from now on (OwnStore.shareReader); without it, where all calls go. */
  connectReader(port: MessagePort): void;
  /** Searches go this way from now on (OwnStore.shareSearch). */
  connectSearch(port: MessagePort): void;
}

export function createGuestStore({ dataDir, clock, log, changeMemory }: GuestStoreOptions): GuestStore {
  const caller = new Caller(log);
  const reader = new Caller(log, 0);
  let current: MessagePort | undefined;
  let currentReader: MessagePort | undefined;
  const call = routeReads(caller.call, reader.call);
  const changes = createChangeCounts(changeMemory);
  const feed = new FolderFeedClient(call, changes.folders);
  const searching = createGuestSearch();
  // Contents are wanted where they are delivered, which is elsewhere.
  const clients = createStoreClients({ call, feed, search: searching.search, dataDir, clock, reserve: new SpaceReserve(dataDir), changes, contentCacheBytes: 0 });
  return {
    ...clients,
    connect: (port) => {
      current = port;
      port.on('message', (message: FromThread) => ('news' in message ? feed.tell(message) : caller.settle(message)));
      port.once('close', () => {
        if (current === port) caller.disconnect();
      });
      caller.connect(port);
      feed.connect(port);
    },
    connectReader: (port) => {
      currentReader = port;
      port.on('message', (message: FromThread) => {
        if (!('news' in message)) reader.settle(message);
      });
      port.once('close', () => {
        if (currentReader === port) reader.disconnect();
      });
      reader.connect(port);
    },
    connectSearch: (port) => searching.connect(port),
    /** Hands over what was asked for; does not wait for it. */
    close: async () => {
      void clients.reportsOut.flush().catch(() => {});
      for (const one of [reader, caller]) {
        one.close();
        one.stopWatching();
      }
      searching.close();
      currentReader?.close();
      current?.close();
    },
  };
}
