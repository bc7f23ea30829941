/** Folders of accounts (contract/mailbox.ts, FolderStore) over the storage thread. */
import type { Clock } from '../../base/clock.ts';
import type { FolderStore } from '../../contract/mailbox.ts';
import { addressKey } from '../../mail/address.ts';
import type { StoreCall } from '../call.ts';

export function createFolderStore(call: StoreCall, clock: Clock): FolderStore {
  return {
    list: (account) => call('folders.list', { account: addressKey(account) }),
    find: (account, name) => call('folders.find', { account: addressKey(account), name }),
    get: (id) => call('folders.get', { id }),
    create: (account, name, { specialUse = [], implied = false } = {}) =>
      call('folders.create', { account: addressKey(account), name, specialUse, implied, subscribe: false, at: clock.now() }),
    rename: (id, newName) => call('folders.rename', { id, newName, at: clock.now() }),
    remove: async (id) => {
      await call('folders.remove', { id, at: clock.now() });
      await sweepRemovedMail(call);
    },
    setSpecialUse: (id, specialUse) => call('folders.setSpecialUse', { id, specialUse }),
    subscriptions: (viewer) => call('folders.subscriptions', { viewer: addressKey(viewer) }),
    subscribe: (viewer, name, on) => call('folders.subscribe', { viewer: addressKey(viewer), name, on }),
  };
}

/**
 * Empties what removed folders still hold, in pieces, so that mail in transit never waits for it. After a crash the next
 * start goes on.
 */
export async function sweepRemovedMail(call: StoreCall): Promise<void> {
  while ((await call('folders.sweepRemoved', undefined)).more);
}
