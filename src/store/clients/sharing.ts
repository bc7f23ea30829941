/** Folders of others (contract/mailbox.ts, FolderSharing). */
import type { FolderSharing } from '../../contract/mailbox.ts';
import { addressKey } from '../../mail/address.ts';
import type { StoreCall } from '../call.ts';

export function createFolderSharing(call: StoreCall): FolderSharing {
  return {
    rights: (folder, viewer) => call('sharing.rights', { folder, viewer: addressKey(viewer) }),
    list: (folder) => call('sharing.list', { folder }),
    set: (folder, identifier, rights) => call('sharing.set', { folder, identifier: identifierKey(identifier), rights }),
    sharedWith: (viewer) => call('sharing.sharedWith', { viewer: addressKey(viewer) }),
  };
}

/** `anyone`, an account, or either behind `-`. */
function identifierKey(identifier: string): string {
  const negative = identifier.startsWith('-') ? '-' : '';
  const name = identifier.slice(negative.length);
  return `${negative}${name.toLowerCase() === 'anyone' ? 'anyone' : addressKey(name)}`;
}
