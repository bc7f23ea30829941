/** App passwords, second factors and the audit of log-ins, for the log-in (login/) and for administrators. */
import { addressKey } from '../../mail/address.ts';
import { exactBytes } from '../call.ts';
import type { StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import type { AppPasswordRow } from '../ops/app-passwords.ts';
import type { LoginEvent, LoginNotes } from '../ops/logins.ts';
import type { SecondFactorRow } from '../ops/second-factors.ts';

/** Times are milliseconds since 1970. Every change resolves after the synced commit; failures as in the operations. */
export interface LoginStore {
  readonly appPasswords: {
    add(password: { readonly account: string; readonly name: string; readonly digest: Uint8Array; readonly scopes: readonly string[]; readonly at: number }): Promise<void>;
    remove(account: string, name: string): Promise<void>;
    list(account: string): Promise<readonly AppPasswordRow[]>;
  };
  readonly secondFactors: {
    get(account: string): Promise<SecondFactorRow | undefined>;
    begin(account: string, sealedSecret: Uint8Array, at: number): Promise<void>;
    confirm(account: string, confirmed: { readonly step: number; readonly recoveryDigests: readonly Uint8Array[]; readonly at: number }): Promise<boolean>;
    remove(account: string): Promise<boolean>;
    useStep(account: string, step: number): Promise<boolean>;
    useRecoveryCode(account: string, digest: Uint8Array, at: number): Promise<boolean>;
  };
  note(notes: LoginNotes): Promise<void>;
  /** Newest first. */
  list(account: string, options: { readonly failed: boolean; readonly limit: number }): Promise<readonly LoginEvent[]>;
  recentFailures(since: number, limit: number): Promise<readonly LoginEvent[]>;
  isKnownAddress(account: string, digest: Uint8Array, since: number): Promise<boolean>;
}

/** `changes` is that of the directory: what opens an account is part of it. */
export function createLoginStore(call: StoreCall, changes: ChangeCount): LoginStore {
  const key = addressKey;
  const changing = async <T>(change: Promise<T>): Promise<T> => {
    try {
      return await change;
    } finally {
      // Also after a failure: one whose answer was lost may have been committed.
      changes.increase();
    }
  };
  return {
    appPasswords: {
      add: async ({ account, name, digest, scopes, at }) => call('appPasswords.add', { account: key(account), name, digest: exactBytes(digest), scopes: scopes.join(' '), at }),
      remove: async (account, name) => changing(call('appPasswords.remove', { account: key(account), name })),
      list: async (account) => call('appPasswords.list', { account: key(account) }),
    },
    secondFactors: {
      get: async (account) => call('secondFactors.get', { account: key(account) }),
      begin: async (account, sealedSecret, at) => call('secondFactors.begin', { account: key(account), sealedSecret: exactBytes(sealedSecret), at }),
      confirm: async (account, { step, recoveryDigests, at }) => changing(call('secondFactors.confirm', { account: key(account), step, recoveryDigests: recoveryDigests.map(exactBytes), at })),
      remove: async (account) => call('secondFactors.remove', { account: key(account) }),
      useStep: async (account, step) => call('secondFactors.useStep', { account: key(account), step }),
      useRecoveryCode: async (account, digest, at) => call('secondFactors.useRecoveryCode', { account: key(account), digest: exactBytes(digest), at }),
    },
    note: async (notes) => call('logins.note', { ...notes, addresses: notes.addresses.map((one) => ({ ...one, digest: exactBytes(one.digest) })) }),
    list: async (account, options) => call('logins.list', { account: key(account), ...options }),
    recentFailures: async (since, limit) => call('logins.recentFailures', { since, limit }),
    isKnownAddress: async (account, digest, since) => call('logins.isKnownAddress', { account: key(account), digest: exactBytes(digest), since }),
  };
}
