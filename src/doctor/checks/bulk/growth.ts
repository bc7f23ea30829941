/** Does an address suddenly send much more than it used to? */
import type { HostFigures } from '../../figures.ts';
import { defineCheck, fail, pass, skip, warn, type HostSubject } from '../../check.ts';

const GOOD = 2;
const BAD = 4;
/** Below this nobody minds. */
const DAILY_MIN = 500;
const DAYS_BEFORE = 7;

export const growth = defineCheck<HostSubject>({
  id: 'growth', about: 'host', title: 'Growth of volume', weight: 0.5,
  why: 'An address that sends much more from one day to the next looks like one that was broken into; providers slow it down.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { figures }) => {
    if (!figures) return skip('What was sent is not known here.');
    const rates = [...new Set(figures.volume.map(({ source }) => source))].map((source) => growthOf(source, figures.volume));
    const fast = rates.filter(({ factor }) => factor > GOOD).toSorted((a, b) => b.factor - a.factor);
    if (fast.length === 0) return pass('No address sends much more than it did in the week before.');
    const text = `${fast.map(({ source, now, before, factor }) => `${source === '' ? 'This host' : source} sent ${now} messages in a day, ${factor.toFixed(1)} times the ${Math.round(before)} a day of the week before`).join('; ')}.`;
    const remedy = 'Let it grow by no more than a half or the double from day to day: spread a large mailing over days, or let Posthorn warm the address up (see docs/guides/reputation.md). If you do not know where the mail comes from, look at posthorn quota list and posthorn brake list.';
    return fast.some(({ factor }) => factor > BAD) ? fail(text, remedy) : warn(text, remedy);
  },
});

/** The busier of yesterday and today against the mean of the week before; an address without a past is in its warm-up. */
function growthOf(source: string, volume: HostFigures['volume']) {
  const on = (day: number): number => volume.find((each) => each.source === source && each.daysAgo === day)?.delivered ?? 0;
  const now = Math.max(on(0), on(1));
  let before = 0;
  for (let day = 2; day < 2 + DAYS_BEFORE; day += 1) before += on(day) / DAYS_BEFORE;
  // What grows from next to nothing is measured against what nobody minds.
  return { source, now, before, factor: now < DAILY_MIN ? 0 : now / Math.max(before, DAILY_MIN / GOOD) };
}
