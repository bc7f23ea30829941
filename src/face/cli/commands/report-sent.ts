/** `posthorn report sent` and `report send`: which reports this server sent to others, what became of them, and to send those of a day now. */
import type { Command } from 'commander';
import { printable } from '../../../base/table.ts';
import type { ReportedSent } from '../../../manage/reports/report-sent.ts';
import type { SentDay } from '../../../manage/reports-out/report-send.ts';
import { leaf, wholeNumber, type Registry } from '../command.ts';
import { type CommonOptions, UsageError } from '../session.ts';

interface SentOptions extends CommonOptions {
  readonly kind?: string;
  readonly limit: number;
}

const LIMIT = 100;
const LIMIT_MAX = 1000;

interface SendOptions extends CommonOptions {
  readonly kind?: string;
  readonly day?: string;
}

export function addSendReports(registry: Registry, parent: Command): void {
  const { session } = registry;
  leaf<SendOptions>(registry, parent, 'send', 'send the DMARC and TLS reports of a day that is over now, where they did not go out yet; the server does so by itself each day', '', async (options) => {
    const { kind, day } = options;
    checkKind(kind);
    if (day !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new UsageError(`--day ${day}: give a day such as 2026-11-20 (UTC)`);
    const days = await session.call<readonly SentDay[]>(options, 'report.send', { ...(kind && { kind }), ...(day !== undefined && { day }) });
    const { out } = session;
    if (options.json) out.json(days);
    else out.table([{ title: 'Kind' }, { title: 'About' }, { title: 'Day' }, { title: 'To', max: 50 }, { title: 'Outcome' }, { title: 'Detail', max: 80 }], days.flatMap(sendRows), 'nothing is open: what was to be reported went out already (posthorn report sent), or nobody wants reports about that day');
    return days.some(({ state, destinations }) => state === 'open' || state === 'given-up' || destinations.some((one) => one.state === 'failed')) ? 1 : 0;
  })
    .option('--day <day>', 'UTC day, as 2026-11-20 (default: yesterday)')
    .option('--kind <kind>', 'dmarc or tls (default: both)');
}

function sendRows({ kind, domain, day, state, detail, destinations }: SentDay): string[][] {
  if (destinations.length === 0) return [[kind, domain, day, '', state === 'none' ? 'not wanted' : state, printable(detail)]];
  return destinations.map((one) => [kind, domain, day, printable(one.destination), one.state, printable(one.detail)]);
}

function checkKind(kind: string | undefined): void {
  if (kind !== undefined && kind !== 'dmarc' && kind !== 'tls') throw new UsageError(`--kind ${kind}: give dmarc or tls`);
}

export function addSentReports(registry: Registry, parent: Command): void {
  const { session } = registry;
  leaf<SentOptions>(registry, parent, 'sent', 'DMARC and TLS reports that this server sent to others: to whom, when, and what became of them', '[domain]', async (options, domain) => {
    const { kind, limit } = options;
    checkKind(kind);
    const rows = await session.call<readonly ReportedSent[]>(options, 'report.sent', { limit, ...(kind && { kind }), ...(domain === undefined ? {} : { domain }) });
    const { out } = session;
    if (options.json) return out.json(rows);
    const columns = [{ title: 'Sent' }, { title: 'Kind' }, { title: 'About' }, { title: 'Day' }, { title: 'To', max: 50 }, { title: 'Outcome' }, { title: 'Message' }, { title: 'Detail', max: 80 }];
    out.table(columns, rows.map((row) => [new Date(row.at).toISOString().slice(0, 16).replace('T', ' '), row.kind, row.domain, row.day, printable(row.destination), row.delivery ?? row.state, row.messageId, printable(row.detail)]), 'no report was sent yet: they go out in the first hour after midnight (UTC), to domains that ask for them');
  })
    .option('--kind <kind>', 'dmarc or tls (default: both)')
    .option('--limit <n>', 'rows at most', wholeNumber(1, LIMIT_MAX), LIMIT);
}
