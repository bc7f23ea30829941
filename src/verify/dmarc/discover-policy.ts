/** Which DMARC record is for a domain, and which of its policies (RFC 9989 §4.10.1). */
import type { Dns } from '../../contract/dns.ts';
import { isSameOrBelow } from '../domain-name.ts';
import type { DmarcPolicy, DmarcRecord } from './record.ts';
import { WalkFailure, type TreeWalker } from './tree-walk.ts';

export interface ApplicablePolicy {
  readonly domain: string;
  readonly record: DmarcRecord;
  readonly policy: DmarcPolicy;
  readonly policyTag: 'p' | 'sp' | 'np';
}

/**
 * The domain's own record, else the organizational domain's, else the public suffix's; it may be `empty`. Rejects with
 * WalkFailure.
 */
export async function discoverPolicy(dns: Dns, walker: TreeWalker, fromDomain: string): Promise<ApplicablePolicy | undefined> {
  const own = await walker.record(fromDomain);
  if (own) return { domain: fromDomain, record: own, policy: own.p, policyTag: 'p' };
  const { found, organizationalDomain } = await walker.walk(fromDomain);
  const chosen =
    found.find(({ domain }) => domain === organizationalDomain) ??
    found.find(({ domain, record }) => record.psd === 'y' && isSameOrBelow(organizationalDomain, domain));
  return chosen && { ...chosen, ...(await subdomainPolicy(dns, fromDomain, chosen.record)) };
}

async function subdomainPolicy(dns: Dns, fromDomain: string, record: DmarcRecord): Promise<{ policy: DmarcPolicy; policyTag: 'p' | 'sp' | 'np' }> {
  const existing = record.sp ? ({ policy: record.sp, policyTag: 'sp' } as const) : ({ policy: record.p, policyTag: 'p' } as const);
  if (!record.np || record.np === existing.policy) return existing;
  // RFC 9989 §3.2.13 with RFC 8020: NXDOMAIN for any type means that the name does not exist.
  const answer = await dns.query(fromDomain, 'A');
  if (answer.kind === 'failure') throw new WalkFailure(`the look-up A ${fromDomain} failed (${answer.reason})`);
  return answer.kind === 'nxdomain' ? { policy: record.np, policyTag: 'np' } : existing;
}
