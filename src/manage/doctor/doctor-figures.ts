/**
 * Figures of the store for the doctor's checks of reputation, bulk mail and receiving. Each question is one read of counters
 * or of an index with a bound, for all domains together where that is possible; events are never read.
 */
import { GUARD_LIMITS, SENDING_DAY_LIMITS } from '../../base/guard-limits.ts';
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import type { Directory } from '../../contract/directory.ts';
import type { DashboardFigures } from '../../contract/dashboards.ts';
import type { Complaint } from '../../contract/reports.ts';
import type { DomainFigures, HostFigures, PlacementFigures, SiteFigures } from '../../doctor/figures.ts';
import { domainOf } from '../../mail/address.ts';
import { domainOfFrom } from '../../verify/dmarc/author-domain.ts';
import { sendingDay, type SendingNameRow } from '../../store/clients/sending-days.ts';
import type { Store } from '../../store/store.ts';

export interface ServerFigures {
  readonly host: HostFigures;
  /** By domain. */
  readonly domains: Readonly<Record<string, DomainFigures>>;
}

export interface FigurePorts {
  readonly store: Store;
  readonly config: Config;
  readonly clock: Clock;
  readonly directory: Pick<Directory, 'resolve'>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_DAYS = 7;
const QUEUE_HOURS = 26;
/** Gmail and Yahoo: who unsubscribes is left alone after two days. */
const OPT_OUT_MS = 2 * DAY_MS;
const OPT_OUT_DAYS = 30;
const OPT_OUTS_MAX = 200;
const FOUND_MAX = 20;
const COMPLAINTS_MAX = 20_000;
const PLACEMENTS_MAX = 5000;

export async function serverFigures(ports: FigurePorts, domains: readonly string[]): Promise<ServerFigures> {
  const { store, clock } = ports;
  const now = clock.now();
  const bySite = await store.sendingDays.byDomain(sendingDay(now - WEEK_DAYS * DAY_MS));
  const reported = await store.reports.complaints({ since: now - OPT_OUT_DAYS * DAY_MS }, COMPLAINTS_MAX);
  const sitesOf = Map.groupBy(bySite, ({ domain }) => domain);
  const complaintsAbout = Map.groupBy(reported, ({ fromDomain }) => fromDomain);
  const dashboards = await store.dashboards.latest(sendingDay(now - 2 * WEEK_DAYS * DAY_MS));
  const found: Record<string, DomainFigures> = {};
  for (const domain of domains) {
    const own = complaintsAbout.get(domain) ?? [];
    const names = sitesOf.has(domain) ? await store.sendingDays.names(domain, now - SENDING_DAY_LIMITS.nameKeptMs) : [];
    found[domain] = {
      sites: (sitesOf.get(domain) ?? []).map(({ domain: _domain, deferred: _deferred, ...row }): SiteFigures => row),
      complaints: complaintsOf(own, now),
      ...gmailSpamOf(dashboards, domain),
      senders: await sendersOf(ports.directory, domain, names),
      ...(await unsubscribeOf(ports, domain, names, now)),
      optOuts: await optOutsOf(store, domain, own, now),
    };
  }
  return { host: await hostFigures(ports, [...new Set(bySite.filter(({ delivered }) => delivered > 0).map(({ site }) => site))], now), domains: found };
}

async function hostFigures({ store, config }: FigurePorts, sites: readonly string[], now: number): Promise<HostFigures> {
  const hour = Math.floor(now / HOUR_MS);
  const placement = await placementOf(store, now);
  return {
    queue: await queueLength(store),
    queueBefore: (await store.sendingDays.queueLengths(hour - QUEUE_HOURS)).map((row) => ({ hoursAgo: hour - row.hour, waiting: row.waiting })),
    volume: (await store.sendingDays.bySource(sendingDay(now - (WEEK_DAYS + 2) * DAY_MS))).map(({ day, source, delivered }) => ({ source, delivered, daysAgo: daysBetween(day, now) })),
    enrolled: enrolmentsOf(config),
    sites,
    ...(placement ? { placement } : {}),
  };
}

/** Recipients waiting in the queue. */
export async function queueLength(store: Pick<Store, 'queueAdmin'>): Promise<HostFigures['queue']> {
  let waiting = 0;
  let held = 0;
  for await (const rows of store.queueAdmin.groups({}, 'state')) {
    for (const { state, recipients } of rows) {
      waiting += recipients;
      if (state === 'held') held += recipients;
    }
  }
  return { waiting, held };
}

function daysBetween(day: string, now: number): number {
  return Math.round((Date.parse(sendingDay(now)) - Date.parse(day)) / DAY_MS);
}

function enrolmentsOf({ doctor, dashboards = [] }: Config): HostFigures['enrolled'] {
  const read = new Set(dashboards.map(({ provider }) => provider));
  const said = (doctor?.enrolled ?? []).filter((programme) => programme === 'yahoo' || !read.has(programme));
  return [...[...read].map((programme) => ({ programme, how: 'its figures are read each day' })), ...said.map((programme) => ({ programme, how: 'as [doctor] enrolled says' }))];
}

function complaintsOf(complaints: readonly Complaint[], now: number): DomainFigures['complaints'] {
  const counts = new Map<string, number>();
  for (const { at, kind, reporter } of complaints) if (kind === 'abuse' && now - at < WEEK_DAYS * DAY_MS) counts.set(reporter, (counts.get(reporter) ?? 0) + 1);
  return [...counts].map(([provider, count]) => ({ provider, count })).toSorted((a, b) => b.count - a.count);
}

function gmailSpamOf(dashboards: readonly DashboardFigures[], domain: string): Pick<DomainFigures, 'gmailSpam'> {
  const told = dashboards.find(({ provider, subject }) => provider === 'google' && subject === domain);
  return told?.spamRate === undefined ? {} : { gmailSpam: { day: told.day, share: told.spamRate } };
}

async function sendersOf(directory: Pick<Directory, 'resolve'>, domain: string, names: readonly SendingNameRow[]): Promise<DomainFigures['senders']> {
  const ours = names.filter(({ field, value }) => field !== 'unsubscribe' && domainOf(value) === domain);
  return Promise.all(ours.map(async ({ field, value }) => ({ address: value, field: field as 'from' | 'reply-to', reached: !NOBODY.has((await directory.resolve(value)).kind) })));
}

/** Kinds of a resolution behind which nobody and nothing reads. */
const NOBODY: ReadonlySet<string> = new Set(['unknown', 'disabled']);

/** The trial of a day is given to who asks first. */
async function unsubscribeOf({ store, config }: FigurePorts, domain: string, names: readonly SendingNameRow[], now: number): Promise<Pick<DomainFigures, 'unsubscribe' | 'mayTryUnsubscribe'>> {
  const trials = new Set(config.doctor?.unsubscribeTest ?? []);
  const unsubscribe = names.filter(({ field }) => field === 'unsubscribe').map(({ value, recipient }) => ({ url: value, trial: recipient !== null && trials.has(recipient) }));
  if (!unsubscribe.some(({ trial }) => trial)) return { unsubscribe, mayTryUnsubscribe: false };
  const name = `unsubscribe-trial ${domain}`;
  const last = await store.chores.lastRunAt(name);
  const mayTryUnsubscribe = last === undefined || last > now || now - last >= DAY_MS * (1 - GUARD_LIMITS.jitter);
  if (mayTryUnsubscribe) await store.chores.ran(name, now);
  return { unsubscribe, mayTryUnsubscribe };
}

/** From our own log: bulk mail to an address that asked, more than two days before, for no more of it. */
async function optOutsOf(store: Store, domain: string, complaints: readonly Complaint[], now: number): Promise<DomainFigures['optOuts']> {
  const asked = new Map<string, number>();
  for (const { kind, recipient, at } of complaints) {
    if (kind === 'opt-out' && recipient !== undefined && now - at >= OPT_OUT_MS && asked.size < OPT_OUTS_MAX) asked.set(recipient, Math.min(at, asked.get(recipient) ?? at));
  }
  const ignored: string[] = [];
  for (const [address, at] of asked) {
    const sent = await store.timeline.find(address, FOUND_MAX);
    const after = sent.some(({ message, recipients }) => message.stream === 'bulk' && message.queuedAt > at + OPT_OUT_MS && (domainOfFrom(message.headerFrom) ?? domainOf(message.sender)) === domain
      && recipients.some((each) => each.address === address && each.state === 'delivered'));
    if (after) ignored.push(address);
  }
  return { asked: asked.size, ignored };
}

async function placementOf(store: Store, now: number): Promise<PlacementFigures | undefined> {
  const seeds = await store.placement.seeds();
  if (seeds.length === 0) return undefined;
  const providers = new Map(seeds.map(({ address, provider }) => [address, provider]));
  const placed = new Map<string, { inbox: number; junk: number; missing: number }>();
  for (const { seed, place } of await store.placement.list({ since: now - WEEK_DAYS * DAY_MS, until: now, limit: PLACEMENTS_MAX })) {
    if (place === 'waiting') continue;
    const provider = providers.get(seed) ?? domainOf(seed);
    const sum = placed.get(provider) ?? { inbox: 0, junk: 0, missing: 0 };
    sum[place === 'missing' ? 'missing' : place === 'inbox' || place === 'tab' ? 'inbox' : 'junk'] += 1;
    placed.set(provider, sum);
  }
  const unreadable = seeds.filter(({ trouble }) => trouble !== '').map(({ address, trouble }) => ({ seed: address, trouble }));
  return { placed: [...placed].map(([provider, sum]) => ({ provider, ...sum })), ...(unreadable.length === 0 ? {} : { unreadable }) };
}
