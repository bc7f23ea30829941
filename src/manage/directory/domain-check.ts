/** What DNS lists say of domains: receivers look there for the domains of links, of From and of DKIM. */
import { askDomainLists } from '../../verify/dnsbl/ask-domain-lists.ts';
import type { ListTier } from '../../verify/dnsbl/lists.ts';
import type { VerifyContext } from '../authentication/verify.ts';

export interface DomainListing {
  readonly domain: string;
  readonly zone: string;
  readonly title: string;
  readonly tier: ListTier;
  /** `grey`: worth knowing, no accusation. `unknown`: no answer that can be believed. */
  readonly verdict: 'listed' | 'grey' | 'clean' | 'unknown';
  /** What the answer means, or why there is none. */
  readonly detail: string;
  /** When it is listed. */
  readonly advice?: string;
  readonly removal?: string;
}

/** `domains`: lower case, A-labels. What is worst comes first. Never rejects for what the DNS did. */
export async function checkDomains({ dns, domainLists }: VerifyContext, domains: readonly string[]): Promise<readonly DomainListing[]> {
  const order = ['listed', 'grey', 'unknown', 'clean'];
  const rows = (await askDomainLists(dns, domains, domainLists)).map(({ list: { zone, title, tier, advice, removal }, domain, verdict }): DomainListing => {
    const about = { domain, zone, title, tier, verdict: verdict.kind };
    switch (verdict.kind) {
      case 'listed': case 'grey': return { ...about, detail: verdict.meanings.join('; '), advice, removal };
      case 'unknown': return { ...about, detail: verdict.why };
      case 'clean': return { ...about, detail: '' };
    }
  });
  return rows.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
}
