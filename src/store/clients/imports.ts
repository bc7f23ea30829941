/** Messages from elsewhere into a folder, and what has come already. */
import type { Clock } from '../../base/clock.ts';
import type { FolderId, NewMessage } from '../../contract/mailbox.ts';
import type { StoreCall } from '../call.ts';
import type { ImportedMail } from '../ops/imports.ts';
import type { NewMails } from './new-mails.ts';

export interface ImportMessage extends NewMessage {
  /** Names the message within its source and folder. */
  readonly message: string;
  /** To be kept, where the folder's numbering allows it. */
  readonly uid?: number;
}

export interface ImportStore {
  /** Resolves after the synced commit. All or none; those that are here already are passed over. */
  put(source: string, folder: FolderId, messages: readonly ImportMessage[]): Promise<{ readonly stored: number }>;
  missing(source: string, folder: FolderId, messages: readonly string[]): Promise<readonly string[]>;
  /** False when the folder has had messages already. */
  adoptNumbering(folder: FolderId, uidValidity: number): Promise<boolean>;
}

export function createImportStore(call: StoreCall, clock: Clock, newMails: NewMails): ImportStore {
  return {
    put: (source, folder, messages) =>
      newMails.store(messages, (mails) => {
        const imported = mails.map((mail, at): ImportedMail => {
          const { message, uid } = messages[at] as ImportMessage;
          return { ...mail, message, ...(uid === undefined ? {} : { uid }) };
        });
        return call('imports.put', { source, folder, mails: imported, at: clock.now() });
      }),
    missing: (source, folder, messages) => call('imports.missing', { source, folder, messages }),
    adoptNumbering: (folder, uidValidity) => call('imports.adoptNumbering', { folder, uidValidity }),
  };
}
