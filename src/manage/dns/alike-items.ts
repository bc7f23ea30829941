/**
 * Hundreds of domains need the same records. Changes that differ in nothing but the domain, and in the DKIM key that each has
 * of its own, are told once: `DOMAIN` and `KEY` stand for what differs.
 */
import type { PlanItem } from '../../publish/plan.ts';

/** What several domains share, or one has alone. */
export interface Paragraph {
  readonly domains: readonly string[];
  /** Of several domains: in general terms. */
  readonly items: readonly PlanItem[];
}

/** Fewer are told one by one, which is easier to read. */
const ALIKE_MIN = 4;

/** In the order in which each domain comes first. `full`: each domain by itself. */
export function paragraphs(items: readonly PlanItem[], full: boolean): readonly Paragraph[] {
  const alike = Map.groupBy(items.map((item) => ({ item, general: generalItem(item) })), ({ item, general }) => (full ? item.domain : JSON.stringify(general)));
  const told = new Map<string, { domains: readonly string[]; items: PlanItem[] }>();
  const tell = (domains: readonly string[], item: PlanItem): void => {
    const key = domains.join(' ');
    const paragraph = told.get(key) ?? { domains, items: [] };
    paragraph.items.push(item);
    told.set(key, paragraph);
  };
  for (const its of alike.values()) {
    const domains = [...new Set(its.map(({ item }) => item.domain))];
    const [first] = its;
    if (!full && first && domains.length >= ALIKE_MIN) tell(domains, first.general);
    else for (const { item } of its) tell([item.domain], item);
  }
  return [...told.values()];
}

function generalItem({ zone, ...item }: PlanItem): PlanItem {
  const of = (value: unknown): string => JSON.stringify(value).replaceAll(item.domain, 'DOMAIN');
  const general = JSON.parse(of({ ...item, ours: [], ...(zone && { zone: { name: zone.name, id: '' } }) })) as PlanItem;
  if (item.type !== 'TXT' || !item.name.includes('._domainkey.')) return general;
  const { before, after } = general;
  return { ...general, ...(before && { before: withoutKey(before) }), ...(after && { after: withoutKey(after) }) };
}

type ItemSet = NonNullable<PlanItem['after']>;

/** A long key is written as several strings. */
function withoutKey(set: ItemSet): ItemSet {
  return { ...set, values: set.values.map((value) => value.replaceAll(/\bp=[A-Za-z0-9+/=]+(?:" "[A-Za-z0-9+/=]+)*/g, 'p=KEY')) };
}
