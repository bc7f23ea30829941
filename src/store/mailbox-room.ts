/**
 * Room in mailboxes (contract/mailbox-room.ts). Limits are in memory, loaded at the first question and again after a
 * change, so that nothing is asked for an account without one.
 */
import type { MailboxRoom } from '../contract/mailbox-room.ts';
import { addressKey } from '../mail/address.ts';
import type { MailQuotas, OwnQuota } from './clients/mail-quotas.ts';

export interface MailboxRoomOptions {
  readonly quotas: MailQuotas;
  /** The limits that hold unless an account has its own; read at each question. */
  readonly defaults: () => { readonly quotaBytes?: number; readonly quotaMessages?: number };
}

/** Accounts with limits of their own that are looked at; those beyond are asked for in the store. */
const OWN_MAX = 100_000;

export function createMailboxRoom({ quotas, defaults }: MailboxRoomOptions): MailboxRoom {
  let loaded: { readonly version: number; readonly own: Promise<ReadonlyMap<string, OwnQuota> | undefined> } | undefined;
  const current = (): Promise<ReadonlyMap<string, OwnQuota> | undefined> => {
    // The version is read before the rows, so that a change in between loads once too often rather than never.
    if (loaded?.version !== quotas.version) {
      const entry = { version: quotas.version, own: load(quotas) };
      loaded = entry;
      entry.own.catch(() => {
        if (loaded === entry) loaded = undefined;
      });
    }
    return (loaded as NonNullable<typeof loaded>).own;
  };
  return async (account, bytes) => {
    const own = await current();
    const { quotaBytes = 0, quotaMessages = 0 } = defaults();
    const limits = own?.get(addressKey(account));
    if (own && (limits?.bytesMax ?? quotaBytes) === 0 && (limits?.messagesMax ?? quotaMessages) === 0) return 'room';
    const { usedBytes, usedMessages, bytesMax, messagesMax } = await quotas.state(account);
    const full = (bytesMax !== undefined && usedBytes + Math.max(1, bytes) > bytesMax) || (messagesMax !== undefined && usedMessages >= messagesMax);
    return full ? 'full' : 'room';
  };
}

async function load(quotas: MailQuotas): Promise<ReadonlyMap<string, OwnQuota> | undefined> {
  const rows = await quotas.own(OWN_MAX + 1);
  return rows.length > OWN_MAX ? undefined : new Map(rows.map((row) => [row.account, row]));
}
