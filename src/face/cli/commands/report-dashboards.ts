/** `posthorn report dashboards`: what Google Postmaster Tools and Microsoft SNDS say about our mail. */
import type { Command } from 'commander';
import { printable } from '../../../base/table.ts';
import type { DashboardFigures } from '../../../contract/dashboards.ts';
import type { DashboardListing } from '../../../manage/dashboards/dashboard-verbs.ts';
import { leaf, wholeNumber, type Registry } from '../command.ts';
import type { CommonOptions, Session } from '../session.ts';

interface DashboardOptions extends CommonOptions {
  readonly days: number;
  readonly all?: boolean;
  readonly refresh?: boolean;
}

const DAYS = 14;
const DAYS_MAX = 400;

export function addDashboards(registry: Registry, parent: Command): void {
  const { session } = registry;
  leaf<DashboardOptions>(registry, parent, 'dashboards', 'what Google Postmaster Tools and Microsoft SNDS say about our mail', '', async (options) => {
    const { days, all = false, refresh = false } = options;
    const listing = await session.call<DashboardListing>(options, 'report.dashboards', { days, all, refresh });
    if (options.json) session.out.json(listing);
    else show(session, listing);
    return listing.runs.some(({ ok }) => !ok) ? 1 : 0;
  })
    .option('--days <n>', 'how far to look back', wholeNumber(1, DAYS_MAX), DAYS)
    .option('--all', 'every day, not only the newest of each domain and address')
    .option('--refresh', 'ask the providers now');
}

function show({ out }: Session, { configured, runs, figures }: DashboardListing): void {
  if (configured.length === 0) out.line('No dashboard is configured: tables [[dashboard]] in posthorn.toml name Google Postmaster Tools or Microsoft SNDS with their secrets; see docs/guides/dashboards.md. Yahoo offers programs nothing; its complaints come by mail.');
  for (const { provider, at, ok, detail } of runs) out.line(`${provider}: read ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}${ok ? '' : `; ${printable(detail)}`}`);
  const columns = [{ title: 'Provider' }, { title: 'Of' }, { title: 'Day' }, { title: 'Called spam', align: 'right' as const }, { title: 'Filter' }, { title: 'Messages', align: 'right' as const }, { title: 'Trap hits', align: 'right' as const }, { title: 'What is wrong', max: 90 }];
  out.table(columns, figures.map(rowOf), 'no figures yet: providers tell about days with enough mail only');
}

function rowOf(one: DashboardFigures): string[] {
  const unmet = (one.requirements ?? []).filter(({ met }) => !met).map(({ requirement, reason }) => `${requirement}${reason === undefined ? '' : ` (${reason})`}`);
  const wrong = [...(one.blocked === undefined ? [] : [`blocked: ${one.blocked}`]), ...(unmet.length > 0 ? [`not met: ${unmet.join(', ')}`] : [])].join('; ');
  const met = one.requirements && unmet.length === 0 ? 'all requirements met' : '';
  return [one.provider, one.subject, one.day, one.spamRate === undefined ? '' : `${Math.round(one.spamRate * 10_000) / 100} %`, one.colour ?? '', String(one.messages ?? ''), String(one.trapHits ?? ''), printable(wrong || met)];
}
