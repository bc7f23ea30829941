/** IMAP, POP3 and ManageSieve over the store and the log-in of the program. */
import { StructureTexts } from '../../access/imap/fetch/structure-texts.ts';
import { ThreadMails } from '../../access/imap/search/thread-mails.ts';
import { createImap } from '../../access/imap/imap-protocol.ts';
import { FolderCache } from '../../access/mailbox/folder-cache.ts';
import { LiveFolders } from '../../access/mailbox/live-folders.ts';
import { createMailCache } from '../../access/mailbox/mail-cache.ts';
import { createManageSieve } from '../../access/managesieve/managesieve-protocol.ts';
import { MaildropLocks } from '../../access/pop3/maildrop-locks.ts';
import { createPop3 } from '../../access/pop3/pop3-protocol.ts';
import type { AccessProtocol } from '../../access/connection/protocol.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { Login } from '../../contract/directory.ts';
import type { Store } from '../../store/store.ts';

export interface AccessPorts {
  /** The live one. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly login: Login;
  readonly store: Store;
}

export interface Protocols {
  readonly imap: AccessProtocol;
  readonly pop3: AccessProtocol;
  readonly sieve: AccessProtocol;
  /** Lets go of what the sessions shared. */
  close(): void;
}

export function createProtocols({ config, clock, log, login, store }: AccessPorts): Protocols {
  const { hostname } = config;
  const folderCache = new FolderCache(store.mailbox.folders, store.mailbox.feed);
  const mailboxes = { ...store.mailbox, folders: folderCache.folders, mails: createMailCache(store.mailbox.mails) };
  const liveFolders = new LiveFolders({ messages: mailboxes.messages, feed: mailboxes.feed, clock });
  return {
    imap: createImap({
      mailboxes,
      liveFolders,
      structures: new StructureTexts(),
      threadMails: new ThreadMails(),
      login,
      clock,
      log,
      hostname,
      // A reload may change it.
      get messageBytesMax() {
        return config.smtp.maxMessageSize;
      },
    }),
    pop3: createPop3({ mailboxes, locks: new MaildropLocks(), login, log, hostname }),
    sieve: createManageSieve({ scripts: store.scripts, login, log, clock, hostname }),
    close: () => {
      folderCache.close();
      liveFolders.close();
    },
  };
}
