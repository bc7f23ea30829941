/** Names of hosts in links: which belong together, and which domain a list or an owner would know. Pure. */
import { getDomain } from 'tldts';

/** Suffixes that companies give out (`github.io`) count, too: each name below one has an owner of its own. */
const OPTIONS = { allowPrivateDomains: true, validateHostname: false } as const;

/** The domain that was registered, by the Public Suffix List: `shop.example.co.uk` → `example.co.uk`. A suffix by itself, and an address, stays as it is. */
export function registeredDomain(host: string): string {
  return getDomain(host, OPTIONS) ?? host;
}

export function sameOwner(one: string, other: string): boolean {
  return registeredDomain(one) === registeredDomain(other);
}
