/** How far an examination is, in a line: what is still awaited, the longest first. */
import type { Standing } from '../../../manage/doctor/doctor.ts';

const SHOWN_MAX = 3;

export function standingLine({ done, of, awaited }: Standing): string {
  // One title may be awaited for many domains.
  const titles = [...new Set([...awaited].map(({ title }) => title))];
  const more = titles.length > SHOWN_MAX ? ' …' : '';
  return `${done} of ${of} checks done${titles.length === 0 ? '' : `; awaited: ${titles.slice(0, SHOWN_MAX).join(', ')}${more}`}`;
}
