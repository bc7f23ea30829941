/** `posthorn queue stats`: the queue by site and age, as qshape shows it. */
import type { Column } from '../../../base/table.ts';
import type { AgeRow, QueueStats } from '../../../manage/queue/queue.ts';
import type { Session } from '../session.ts';
import { age, moment } from '../words.ts';
import { filterArgs, noteUnknownSites, type FilterOptions } from './queue-filter.ts';

export interface StatsOptions extends FilterOptions {
  readonly by: string;
  readonly limit: number;
}

export async function printStats(session: Session, options: StatsOptions): Promise<void> {
  const { out } = session;
  const { by, limit } = options;
  const result = await session.call<QueueStats>(options, 'queue.stats', { ...filterArgs(options), by, limit });
  if (options.json) return out.json(result);
  if (result.total.total === 0) {
    out.line('the queue is empty');
  } else {
    const cells = ({ name, total, held, ages, oldestAt, nextAttemptAt }: AgeRow): (string | number)[] => [
      name || (by === 'sender' ? '<>' : '(none)'), total, held, ...ages, age(result.now - oldestAt), nextAttemptAt === undefined ? '' : moment(Math.max(nextAttemptAt, result.now), result.now),
    ];
    const last = result.ageMinutes.at(-1);
    out.table(
      [{ title: by, max: 48 }, right('T'), right('held'), ...result.ageMinutes.map((minutes) => right(String(minutes))), right(`${last}+`), right('oldest'), { title: 'next try' }],
      [cells({ ...result.total, name: 'TOTAL' }), ...result.rows.map(cells)],
      '',
    );
    out.line();
    out.line('T: waiting recipients; the columns behind "held": in the queue for fewer minutes than that');
  }
  if (result.inFlight !== undefined) out.line(`being delivered now: ${result.inFlight}`);
  noteUnknownSites(session, result.unknownSites);
}

function right(title: string): Column {
  return { title, align: 'right' };
}
