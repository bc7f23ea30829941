/** A plan in words for people: what would be changed where, before and after, and what is left alone. */
import type { PlanAction, PlanItem } from '../../publish/plan.ts';
import { paragraphs, type Paragraph } from './alike-items.ts';
import { panelFields } from './dns-panel.ts';
import { domainGroups, domainTitle, type DomainReason } from './domain-groups.ts';
import type { DnsPlan } from './dns-planning.ts';

export interface PlanLine {
  readonly text: string;
  readonly tone?: 'bold' | 'dim' | 'red' | 'green' | 'yellow';
}

const TITLES: Readonly<Record<PlanAction, string>> = { good: 'good', add: 'add', change: 'change', remove: 'remove', blocked: 'in the way', unknown: 'unknown', 'by-hand': 'by hand' };

const FORMER = '  This server does not host it any more: what Posthorn published for it goes, what others published stays. Is it moving to another server, wait until that one publishes its own.';

/** Is anything left to be done or found out, by us or by hand? Then `dns check`, `plan` and `apply` end with status 1. */
export function isWorkToDo({ items, failed, hosting }: Pick<DnsPlan, 'items' | 'failed' | 'hosting'>): boolean {
  return failed.length > 0 || items.some(({ action }) => action !== 'good') || hosting.some(({ state }) => state !== 'good');
}

export interface PlanView {
  /** Also what is as it should be. */
  readonly verbose: boolean;
  /** Each domain by itself, and no list of names cut short. */
  readonly full: boolean;
}

export function planLines(plan: DnsPlan, { verbose, full }: PlanView): readonly PlanLine[] {
  const shown = verbose ? plan.items : plan.items.filter(({ action }) => action !== 'good');
  const groups = [...Map.groupBy(shown, ({ domain }) => domain)];
  const lost = groups.flatMap(([domain, items]) => (new Set(items.map(({ action, reason }) => `${action} ${reason}`)).size === 1 && items[0]?.action === 'unknown' ? [{ domain, reason: items[0].reason }] : []));
  const isLost = new Set(lost.map(({ domain }) => domain));
  const told = (rows: readonly DomainReason[], title: string): readonly string[] => domainGroups(rows).map(({ domains, reason }) => `${domainTitle(domains, full)}: ${title}${reason}`);
  return [
    ...paragraphs(shown.filter(({ domain }) => !isLost.has(domain)), full).flatMap((paragraph) => paragraphLines(paragraph, plan)),
    ...plan.removed.filter((domain) => !groups.some(([name]) => name === domain)).map((domain) => ({ text: `${domain}: is not hosted here any more, and nothing that Posthorn published for it stands any longer`, tone: 'dim' as const })),
    ...told(plan.leftAlone, 'left alone, since ').map((text) => ({ text })),
    ...told(lost, 'unknown, so nothing of it is changed: ').map((text) => ({ text, tone: 'yellow' as const })),
    ...told(plan.failed, 'could not be planned: ').map((text) => ({ text, tone: 'red' as const })),
    ...hostingLines(plan.hosting).map((text) => ({ text, tone: 'yellow' as const })),
    ...told(plan.changedDefaults.flatMap(({ domain, changes }) => changes.map(({ setting, from, to }) => ({ domain, reason: `${setting} changed from ${from} to ${to}` }))), 'the default of ')
      .map((text) => ({ text: `${text}; ${plan.newDefaults ? 'this plan takes it up' : 'it stays as it was, until you say --new-defaults'}`, tone: 'dim' as const })),
    summary(plan),
  ];
}

/** What the landlord of the IP addresses is to be asked for. */
export function hostingLines(hosting: DnsPlan['hosting']): readonly string[] {
  return hosting.filter(({ state }) => state !== 'good').map(({ name, wanted, state, published }) =>
    `${name} PTR: ${state === 'missing' ? 'is missing' : state === 'unknown' ? 'could not be looked up' : `is ${published.join(', ')}`}; set it to ${wanted} where the IP address is rented`);
}

