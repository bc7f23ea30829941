/** `posthorn report sent`: which reports this server sent to others, and what became of them. */
import type { Command } from 'commander';
import { printable } from '../../../base/table.ts';
import type { ReportedSent } from '../../../manage/report-sent.ts';
import { leaf, wholeNumber, type Registry } from '../command.ts';
import { type CommonOptions, UsageError } from '../session.ts';

interface SentOptions extends CommonOptions {
  readonly kind?: string;
  readonly limit: number;
}

const LIMIT = 100;
const LIMIT_MAX = 1000;

export function addSentReports(registry: Registry, parent: Command): void {
  const { session } = registry;
  leaf<SentOptions>(registry, parent, 'sent', 'DMARC and TLS reports that this server sent to others: to whom, when, and what became of them', '[domain]', async (options, domain) => {
    const { kind, limit } = options;
    if (kind !== undefined && kind !== 'dmarc' && kind !== 'tls') throw new UsageError(`--kind ${kind}: give dmarc or tls`);
    const rows = await session.call<readonly ReportedSent[]>(options, 'report.sent', { limit, ...(kind && { kind }), ...(domain ? { domain } : {}) });
    const { out } = session;
    if (options.json) return out.json(rows);
    const columns = [{ title: 'Sent' }, { title: 'Kind' }, { title: 'About' }, { title: 'Day' }, { title: 'To', max: 50 }, { title: 'Outcome' }, { title: 'Message' }, { title: 'Detail', max: 80 }];
    out.table(columns, rows.map((row) => [new Date(row.at).toISOString().slice(0, 16).replace('T', ' '), row.kind, row.domain, row.day, printable(row.destination), row.delivery ?? row.state, row.messageId, printable(row.detail)]), 'no report was sent yet: they go out in the first hour after midnight (UTC), to domains that ask for them');
  })
    .option('--kind <kind>', 'dmarc or tls (default: both)')
    .option('--limit <n>', 'rows at most', wholeNumber(1, LIMIT_MAX), LIMIT);
}
