/** What hundreds of domains share is one row of `guard status`, failures first. */
import { domainList } from '../dns/domain-groups.ts';
import type { GuardRow } from './guard.ts';

/** More findings that differ in nothing but what they are about are one row. */
const ALIKE_MAX = 3;

/** `likeness`: what else is shown of a row. */
export function guardGroups(findings: readonly GuardRow[], likeness: (row: GuardRow) => string): readonly GuardRow[] {
  const ordered = findings.toSorted((a, b) => Number(b.level === 'fail') - Number(a.level === 'fail'));
  const groups = [...Map.groupBy(ordered, (row) => [row.level, row.check, likeness(row)].join('\n')).values()];
  return groups.flatMap((rows) => {
    const [first] = rows;
    if (!first || rows.length <= ALIKE_MAX) return rows;
    return [{ ...first, subject: `${rows.length}: ${domainList(rows.map(({ subject }) => subject).toSorted())}` }];
  });
}
