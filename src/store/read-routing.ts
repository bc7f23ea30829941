/**
 * Sends what sessions read of mailboxes to the reader thread, which has a connection of its own and never waits for a
 * sync, and everything else to the storage thread. A read that is asked after a write was answered sees it: the write was
 * committed before its answer, and every batch of reads begins a new transaction.
 */
import { Failure } from '../base/errors.ts';
import type { StoreCall } from './call.ts';
import { readApart } from './read-apart.ts';

/** While there is no reader thread, the storage thread reads. */
export function routeReads(storage: StoreCall, reader: StoreCall): StoreCall {
  return (name, args) => {
    if (!readApart.has(name)) return storage(name, args);
    return reader(name, args).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'store-failed') return storage(name, args);
      throw error;
    });
  };
}