function paragraphLines({ domains, items }: Paragraph, plan: DnsPlan): readonly PlanLine[] {
  const hasKey = items.some(({ before, after }) => [before, after].some((set) => set?.values.some((value) => value.includes('p=KEY'))));
  const stands = `  DOMAIN stands for each of them${hasKey ? ', KEY for the key that each has of its own' : ''}; --full shows each by itself.`;
  return [
    { text: domainTitle(domains), tone: 'bold' },
    ...(domains.length > 1 ? [{ text: stands }] : []),
    ...(domains.every((domain) => plan.removed.includes(domain)) ? [{ text: domains.length > 1 ? FORMER.replace('it any more', 'them any more').replace('published for it', 'published for them').replace('Is it moving', 'Is one moving') : FORMER }] : []),
    ...items.flatMap(itemLines),
  ];
}

function itemLines(item: PlanItem): readonly PlanLine[] {
  const { name, type, action, before, after, reason, risk, provider, zone } = item;
  const where = provider === undefined ? '' : ` (${provider}, zone ${zone?.name ?? ''})`;
  const danger = risk === 'high' ? '; look twice: a mistake here loses mail' : '';
  const head: PlanLine = { text: `  ${TITLES[action].padEnd(10)} ${name} ${type}${where}`, ...(action === 'blocked' || action === 'unknown' ? { tone: 'yellow' as const } : {}) };
  if (action === 'good') return [{ ...head, text: `${head.text}: ${reason}`, tone: 'dim' }];
  const [old, next] = [new Set(before?.values), new Set(after?.values)];
  const gone = [...old].filter((value) => action !== 'unknown' && !next.has(value) && (after !== undefined || action === 'remove' || action === 'by-hand'));
  return [
    head,
    ...gone.map((value) => ({ text: `    - ${value}`, tone: 'red' as const })),
    ...(action === 'by-hand' ? handLines(item, old) : [...next].map((value) => (old.has(value) ? { text: `      ${value}`, tone: 'dim' as const } : { text: `    + ${value}`, tone: 'green' as const }))),
    { text: `    ${reason}${danger}` },
  ];
}

/** What to type where, for who has no provider in the configuration. */
function handLines({ domain, name, type, before, after }: PlanItem, old: ReadonlySet<string>): readonly PlanLine[] {
  const fresh = after?.values.filter((value) => !old.has(value)) ?? [];
  const gone = before?.values.filter((value) => !after?.values.includes(value)) ?? [];
  if (!after || fresh.length === 0) return [{ text: '    Remove it in the panel of whoever keeps your DNS.' }];
  const where = 'in the panel of whoever keeps your DNS';
  const zone = name === domain || name.endsWith(`.${domain}`) ? domain : '';
  return [
    { text: gone.length > 0 ? `    Replace it ${where} with:` : `    Add this ${where}${before ? ', beside what stands there' : ''}:` },
    ...fresh.flatMap((value) => panelFields({ name, type, ttlSeconds: after.ttlSeconds }, value, zone).map(([title, content]) => ({ text: `      ${title.padEnd(PANEL_TITLE)}  ${content}`, tone: 'green' as const }))),
  ];
}

const PANEL_TITLE = 'Priority'.length;

function domainCount(number: number, what: string): string {
  return number === 0 ? '' : `; ${number} ${number === 1 ? 'domain' : 'domains'} ${what}`;
}

function summary({ items, leftAlone, failed }: DnsPlan): PlanLine {
  const count = (...actions: readonly PlanAction[]): number => items.filter(({ action }) => actions.includes(action)).length;
  const parts = [
    [count('add', 'change', 'remove'), 'to change'],
    [count('by-hand'), 'to change by hand'],
    [count('blocked'), 'with something in the way'],
    [count('unknown'), 'unknown'],
    [count('good'), 'good'],
  ] as const;
  const domains = `${domainCount(leftAlone.length, 'left alone')}${domainCount(failed.length, 'not planned')}`;
  return { text: `Record sets: ${parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`).join(', ') || 'none'}${domains}.`, tone: 'bold' };
}
