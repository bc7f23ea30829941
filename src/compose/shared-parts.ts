/** What both ways of mail ask, in whichever thread they run: who lives here, and which keys sign. */
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { DEFAULT_MAILBOX } from '../config/mailbox-config.ts';
import type { MailboxRoom } from '../contract/mailbox-room.ts';
import type { Directory, SigningKeys } from '../contract/directory.ts';
import { createSigner, type Signer } from '../flow/sign/signer.ts';
import { createProvisioningDirectory } from '../login/provisioning-directory.ts';
import { createDirectory } from '../store/directory.ts';
import { createMailboxRoom } from '../store/mailbox-room.ts';
import { createSigningKeys } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import { createServiceOf } from './service-addresses.ts';
import { createServiceDirectory } from './service-directory.ts';

export interface SharedParts {
  readonly directory: Directory;
  readonly signingKeys: SigningKeys;
  readonly signer: Signer;
  readonly mailboxRoom: MailboxRoom;
}

/** `provision` makes a mailbox for an address that a log-in back end knows. */
export function createSharedParts(config: Config, clock: Clock, store: Store, provision: (address: string) => Promise<boolean>): SharedParts {
  const signingKeys = createSigningKeys({ store });
  const users = createProvisioningDirectory({ directory: createDirectory({ store, hostname: config.hostname, origin: config.origin }), provision, config });
  return {
    directory: createServiceDirectory(users, createServiceOf(config)),
    signingKeys,
    signer: createSigner({ keys: signingKeys, config, clock }),
    mailboxRoom: createMailboxRoom({ quotas: store.mailbox.quotas, defaults: () => config.mailbox ?? DEFAULT_MAILBOX }),
  };
}
