/** `posthorn guard …`: the daily examination that the server does by itself, and what it remembers. */
import { printable } from '../../../base/table.ts';
import type { GuardRun } from '../../../contract/guard.ts';
import type { GuardHistory, GuardRow, GuardStatus } from '../../../manage/doctor/guard.ts';
import { guardGroups } from '../../../manage/doctor/guard-groups.ts';
import { group, leaf, wholeNumber, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface HistoryOptions extends CommonOptions {
  readonly check?: string;
  readonly limit?: number;
}

interface AcknowledgeOptions extends CommonOptions {
  readonly reason?: string;
  readonly undo?: boolean;
}

const LISTED_MAX = 1000;
const WORDS = { fail: 'FAIL', warn: 'warn', pass: 'ok', skip: 'does not apply', unknown: '?' } as const;

export function add(registry: Registry): void {
  const { session } = registry;
  const guard = group(registry, 'guard', 'what the server finds when it examines itself each day: status, history, run, acknowledge');
  leaf<CommonOptions>(registry, guard, 'status', 'what is wrong, since when, and what was told', '', (options) => status(session, options));
  leaf<HistoryOptions>(registry, guard, 'history', 'the score over time, and when a check changed', '[subject]', (options, subject) => history(session, options, subject === undefined ? undefined : String(subject)))
    .option('--check <check>', 'changes of this check only')
    .option('--limit <rows>', 'rows of each table, default 30', wholeNumber(1, LISTED_MAX));
  leaf<CommonOptions>(registry, guard, 'run', 'examine everything now', '', (options) => run(session, options));
  leaf<AcknowledgeOptions>(registry, guard, 'acknowledge', 'no more mail about one finding until it is mended or worse', '<check> <subject>', (options, check, subject) => acknowledge(session, options, String(check), String(subject)))
    .option('--reason <text>', 'why, for those who ask later')
    .option('--undo', 'tell of it again');
}

async function status(session: Session, options: CommonOptions): Promise<number> {
  const { out } = session;
  const found = await session.call<GuardStatus>(options, 'guard.status', {});
  if (options.json) out.json(found);
  else {
    out.facts([
      ['Guard', found.everyMs === 0 ? 'off ([guard] every = 0)' : `examines this server every ${hours(found.everyMs)}`],
      ['Last run', found.lastRunAt === undefined ? 'never yet' : minute(found.lastRunAt)],
      ['Score', found.score === undefined ? undefined : `${found.score} of 10`],
      ['Watched', `${found.watched} checks`],
    ]);
    out.line();
    out.table([{ title: 'Level' }, { title: 'Check' }, { title: 'Of' }, { title: 'Since' }, { title: 'Note' }], guardGroups(found.findings, (row) => `${minute(row.since)} ${noteOf(row)}`).map((row) => [WORDS[row.level], row.check, row.subject, minute(row.since), noteOf(row)]), found.lastRunAt === undefined ? 'Nothing is known yet: posthorn guard run examines this server now.' : 'Nothing is wrong.');
    if (found.findingsLeftOut > 0) out.line(`${found.findingsLeftOut} more are not listed.`);
    if (found.news.length > 0) out.line();
    for (const news of found.news) out.line(`${minute(news.at)}  ${news.kind.padEnd(11)}  ${printable(news.title)} (${printable(news.subject)})${news.toldAt === undefined ? ', not yet told' : ''}`);
  }
  return found.findings.some(({ level, acknowledged }) => level === 'fail' && !acknowledged) ? 1 : 0;
}

function noteOf({ doubt, unknownSince, acknowledged }: GuardRow): string {
  return [
    ...(doubt ? [`looks like ${WORDS[doubt.level]} since ${minute(doubt.since)}, is asked again`] : []),
    ...(unknownSince === undefined ? [] : [`cannot be told since ${minute(unknownSince)}`]),
    ...(acknowledged ? [`acknowledged${acknowledged.reason === undefined ? '' : `: ${acknowledged.reason}`}`] : []),
  ].join('; ');
}

async function history(session: Session, options: HistoryOptions, subject: string | undefined): Promise<number> {
  const { out } = session;
  const { check, limit } = options;
  const kept = await session.call<GuardHistory>(options, 'guard.history', { ...(subject === undefined ? {} : { subject }), ...(check === undefined ? {} : { check }), ...(limit === undefined ? {} : { limit }) });
  if (options.json) out.json(kept);
  else {
    if (check === undefined) {
      out.table([{ title: 'When' }, { title: 'Score', align: 'right' }, { title: 'Failed', align: 'right' }, { title: 'Warnings', align: 'right' }, { title: 'By' }], kept.scores.map(({ at, score, failed, warned, by }) => [minute(at), score.toFixed(1), failed, warned, by ?? '']), 'No examination is kept; posthorn doctor makes one.');
      out.line();
    }
    out.table([{ title: 'From' }, { title: 'Last seen' }, { title: 'Level' }, { title: 'Check' }, { title: 'Of' }, { title: 'What', max: 100 }], kept.changes.map((row) => [minute(row.since), minute(row.lastAt), WORDS[row.level as keyof typeof WORDS], row.check, row.subject, row.causedBy === null ? row.text : `(from ${row.causedBy}) ${row.text}`]), 'No findings are kept.');
  }
  return 0;
}

async function run(session: Session, options: CommonOptions): Promise<number> {
  const { out } = session;
  const result = await session.call<GuardRun>(options, 'guard.run', {});
  if (options.json) out.json(result);
  else {
    out.line(`${result.examined} checks done, score ${result.score} of 10; ${result.news} changes are sure, ${result.told} told.`);
    out.line('A change counts when it persists: what is in doubt is asked again in half an hour. See posthorn guard status.');
  }
  return 0;
}

async function acknowledge(session: Session, options: AcknowledgeOptions, check: string, subject: string): Promise<number> {
  const { out } = session;
  if (options.undo && options.reason !== undefined) throw new UsageError('give --reason or --undo, not both');
  const row = await session.call<GuardRow>(options, 'guard.acknowledge', { check, subject, ...(options.reason === undefined ? {} : { reason: options.reason }), ...(options.undo ? { undo: true } : {}) });
  if (options.json) out.json(row);
  else out.line(options.undo ? `${row.title} of ${printable(row.subject)} is told of again.` : `${row.title} of ${printable(row.subject)}: no more mail until it is mended, or worse than now.`);
  return 0;
}

const MINUTE_CHARS = 16;

function minute(ms: number): string {
  return new Date(ms).toISOString().slice(0, MINUTE_CHARS).replace('T', ' ');
}

function hours(ms: number): string {
  const HOUR_MS = 3_600_000;
  return ms % (24 * HOUR_MS) === 0 ? `${ms / (24 * HOUR_MS)} d` : `${Math.round(ms / HOUR_MS)} h`;
}
