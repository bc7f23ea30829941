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
import type { ThreadReply } from './thread-protocol.ts';

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
}

export function createGuestStore({ dataDir, clock, log, changeMemory }: GuestStoreOptions): GuestStore {
  const caller = new Caller(log);
  let current: MessagePort | undefined;
  const changes = createChangeCounts(changeMemory);
  // Contents are wanted where they are delivered, which is elsewhere.
  const clients = createStoreClients({ call: caller.call, dataDir, clock, reserve: new SpaceReserve(dataDir), changes, contentCacheBytes: 0 });
  return {
    ...clients,
    connect: (port) => {
      current = port;
      port.on('message', (replies: ThreadReply[]) => caller.settle(replies));
      port.once('close', () => {
        if (current === port) caller.disconnect();
      });
      caller.connect(port);
    },
    /** Hands over what was asked for; does not wait for it. */
    close: async () => {
      caller.close();
      caller.stopWatching();
      current?.close();
    },
  };
}
