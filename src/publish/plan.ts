/** A plan as data: what is published, what would be, and why; made by plan-set.ts, carried out by apply.ts. */
import { createHash } from 'node:crypto';
import type { PublishableType, RecordSet } from '../contract/dns-publishing.ts';

/** One value or several of one name and type that should be there. */
export interface DesiredSet {
  readonly name: string;
  readonly type: PublishableType;
  readonly ttlSeconds: number;
  readonly values: readonly string[];
  /** In one sentence. */
  readonly why: string;
}

/**
 * `good`: nothing to do. `blocked`: something foreign is in the way, and is replaced only when the administrator says so.
 * `unknown`: what is published could not be found out. `by-hand`: as `add`, `change`, `remove`, but no provider of ours hosts the zone.
 */
export type PlanAction = 'good' | 'add' | 'change' | 'remove' | 'blocked' | 'unknown' | 'by-hand';

/** `high`: a mistake here loses mail. */
export type PlanRisk = 'none' | 'low' | 'high';

export interface PlanItem {
  /** The hosted domain that it is for; the host's own name for its records. */
  readonly domain: string;
  readonly name: string;
  readonly type: PublishableType;
  readonly action: PlanAction;
  readonly before?: RecordSet;
  /** Absent: the set goes away, or nothing is to be done. */
  readonly after?: RecordSet;
  /** In one sentence. */
  readonly reason: string;
  readonly risk: PlanRisk;
  /** Values of `after` that are ours once it is applied. */
  readonly ours: readonly string[];
  /** Label of [[dns.provider]]. */
  readonly provider?: string;
  /** Name and id of the zone there. */
  readonly zone?: { readonly name: string; readonly id: string };
}

export interface LeftAlone {
  readonly domain: string;
  readonly reason: string;
}

export interface Plan {
  /** Same content, same id. */
  readonly id: string;
  readonly items: readonly PlanItem[];
  readonly leftAlone: readonly LeftAlone[];
  /** Domains that could not be planned. */
  readonly failed: readonly LeftAlone[];
}

export function isChange({ action }: Pick<PlanItem, 'action'>): boolean {
  return action === 'add' || action === 'change' || action === 'remove';
}

/** In a fixed order, with the id that its content gives it. */
export function assemblePlan(items: readonly PlanItem[], leftAlone: readonly LeftAlone[], failed: readonly LeftAlone[]): Plan {
  const ordered = items.toSorted((a, b) => compare(a.domain, b.domain) || compare(a.name, b.name) || compare(a.type, b.type)).map(orderedValues);
  const content = JSON.stringify(ordered.map(({ name, type, action, before, after, provider }) => [name, type, action, before?.values ?? [], after?.values ?? [], after?.ttlSeconds ?? 0, provider ?? '']));
  const id = createHash('sha256').update(content).digest('hex').slice(0, 10);
  const byDomain = (a: LeftAlone, b: LeftAlone): number => compare(a.domain, b.domain);
  return { id, items: ordered, leftAlone: leftAlone.toSorted(byDomain), failed: failed.toSorted(byDomain) };
}

/** Name servers answer in any order. */
function orderedValues(item: PlanItem): PlanItem {
  return { ...item, ...(item.before && { before: inOrder(item.before) }), ...(item.after && { after: inOrder(item.after) }) };
}

function inOrder(set: RecordSet): RecordSet {
  return { ...set, values: set.values.toSorted(compare) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
