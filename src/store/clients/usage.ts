/** What accounts send and may send, for the brake that counts and for administrators. Accounts are addresses in lower case. */
import type { StoreCall } from '../call.ts';
import type { AccountUsageRows, BrakeRow, QuotaRow, UsageChange } from '../ops/usage.ts';

export type { AccountUsageRows, BrakeRow, KnownRecipientsRow, NetworkRow, QuotaRow, UsageChange, UsageHour } from '../ops/usage.ts';

export interface UsageStore {
  /** `hour`: the current one, counted from 1970. */
  account(account: string, hour: number): Promise<AccountUsageRows>;
  quotas(limit: number): Promise<readonly QuotaRow[]>;
  brakes(limit: number): Promise<readonly BrakeRow[]>;
  busiest(sinceHour: number, limit: number): Promise<readonly { readonly account: string; readonly messages: number; readonly recipients: number; readonly dead: number }[]>;
  /** Figures as they stand; every change here resolves after the synced commit. */
  put(changes: readonly UsageChange[]): Promise<void>;
  setQuota(quota: QuotaRow): Promise<void>;
  setBrake(brake: BrakeRow): Promise<void>;
  /** Takes the brake off, and strangers written to since `hour` out of the history. */
  forgetBrake(account: string, hour: number): Promise<void>;
  /** Removes what is older, at most `limit` rows of each kind; returns how many. */
  prune(before: { readonly hour: number; readonly at: number }, limit: number): Promise<number>;
}

export function createUsageStore(call: StoreCall): UsageStore {
  return {
    account: (account, hour) => call('usage.account', { account, hour }),
    quotas: (limit) => call('usage.quotas', { limit }),
    brakes: (limit) => call('usage.brakes', { limit }),
    busiest: (hour, limit) => call('usage.busiest', { hour, limit }),
    put: (changes) => call('usage.put', changes),
    setQuota: (quota) => call('usage.setQuota', quota),
    setBrake: (brake) => call('usage.setBrake', brake),
    forgetBrake: (account, hour) => call('usage.forgetBrake', { account, hour }),
    prune: ({ hour, at }, limit) => call('usage.prune', { hour, at, limit }),
  };
}
