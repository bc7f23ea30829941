/** `posthorn lab simulate`: weeks of warm-up rehearsed in seconds, with the real scheduler and shaper. */
import type { SimulatedReceiver, SimulationResult } from '../../../contract/simulation.ts';
import { columnChart } from '../chart.ts';
import { leaf, wholeNumber, type Registry } from '../command.ts';
import { UsageError, type CommonOptions, type Session } from '../session.ts';

interface SimulateOptions extends CommonOptions {
  readonly days: number;
  readonly seed: number;
  readonly volume: number;
  readonly first: number;
  readonly growthPercent: number;
  readonly letters: number;
  readonly ips: number;
  readonly warmIps: number;
  readonly complaints: number;
  /** commander's form of --no-shaping. */
  readonly shaping: boolean;
}

const CHART_ROWS = 8;
const COLUMNS_MEAN = [
  'Wanted: handed in that day. Put off: attempts answered with "later". Expired: given up. Waiting: in the queue at midnight.',
  'Trust: messages a day that the modelled receiver would take. Letters waited: the longest wait of a letter or notice.',
  'State: of each of our addresses at midnight. Chart: delivered (full) and wanted beyond it (light), a column a day.',
] as const;

export function addSimulate(registry: Registry, lab: Parameters<typeof leaf>[1]): void {
  const { session } = registry;
  leaf<SimulateOptions>(registry, lab, 'simulate', 'rehearse the warm-up of a new address at Gmail, Outlook.com and Yahoo on a fast clock', '', async (options) => {
    if (options.warmIps > options.ips) throw new UsageError(`--warm-ips says how many of the --ips have sent for years: give at most ${options.ips}, or more --ips`);
    const result = await session.ports.simulate({
      days: options.days,
      seed: options.seed,
      volume: options.volume,
      firstMailing: options.first,
      growth: 1 + options.growthPercent / 100,
      letters: options.letters,
      ips: options.ips,
      warmIps: options.warmIps,
      complaintsPerThousand: options.complaints,
      shaping: options.shaping,
    });
    if (options.json) session.out.json(result);
    else show(session, result);
  })
    .option('--days <n>', 'days to rehearse', wholeNumber(1, 365), 30)
    .option('--seed <n>', 'the same seed gives the same run', wholeNumber(0, 4_294_967_295), 1)
    .option('--volume <n>', 'messages a day of the mailing in the end', wholeNumber(0, 200_000), 10_000)
    .option('--first <n>', 'messages of the first mailing', wholeNumber(0, 200_000), 300)
    .option('--growth-percent <n>', 'growth of the mailing from day to day', wholeNumber(0, 1000), 25)
    .option('--letters <n>', 'letters and notices a day', wholeNumber(0, 10_000), 100)
    .option('--ips <n>', 'source addresses, in one pool', wholeNumber(1, 20), 1)
    .option('--warm-ips <n>', 'how many of them have sent for years', wholeNumber(0, 20), 0)
    .option('--complaints <n>', 'of a thousand messages of the mailing, so many draw a complaint', wholeNumber(0, 1000), 0)
    .option('--no-shaping', 'send without any shaping, to see the difference');
}

function show(session: Session, { receivers, options, source }: SimulationResult): void {
  for (const receiver of receivers) showReceiver(session, receiver);
  for (const line of COLUMNS_MEAN) session.out.line(line);
  session.out.line(`${options.days} days, seed ${options.seed}${options.shaping ? '' : ', without shaping'}. ${source}`);
}

function showReceiver({ out }: Session, { title, days }: SimulatedReceiver): void {
  out.line(title);
  out.table(
    [{ title: 'Day', align: 'right' }, { title: 'Wanted', align: 'right' }, { title: 'Delivered', align: 'right' }, { title: 'Put off', align: 'right' }, { title: 'Expired', align: 'right' }, { title: 'Waiting', align: 'right' }, { title: 'Trust', align: 'right' }, { title: 'Complaints', align: 'right' }, { title: 'Letters waited', align: 'right' }, { title: 'State' }],
    days.map((day) => [String(day.day), String(day.wanted), String(day.delivered), String(day.deferred), String(day.expired), String(day.backlog), String(day.trust), String(day.complaints), waited(day.letterWaitSecondsMax), day.state]),
    'no days',
  );
  out.line();
  for (const line of columnChart(days.map(({ delivered, wanted }) => ({ reached: delivered, wanted })), CHART_ROWS)) out.line(line);
  out.line();
}

function waited(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
