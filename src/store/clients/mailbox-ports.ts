/** The ports that mail programs work on (contract/mailbox.ts), put together. */
import type { Clock } from '../../base/clock.ts';
import type { FolderFeed, MailboxPorts, MailSearch } from '../../contract/mailbox.ts';
import type { StoreCall } from '../call.ts';
import type { ChangeCounts } from '../change-counts.ts';
import type { SpaceReserve } from '../free-space.ts';
import { createAnnotations } from './annotations.ts';
import { createFolderMessages } from './folder-messages.ts';
import { createFolderStore } from './folders.ts';
import { createMailQuotas } from './mail-quotas.ts';
import type { MailQuotas } from './mail-quotas.ts';
import { createMailReader } from './mails.ts';
import { NewMails } from './new-mails.ts';
import { createFolderSharing } from './sharing.ts';

export interface StoredMailbox extends MailboxPorts {
  readonly quotas: MailQuotas;
}

export interface MailboxPortsOptions {
  readonly call: StoreCall;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly reserve: SpaceReserve;
  readonly feed: FolderFeed;
  readonly changes: ChangeCounts;
  /** Has an index of its own beside the store (store/search-index). */
  readonly search: MailSearch;
}

export function createMailboxPorts({ call, dataDir, clock, reserve, feed, search, changes }: MailboxPortsOptions): StoredMailbox {
  return {
    folders: createFolderStore(call, clock),
    messages: createFolderMessages(call, clock, new NewMails({ dataDir, reserve })),
    mails: createMailReader(call, dataDir),
    sharing: createFolderSharing(call),
    annotations: createAnnotations(call),
    quotas: createMailQuotas(call, changes.mailQuotas),
    feed,
    search,
  };
}
