/** The ports that mail programs work on (contract/mailbox.ts), put together. */
import type { Clock } from '../../base/clock.ts';
import type { FolderFeed, MailboxPorts } from '../../contract/mailbox.ts';
import type { StoreCall } from '../call.ts';
import type { SpaceReserve } from '../free-space.ts';
import { createAnnotations } from './annotations.ts';
import { createFolderMessages } from './folder-messages.ts';
import { createFolderStore } from './folders.ts';
import { createMailQuotas } from './mail-quotas.ts';
import type { MailQuotas } from './mail-quotas.ts';
import { createMailReader } from './mails.ts';
import { NewMails } from './new-mails.ts';
import { createFolderSharing } from './sharing.ts';

/** Without `search`, which has an index of its own beside the store. */
export interface StoredMailbox extends Omit<MailboxPorts, 'search'> {
  readonly quotas: MailQuotas;
}

export interface MailboxPortsOptions {
  readonly call: StoreCall;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly reserve: SpaceReserve;
  readonly feed: FolderFeed;
}

export function createMailboxPorts({ call, dataDir, clock, reserve, feed }: MailboxPortsOptions): StoredMailbox {
  return {
    folders: createFolderStore(call, clock),
    messages: createFolderMessages(call, clock, new NewMails({ dataDir, reserve })),
    mails: createMailReader(call, dataDir),
    sharing: createFolderSharing(call),
    annotations: createAnnotations(call),
    quotas: createMailQuotas(call),
    feed,
  };
}
