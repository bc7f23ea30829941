/** How much waits in the queue, and does it grow? */
import { defineCheck, fail, pass, skip, warn, type HostSubject } from '../../check.ts';

const GOOD = 100;
/** Of the length a day and half a day before: from this on it grows. */
const GROWTH = 2;
const LOOK_BACK_HOURS = [6, 24] as const;
const TOLERANCE_HOURS = 2;

export const queueLength = defineCheck<HostSubject>({
  id: 'queue-length', about: 'host', title: 'Length of the queue', weight: 0.3,
  why: 'Mail that waits is mail that somebody does not take; a queue that grows for a day shows a block before people complain.',
  link: 'https://www.rfc-editor.org/rfc/rfc5321#section-4.5.4.1',
  run: async (_context, { figures }) => {
    if (!figures) return skip('There is no queue here.');
    const { waiting, held } = figures.queue;
    const text = `${waiting} recipients wait${held > 0 ? `, ${held} of them on hold` : ''}.`;
    if (waiting < GOOD) return pass(text);
    const remedy = 'See for whom and why: posthorn queue stats, then posthorn queue why.';
    const before = LOOK_BACK_HOURS.map((hours) => figures.queueBefore.find(({ hoursAgo }) => Math.abs(hoursAgo - hours) <= TOLERANCE_HOURS)?.waiting);
    const grows = before.every((length) => length !== undefined && waiting >= GROWTH * Math.max(length, GOOD / GROWTH));
    return grows ? fail(`${text} It grows: ${before[0]} six hours ago, ${before[1]} a day ago.`, remedy) : warn(text, remedy);
  },
});
