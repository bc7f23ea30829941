/** Hundreds of domains with the same to tell in one line: reasons that differ in nothing but the domain are one reason. */

export interface DomainReason {
  readonly domain: string;
  readonly reason: string;
}

export interface DomainGroup {
  readonly domains: readonly string[];
  /** Of a group of several: the domain in it is written `DOMAIN`. */
  readonly reason: string;
}

const NAMED_MAX = 8;

/** In the order in which each reason comes first. */
export function domainGroups(rows: readonly DomainReason[]): readonly DomainGroup[] {
  const groups = [...Map.groupBy(rows, ({ domain, reason }) => reason.replaceAll(domain, 'DOMAIN'))];
  return groups.map(([reason, its]) => {
    const domains = [...new Set(its.map(({ domain }) => domain))];
    return { domains, reason: domains.length === 1 ? (its[0]?.reason ?? reason) : reason };
  });
}

/** `a.example, b.example and 98 more`; `all`: without an end. */
export function domainList(domains: readonly string[], all = false): string {
  if (all || domains.length <= NAMED_MAX + 1) return domains.join(', ');
  return `${domains.slice(0, NAMED_MAX).join(', ')} and ${domains.length - NAMED_MAX} more`;
}

/** `one.example`, or `100 domains (one.example, two.example and 98 more)`. */
export function domainTitle(domains: readonly string[], all = false): string {
  return domains.length === 1 ? (domains[0] ?? '') : `${domains.length} domains (${domainList(domains, all)})`;
}
