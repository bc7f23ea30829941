/**
 * `posthorn queue why`: for people. Without ids, one paragraph for each reason, the most frequent first; with ids or
 * `--each`, one for each recipient.
 */
import { printable } from '../../../base/table.ts';
import { groupCauses, nextTryOf, type QueueCause } from '../../../manage/queue/queue-causes.ts';
import type { Reply } from '../../../contract/message.ts';
import type { QueueExplanation } from '../../../manage/queue/queue.ts';
import type { Session } from '../session.ts';
import { age, formatReply, moment } from '../words.ts';
import { wrapped } from '../wrap.ts';
import { filterArgs, idList, type FilterOptions } from './queue-filter.ts';

export interface WhyOptions extends FilterOptions {
  readonly limit: number;
  readonly each?: boolean;
}

/** Columns of a paragraph. */
const WIDTH = 100;

export async function explainQueue(session: Session, options: WhyOptions, given: unknown): Promise<void> {
  const { out } = session;
  const ids = idList(given);
  const { limit } = options;
  const rows = await session.call<readonly QueueExplanation[]>(options, 'queue.why', ids.length > 0 ? { ids, limit } : { ...filterArgs(options), limit });
  if (options.json) return out.json(rows);
  if (rows.length === 0) return out.line('nothing like that waits: the queue is empty, or the filter selects nothing');
  if (ids.length > 0 || options.each) printEach(session, rows);
  else printCauses(session, rows);
  if (ids.length === 0 && messagesOf(rows) === limit) out.note(`the oldest ${limit} messages; a larger --limit shows more`);
}

function messagesOf(rows: readonly QueueExplanation[]): number {
  return new Set(rows.map(({ id }) => id)).size;
}

