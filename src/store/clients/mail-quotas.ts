/** What accounts keep and may keep (contract/mailbox.ts, Quotas), and the settings that go with it. */
import type { Quotas } from '../../contract/mailbox.ts';
import { addressKey } from '../../mail/address.ts';
import type { StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import type { MailboxSettings } from '../ops/mailbox-settings.ts';

export type { MailboxSettings } from '../ops/mailbox-settings.ts';

/** Of one account; null: the default holds, 0: no limit. */
export interface OwnQuota {
  readonly account: string;
  readonly bytesMax: number | null;
  readonly messagesMax: number | null;
}

export interface MailQuotas extends Quotas {
  /** Grows with every change of an own limit made by this program. */
  readonly version: number;
  /** Accounts with limits of their own. */
  own(limit: number): Promise<readonly OwnQuota[]>;
  /** What holds for all accounts from now on; kept in the store. */
  configure(settings: MailboxSettings): Promise<void>;
}

export function createMailQuotas(call: StoreCall, changes: ChangeCount): MailQuotas {
  return {
    get version() {
      return changes.value;
    },
    state: (account) => call('mailQuotas.state', { account: addressKey(account) }),
    set: async (account, limits) => {
      const key = addressKey(account);
      try {
        await call('mailQuotas.set', { account: key, ...limits });
      } finally {
        // Also after a failure: one whose answer was lost may have been committed.
        changes.increase();
      }
      return call('mailQuotas.state', { account: key });
    },
    own: (limit) => call('mailQuotas.own', { limit }),
    configure: (settings) => call('mailQuotas.configure', settings),
  };
}
