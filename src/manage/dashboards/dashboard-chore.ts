/** Reads the dashboards of providers once a day, keeps what they say, and tells the postmaster what is bad, once. */
import { DASHBOARD_LIMITS } from '../../base/report-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { DashboardConfig } from '../../config/dashboard-settings.ts';
import type { Chore } from '../../contract/chores.ts';
import type { OwnMail } from '../../contract/own-mail.ts';
import type { ManageContext } from '../verb.ts';
import type { DashboardPorts, ReadDashboard } from './adapter.ts';
import { alarmChanges } from './alarms.ts';
import { readGoogle } from './google.ts';
import { readMicrosoft } from './microsoft.ts';

const DAY_MS = 86_400_000;
const DAY_CHARS = 10;

type DashboardContext = Pick<ManageContext, 'store' | 'config' | 'log' | 'fetch'>;

export async function followDashboards(context: DashboardContext, ownMail: OwnMail, { now, signal }: Parameters<Chore['run']>[0]): ReturnType<Chore['run']> {
  const failed = await readDashboards(context, now, signal);
  await tellAlarms(context, ownMail, now);
  if (failed > 0) return { againInMs: DASHBOARD_LIMITS.againMs };
}

/** How many could not be read. Rejects with the signal's reason. */
export async function readDashboards({ store, config, log, fetch }: DashboardContext, now: number, signal: AbortSignal): Promise<number> {
  const settings = config.dashboards ?? [];
  if (settings.length === 0) return 0;
  await store.dashboards.prune(dayOf(now - DASHBOARD_LIMITS.keepDays * DAY_MS));
  if (!fetch) throw new Failure('no-network', 'dashboards are read by the running server', { temporary: true });
  const domains = (await store.directory.snapshot()).domains.map(({ name }) => name);
  const addresses = config.outbound.ips.map(({ address, publicAddress }) => publicAddress ?? address);
  let failed = 0;
  for (const one of settings) {
    signal.throwIfAborted();
    if (!(await readOne({ store, log }, one, { fetch, now, domains, addresses, signal }))) failed += 1;
  }
  return failed;
}

async function readOne({ store, log }: Pick<DashboardContext, 'store' | 'log'>, settings: DashboardConfig, ports: DashboardPorts): Promise<boolean> {
  const { provider } = settings;
  try {
    const { figures, problems } = await reader(settings)(ports);
    await store.dashboards.put(figures);
    await store.dashboards.noteRun({ provider, at: ports.now, ok: problems.length === 0, detail: problems.join(' ') });
    log.info('dashboard.read', { provider, figures: figures.length, problems: problems.length });
    return true;
  } catch (error) {
    if (ports.signal.aborted || !(error instanceof Failure) || error.code !== 'dashboard') throw error;
    await store.dashboards.noteRun({ provider, at: ports.now, ok: false, detail: error.message });
    log.warn('dashboard.failed', { provider, error: error.message });
    return false;
  }
}

function reader(settings: DashboardConfig): ReadDashboard {
  return settings.provider === 'google' ? readGoogle(settings) : readMicrosoft(settings);
}

/** Written down when the note is on its way: a crash in between tells twice, never not at all. */
async function tellAlarms({ store, log }: DashboardContext, ownMail: OwnMail, now: number): Promise<void> {
  const latest = await store.dashboards.latest(dayOf(now - DASHBOARD_LIMITS.daysAsked * DAY_MS));
  const { raised, settled } = alarmChanges(latest, await store.dashboards.alarms());
  for (const alarm of settled) await store.dashboards.settle(alarm);
  if (raised.length === 0) return;
  const text = `${raised.map((alarm) => alarm.text).join('\n\n')}\n\nAll figures: posthorn report dashboards\n`;
  await ownMail.tellPostmaster({ subject: raised.length === 1 ? `What ${raised[0]?.provider === 'google' ? 'Google' : 'Microsoft'} says about ${raised[0]?.subject}` : 'What Google and Microsoft say about our mail', text });
  for (const { provider, subject, reason } of raised) {
    await store.dashboards.raise({ provider, subject, reason }, now);
    log.warn('dashboard.alarm', { provider, subject, reason });
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, DAY_CHARS);
}
