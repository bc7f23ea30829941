/**
 * A plan as a script for nsupdate(1), for who lets no program but their own near the name server. Each zone is one update
 * (RFC 2136): all of it happens or nothing, and only when the zone still has what the plan saw.
 */
import type { PlanItem } from './plan.ts';

const CHANGES: ReadonlySet<PlanItem['action']> = new Set(['add', 'change', 'remove', 'by-hand']);

/** Also what is to be changed by hand. What is not in the script, and why, are comments. */
export function nsupdateScript(id: string, items: readonly PlanItem[]): string {
  // Where the zone is not known, nsupdate looks for it, by the first name of each update.
  const updates = [...Map.groupBy(items.filter(({ action }) => CHANGES.has(action)), ({ zone, name, domain }) => zone?.name ?? (name === domain || name.endsWith(`.${domain}`) ? domain : name))];
  const blocks = updates.map(([, its]) => {
    const zone = its[0]?.zone;
    return [...(zone ? [`zone ${zone.name}.`] : []), ...its.flatMap(prerequisites), ...its.flatMap(changes), 'send', ''].join('\n');
  });
  const leftOut = items.filter(({ action }) => action === 'blocked' || action === 'unknown').map(({ name, type, reason }) => `; not in here: ${name} ${type}: ${oneLine(reason)}`);
  return [`; plan ${id} of posthorn: nsupdate -k KEYFILE THIS-FILE`, ...blocks, ...leftOut, ''].join('\n');
}

function prerequisites({ name, type, before }: PlanItem): readonly string[] {
  if (before) return before.values.map((value) => `prereq yxrrset ${name}. ${type} ${value}`);
  return [type === 'CNAME' ? `prereq nxdomain ${name}.` : `prereq nxrrset ${name}. ${type}`];
}

function changes({ name, type, before, after }: PlanItem): readonly string[] {
  const added = after?.values.map((value) => `update add ${name}. ${after.ttlSeconds} ${type} ${value}`) ?? [];
  return before ? [`update delete ${name}. ${type}`, ...added] : added;
}

/** A reason may repeat what a stranger's name server said. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\s]+/gu, ' ');
}
