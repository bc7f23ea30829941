/** `posthorn queue why`: for people, one paragraph a recipient. */
import { printable } from '../../../base/table.ts';
import type { QueueExplanation } from '../../../manage/queue.ts';
import type { Session } from '../session.ts';
import { age, formatReply, moment } from '../words.ts';
import { filterArgs, idList, type FilterOptions } from './queue-filter.ts';

export interface WhyOptions extends FilterOptions {
  readonly limit: number;
}

export async function explainQueue(session: Session, options: WhyOptions, given: unknown): Promise<void> {
  const { out } = session;
  const ids = idList(given);
  const { limit } = options;
  const rows = await session.call<readonly QueueExplanation[]>(options, 'queue.why', ids.length > 0 ? { ids, limit } : { ...filterArgs(options), limit });
  if (options.json) return out.json(rows);
  if (rows.length === 0) out.line('nothing waits');
  for (const [at, row] of rows.entries()) {
    if (at > 0) out.line();
    out.line(`${out.style('bold', row.id)} to ${printable(row.recipient)}: ${row.state}${row.phase === undefined || row.phase === 'scheduled' ? '' : `, ${PHASES[row.phase]}`}`);
    out.line(`  ${printable(row.reason)}`);
    for (const line of [...meaningLines(row), ...nextLines(row)]) out.line(`  ${line}`);
  }
}

const PHASES = { 'in-delivery': 'in delivery', 'taken-up': 'being taken up', 'in-line': 'in line', shaped: 'held back by shaping' } as const;

function meaningLines({ lastReply, explanation }: QueueExplanation): string[] {
  return [
    ...(lastReply ? [`reply: ${printable(formatReply(lastReply))}`] : []),
    ...(explanation
      ? [
          `meaning: ${explanation.meaning}`,
          `do: ${explanation.nextStep}`,
          ...(explanation.reference === undefined ? [] : [`their page: ${printable(explanation.reference)}`]),
          `known from: ${explanation.source} (${explanation.date}), rule ${explanation.rule}, blames ${explanation.culprit}`,
        ]
      : []),
  ];
}

const ACTORS = {
  nobody: undefined,
  administrator: 'you',
  sender: 'the sender',
  recipient: 'the recipient',
  receiver: 'the receiving side; nothing to do here',
} as const;

function nextText({ phase, nextAttemptAt, waitUntil, now }: QueueExplanation): string {
  if (nextAttemptAt === undefined) return 'no try is planned';
  const at = Math.max(nextAttemptAt, waitUntil ?? 0);
  if (at > now) return `next try ${moment(at, now)}`;
  return phase === 'shaped' ? 'next try when that ends' : phase === 'in-line' ? 'next try when its turn comes' : 'next try now';
}

/** A lane that is as it should be needs no word. */
function laneLines({ lanes = [] }: QueueExplanation): string[] {
  return lanes
    .filter(({ state }) => state !== 'steady')
    .map(({ source, domain, state, why, next }) => `the lane of ${domain === undefined ? '' : `${printable(domain)} from `}${source || 'the system\'s address'} to there is ${state}: ${printable(why)} ${next}`);
}

function nextLines(row: QueueExplanation): string[] {
  const { state, site, attempts, queuedAt, expiresAt, now, actor } = row;
  const waiting = state === 'queued' || state === 'held';
  const tried = `${attempts === 0 ? 'not tried yet' : attempts === 1 ? 'tried once' : `tried ${attempts} times`}${site === undefined ? '' : `, site ${printable(site)}`}, in the queue for ${age(now - queuedAt)}`;
  if (!waiting) return ACTORS[actor] === undefined ? [] : [`to act: ${ACTORS[actor]}`];
  const next = nextText(row);
  return [tried, ...laneLines(row), `${next}, given up ${moment(expiresAt, now)}`, ...(ACTORS[actor] === undefined ? [] : [`to act: ${ACTORS[actor]}`])];
}
