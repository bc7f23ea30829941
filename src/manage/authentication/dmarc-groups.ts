/** Findings about sources put together where they say the same: one paragraph for a service or a botnet, not one for each address. Pure. */
import { isIPv6 } from 'node:net';
import type { DmarcSourceSummary } from '../../contract/reports.ts';
import { findingOf, type JudgedSource, type SourceFinding } from './dmarc-findings.ts';

export interface GroupFinding extends SourceFinding {
  /** Of the most mail: at most EXAMPLES_MAX. */
  readonly examples: readonly string[];
  readonly sources: number;
  readonly messages: number;
  readonly headerFrom: string;
  readonly service?: string;
}

const EXAMPLES_MAX = 3;
const LEVELS = { fail: 0, warn: 1, ok: 2 } as const;

/** What receivers found that the record asks for: `none`, `quarantine`, `reject`. */
export type PolicyOf = (source: Pick<DmarcSourceSummary, 'domain' | 'headerFrom'>) => string | undefined;

export function policyIn(domain: string, { p, sp }: { readonly p: string; readonly sp?: string }, headerFrom: string): string {
  return headerFrom === domain ? p : (sp ?? p);
}

/** Worst first; what is fine is left out. */
export function groupFindings(sources: readonly JudgedSource[], policyOf: PolicyOf): readonly GroupFinding[] {
  const groups = Map.groupBy(sources.filter(({ finding }) => finding.kind !== 'fine'), keyOf);
  return [...groups.values()].map((group) => told(group, policyOf)).sort((a, b) => LEVELS[a.level] - LEVELS[b.level] || b.messages - a.messages);
}

/** Only of strangers, forwarders and services the address says little. */
function keyOf({ finding: { kind, level }, domain, headerFrom, service, seenDomains, sourceIp, isOurs }: JudgedSource): string {
  const alike = isOurs || kind === 'mixed' || kind === 'spf-missing' ? sourceIp : (service ?? (kind === 'service' ? ownersOf(seenDomains) : kind === 'unsigned' ? sourceIp : ''));
  return [kind, level, domain, headerFrom, alike].join(' ');
}

function ownersOf(domains: readonly string[]): string {
  return domains.map((domain) => domain.split('.').slice(-2).join('.')).sort().join(' ');
}

function told(group: readonly JudgedSource[], policyOf: PolicyOf): GroupFinding {
  const sorted = group.toSorted((a, b) => b.count - a.count);
  const first = sorted[0] as JudgedSource;
  const { headerFrom, service, isOurs } = first;
  const examples = sorted.slice(0, EXAMPLES_MAX).map(({ hostName: name, sourceIp }) => (name === undefined ? sourceIp : `${name} [${sourceIp}]`));
  const facts = { examples, sources: group.length, headerFrom, messages: sum(group, 'count'), ...(service !== undefined && { service }) };
  if (group.length === 1) return { ...first.finding, ...facts };
  const from = `${group.length} addresses in ${plural(new Set(group.map(({ sourceIp }) => networkOf(sourceIp))).size, 'network')} (most from ${examples.join(', ')})`;
  return { ...findingOf(merged(group, first), { hostName: undefined, service, isOurs, policy: policyOf(first), from }), ...facts };
}

function merged(group: readonly JudgedSource[], first: JudgedSource): DmarcSourceSummary {
  return {
    ...first, sourceIp: '', count: sum(group, 'count'), passed: sum(group, 'passed'), dkimAligned: sum(group, 'dkimAligned'), spfAligned: sum(group, 'spfAligned'),
    authenticatedElsewhere: sum(group, 'authenticatedElsewhere'), forwarded: sum(group, 'forwarded'), rejected: sum(group, 'rejected'), quarantined: sum(group, 'quarantined'),
  };
}

function sum(group: readonly JudgedSource[], key: 'count' | 'passed' | 'dkimAligned' | 'spfAligned' | 'authenticatedElsewhere' | 'forwarded' | 'rejected' | 'quarantined'): number {
  return group.reduce((total, source) => total + source[key], 0);
}

/** The /24 or /48, which one owner has as a rule. */
function networkOf(address: string): string {
  return address.split(isIPv6(address) ? ':' : '.').slice(0, 3).join('.');
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