function printEach({ out }: Session, rows: readonly QueueExplanation[]): void {
  for (const [at, row] of rows.entries()) {
    if (at > 0) out.line();
    out.line(`${out.style('bold', row.id)} to ${printable(row.recipient)}: ${stateText(row)}`);
    printParagraph({ out }, [printable(row.reason), ...meaningLines(row), ...nextLines(row)]);
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function printCauses({ out }: Session, rows: readonly QueueExplanation[]): void {
  const causes = groupCauses(rows);
  out.line(`${count(rows.length, 'recipient')} of ${count(messagesOf(rows), 'message')}, ${count(causes.length, 'reason')}${causes.length > 1 ? ', the most frequent first' : ''}:`);
  for (const cause of causes) {
    const { example } = cause;
    out.line();
    out.line(`${out.style('bold', `${cause.rows.length}×`)} ${example.site === undefined ? 'no site yet' : printable(example.site)}: ${stateText(example)}`);
    printParagraph({ out }, [printable(example.reason), ...meaningLines(example), ...causeLines(cause)]);
  }
}

function printParagraph({ out }: Pick<Session, 'out'>, lines: readonly string[]): void {
  for (const text of lines) for (const line of wrapped(text, WIDTH, '  ', '    ')) out.line(line);
}

function stateText({ state, phase }: QueueExplanation): string {
  return `${state}${phase === undefined || phase === 'scheduled' ? '' : `, ${PHASES[phase]}`}`;
}

/** Named in full; the others are found with `--each`. */
const NAMED = 3;

function causeLines({ example, rows }: QueueCause): string[] {
  const named = rows.slice(0, NAMED).map(({ id, recipient }) => `${id} to ${printable(recipient)}`);
  const rest = rows.length - named.length;
  const { state, now, actor } = example;
  return [
    ...(state === 'queued' ? laneLines(example) : []),
    `${nextOfAll(rows)}, in the queue for ${range(rows.map(({ queuedAt }) => now - queuedAt), age)}, ${range(rows.map(({ expiresAt }) => expiresAt), (at) => endText(at, now, example.phase))}`,
    ...(ACTORS[actor] === undefined ? [] : [`to act: ${ACTORS[actor]}`]),
    `which: ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`,
  ];
}

/** The first and the last try of them. */
function nextOfAll(rows: readonly QueueExplanation[]): string {
  const [example] = rows as [QueueExplanation];
  const { now } = example;
  const times = rows.map(nextTryOf).filter((at) => at !== undefined);
  if (rows.every(restsToTheEnd)) return NO_TRY_LEFT;
  if (times.length === 0 || Math.max(...times) <= now) return nextText(example);
  return `next try ${range(times.map((at) => Math.max(at, now)), (at) => moment(at, now))}`;
}

const NO_TRY_LEFT = 'no further try before its time is over';

/** What makes it wait lasts longer than it has. */
function restsToTheEnd(row: QueueExplanation): boolean {
  return row.phase !== 'in-delivery' && row.expiresAt > row.now && (nextTryOf(row) ?? 0) > row.expiresAt;
}

/** After a jump of the clock the time of much is over at once, and each gets one more try. */
function endText(at: number, now: number, phase: QueueExplanation['phase']): string {
  if (at > now) return `given up ${moment(at, now)}${phase === 'in-delivery' ? ', or when this try ends, if that is later' : ''}`;
  return `its time is over: returned to the sender unless ${phase === 'in-delivery' ? 'this' : 'its next'} try succeeds`;
}

/** `in 4m`, or `in 4m to in 1h`. */
function range(values: readonly number[], text: (value: number) => string): string {
  const [first, last] = [text(Math.min(...values)), text(Math.max(...values))];
  return first === last ? first : `${first} to ${last}`;
}

const PHASES = { 'in-delivery': 'in delivery', 'taken-up': 'being taken up', 'in-line': 'in line', shaped: 'not sent there now' } as const;

function meaningLines({ reason, lastReply, otherHosts, explanation, because }: QueueExplanation): string[] {
  return [
    ...(lastReply && !saidAlready(reason, lastReply) ? [`reply: ${printable(formatReply(lastReply))}`] : []),
    ...(otherHosts === undefined ? [] : [printable(otherHosts)]),
    ...(because && because.rule !== explanation?.rule ? [`do: ${because.nextStep}`, `known from: ${because.source} (${because.date}), rule ${because.rule}, blames ${because.culprit}`] : []),
    ...(explanation
      ? [
          ...(reason.includes(explanation.meaning) ? [] : [`meaning: ${explanation.meaning}`]),
          ...(reason.includes(explanation.nextStep) ? [] : [`do: ${explanation.nextStep}`]),
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
  receiver: 'the receiving side',
} as const;

/** The reason quotes it in full, or nearly. */
function saidAlready(reason: string, reply: Reply): boolean {
  return reason.includes(formatReply(reply).replace(/\s+/g, ' ').trim().slice(0, QUOTED_CHARS));
}

const QUOTED_CHARS = 200;

function nextText(row: QueueExplanation): string {
  const { phase, now } = row;
  const at = nextTryOf(row);
  if (at === undefined) return 'no try is planned';
  if (phase === 'in-delivery') return 'this try is under way';
  if (at > now) return `next try ${moment(at, now)}`;
  return phase === 'shaped' ? 'next try when that ends' : phase === 'in-line' ? 'next try when its turn comes' : 'next try now';
}

/** A lane that is as it should be needs no word. */
function laneLines({ lanes = [], reason, wayRound }: QueueExplanation): string[] {
  const resting = lanes
    .filter(({ state, why }) => state !== 'steady' && !reason.includes(why))
    .map(({ source, domain, state, why, next }) => `mail ${domain === undefined ? '' : `of ${printable(domain)} `}from ${source || 'this server'} to there is ${state}: ${ended(printable(why))} ${next}`);
  return wayRound === undefined ? resting : [...resting, `until then mail to there goes by ${printable(wayRound)} ([[outbound.fallback]]), this message with its next try`];
}

/** What a receiver said ends as it likes. */
function ended(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function nextLines(row: QueueExplanation): string[] {
  const { state, site, attempts, queuedAt, expiresAt, now, actor, phase } = row;
  const waiting = state === 'queued' || state === 'held';
  const tried = `${attempts === 0 ? 'not tried yet' : attempts === 1 ? 'tried once' : `tried ${attempts} times`}${site === undefined ? '' : `, site ${printable(site)}`}, in the queue for ${age(now - queuedAt)}`;
  if (!waiting) return ACTORS[actor] === undefined ? [] : [`to act: ${ACTORS[actor]}`];
  const next = restsToTheEnd(row) ? NO_TRY_LEFT : nextText(row);
  return [tried, ...laneLines(row), `${next}, ${endText(expiresAt, now, phase)}`, ...(ACTORS[actor] === undefined ? [] : [`to act: ${ACTORS[actor]}`])];
}
