/** DNS records that we published, the policy of each domain, plans, and what was applied. */
import type { StoreCall } from '../call.ts';
import type { ApplyItemRow, ApplyRow, DnsPolicyRow, ItemOutcome, OwnedRow } from '../ops/dns-publishing.ts';

export type { ApplyItemRow, ApplyRow, DnsPolicyRow, ItemOutcome, OwnedRow } from '../ops/dns-publishing.ts';

export interface DnsPublishingStore {
  owned(): Promise<readonly OwnedRow[]>;
  policies(): Promise<readonly DnsPolicyRow[]>;
  setOwnPolicy(domain: string, own: string): Promise<void>;
  /** `apply`: takes them back when it is undone. */
  setAppliedPolicies(rows: readonly { readonly domain: string; readonly applied: string }[], at: number, apply?: string): Promise<void>;
  savePlan(id: string, content: string, at: number): Promise<void>;
  /** Undefined: unknown, or too old. */
  plan(id: string): Promise<string | undefined>;
  /** Before the first change. */
  beginApply(apply: Omit<ApplyRow, 'undoneBy'>, items: readonly Omit<ApplyItemRow, 'outcome' | 'detail'>[]): Promise<void>;
  settleItems(apply: string, outcomes: readonly { readonly position: number; readonly outcome: ItemOutcome; readonly detail: string }[], at: number): Promise<void>;
  /** Newest first. */
  applies(limit: number): Promise<readonly ApplyRow[]>;
  applyItems(id: string): Promise<readonly ApplyItemRow[]>;
  markUndone(id: string, by: string): Promise<void>;
}

export function createDnsPublishingStore(call: StoreCall): DnsPublishingStore {
  return {
    owned: () => call('dnsPublishing.owned', undefined),
    policies: () => call('dnsPublishing.policies', undefined),
    setOwnPolicy: (domain, own) => call('dnsPublishing.setOwnPolicy', { domain, own }),
    setAppliedPolicies: (rows, at, apply) => call('dnsPublishing.setAppliedPolicies', { rows, at, ...(apply !== undefined && { apply }) }),
    savePlan: (id, content, at) => call('dnsPublishing.savePlan', { id, content, at }),
    plan: (id) => call('dnsPublishing.plan', { id }),
    beginApply: (apply, items) => call('dnsPublishing.beginApply', { apply, items }),
    settleItems: (apply, outcomes, at) => call('dnsPublishing.settleItems', { apply, at, outcomes }),
    applies: (limit) => call('dnsPublishing.applies', { limit }),
    applyItems: (id) => call('dnsPublishing.applyItems', { id }),
    markUndone: (id, by) => call('dnsPublishing.markUndone', { id, by }),
  };
}
