/** What became of applied record sets, in words for people: one line each for a few, one a domain or a reason for hundreds. */
import type { AppliedItem, ApplyResult } from './dns-applying.ts';
import type { PlanItem } from '../../publish/plan.ts';
import { paragraphs } from './alike-items.ts';
import { hostingLines } from './dns-plan-text.ts';
import { domainGroups, domainTitle } from './domain-groups.ts';

/** More are counted for each domain. */
const LINES_MAX = 60;
/** More failures for the same reason are told in one line. */
const ALIKE_MAX = 3;

export function appliedLines(items: readonly AppliedItem[]): readonly string[] {
  return [...doneLines(items.filter((item) => !isFailed(item))), ...failedLines(items.filter(isFailed))];
}

function isFailed({ outcome }: AppliedItem): boolean {
  return outcome === 'failed';
}

function doneLines(items: readonly AppliedItem[]): readonly string[] {
  const applied = items.filter(({ outcome }) => outcome === 'applied');
  if (applied.length <= LINES_MAX) return items.map(itemLine);
  const places = [...Map.groupBy(applied, ({ domain, provider }) => `${domain} at ${provider}`)];
  return [...places.map(([place, its]) => row('applied', `${recordSets(its.length)} of ${place}`)), ...items.filter(({ outcome }) => outcome !== 'applied').map(itemLine)];
}

function failedLines(items: readonly AppliedItem[]): readonly string[] {
  return [...Map.groupBy(items, ({ provider }) => provider)].flatMap(([provider, ofProvider]) =>
    domainGroups(ofProvider.map((item) => ({ domain: item.domain, reason: item.detail }))).flatMap(({ domains, reason }) => {
      const alike = ofProvider.filter(({ domain, detail }) => domains.includes(domain) && (domains.length === 1 ? detail === reason : detail.replaceAll(domain, 'DOMAIN') === reason));
      return alike.length <= ALIKE_MAX ? alike.map(itemLine) : [row('failed', `${recordSets(alike.length)} of ${domainTitle(domains)} at ${provider}: ${reason}`)];
    }),
  );
}

function recordSets(count: number): string {
  return count === 1 ? '1 record set' : `${count} record sets`;
}

function row(outcome: string, text: string): string {
  return `${outcome.padEnd('untouched'.length)} ${text}`;
}

function itemLine({ name, type, provider, outcome, detail }: AppliedItem): string {
  return row(outcome, `${name} ${type} at ${provider}${detail === '' ? '' : `: ${detail}`}`);
}

/** What the plan had besides that no provider was asked to change. */
export function untouchedLines({ byHand, blocked, unknown, failed, unguarded, hosting }: ApplyResult): readonly string[] {
  const unclear = [...unknown.map(({ domain, name, type, reason }) => ({ domain, what: `${name} ${type}`, reason })), ...failed.map(({ domain, reason }) => ({ domain, what: domain, reason }))];
  const groups = domainGroups(unclear);
  const count = new Set(unclear.map(({ domain }) => domain)).size;
  return [
    ...(unguarded.length > 0 ? [row('note', `${unguarded.join(', ')} cannot refuse a change that comes too late: if somebody edited one of these records in the panel in this very second, look there`)] : []),
    ...alikeLines(byHand, ({ name, type, after }) => row('by hand', `${name} ${type}: no provider of yours hosts it; ${after ? `it should be ${after.values.join(', ')}` : 'remove it'}`)),
    ...alikeLines(blocked, ({ name, type, reason }) => row('untouched', `${name} ${type}: ${reason}`)),
    ...(count > 0 ? [count === 1 ? '1 domain was left as it is, since what it publishes is unknown:' : `${count} domains were left as they are, since what they publish is unknown:`] : []),
    ...groups.map(({ domains, reason }) => {
      const [only, ...others] = domains.length === 1 ? unclear.filter((each) => each.domain === domains[0] && each.reason === reason) : [];
      return row('untouched', `${only && others.length === 0 ? only.what : domainTitle(domains)}: ${reason}`);
    }),
    ...hostingLines(hosting).map((text) => row('by hand', text)),
  ];
}

function alikeLines(items: readonly PlanItem[], line: (item: PlanItem) => string): readonly string[] {
  return paragraphs(items, false).flatMap(({ domains, items: its }) => [...(domains.length > 1 ? [`${domainTitle(domains)}, which DOMAIN stands for (dns plan --full shows each by itself):`] : []), ...its.map(line)]);
}

/** Empty when all is as wanted. */
export function leftToDo({ items, byHand, blocked, unknown, failed, hosting }: ApplyResult): string {
  const parts = [
    [items.filter(({ outcome }) => outcome !== 'applied').length, 'not applied'],
    [byHand.length + hosting.filter(({ state }) => state !== 'good').length, 'to change by hand'],
    [blocked.length, 'with something in the way'],
    [unknown.length, 'unknown'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${recordSets(count)} ${what}`);
  return [...told, ...(failed.length > 0 ? [`${failed.length} ${failed.length === 1 ? 'domain' : 'domains'} not planned`] : [])].join(', ');
}
