/** Names of hosts in links: which belong together, and which domain a list or an owner would know. Pure. */
import { isSameOrBelow } from '../domain-name.ts';

/** Second levels under which countries register names; the most used ones, since no list of all suffixes is at hand. */
const REGISTRY_LABELS = new Set(['ac', 'co', 'com', 'edu', 'go', 'gob', 'gouv', 'gov', 'govt', 'gv', 'id', 'ltd', 'me', 'ne', 'net', 'nom', 'or', 'org', 'plc', 'sch']);

/** The domain that was registered, as nearly as the name alone tells: `shop.example.co.uk` → `example.co.uk`. */
export function registeredDomain(host: string): string {
  const labels = host.split('.');
  const country = (labels.at(-1) ?? '').length === 2;
  const keep = country && labels.length > 2 && REGISTRY_LABELS.has(labels.at(-2) ?? '') ? 3 : 2;
  return labels.slice(-keep).join('.');
}

export function sameOwner(one: string, other: string): boolean {
  return isSameOrBelow(one, other) || isSameOrBelow(other, one) || registeredDomain(one) === registeredDomain(other);
}
