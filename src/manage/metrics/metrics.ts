/**
 * `metrics.read`: what a monitoring system asks every few seconds: the queue by state and site, deliveries by outcome and
 * site, lanes, what came in, the process. As families of samples, and as Prometheus' text.
 *
 * Bounded: at most METRICS_LIMITS.sitesMax sites are named, the rest is `other`; the queue is counted at most every
 * queueEveryMs.
 */
import { z } from 'zod';
import { METRICS_LIMITS } from '../../base/limits.ts';
import { formatPrometheus, type MetricFamily, type Sample } from '../../mail/prometheus-text.ts';
import { COUNTER_HELP } from './metrics-names.ts';
import { countQueue, type QueueStats } from '../queue/queue-stats.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

export interface MetricsAnswer {
  readonly families: readonly MetricFamily[];
  /** The same in Prometheus' text format. */
  readonly text: string;
}

const read = defineVerb({
  name: 'metrics.read',
  summary: 'Tells counts and gauges of the server, for monitoring.',
  args: z.strictObject({}),
  run: async (context): Promise<MetricsAnswer> => {
    const families = [
      ...(await queueFamilies(context)),
      ...counterFamilies(context),
      ...laneFamilies(context),
      ...(await doctorFamilies(context)),
      ...(await processFamilies(context)),
    ].filter(({ samples }) => samples.length > 0);
    return { families, text: formatPrometheus(families) };
  },
});

export const metricsVerbs = [read] as const;

async function queueFamilies(context: ManageContext): Promise<readonly MetricFamily[]> {
  const make = (): Promise<QueueStats> => countQueue(context, {}, 'site', METRICS_LIMITS.sitesMax);
  const stats = context.metrics ? await context.metrics.recent('queue', METRICS_LIMITS.queueEveryMs, make) : await make();
  const now = context.clock.now();
  const states = new Map(stats.states.map(({ state, recipients }) => [state, recipients]));
  return [
    gauge('posthorn_queue_recipients', 'Waiting recipients by state.', (['queued', 'held'] as const).map((state) => ({ labels: { state }, value: states.get(state) ?? 0 }))),
    gauge('posthorn_queue_site_recipients', 'Waiting recipients by MX site.', stats.rows.map(({ name, total }) => ({ labels: { site: name }, value: total }))),
    gauge('posthorn_queue_oldest_age_seconds', 'Age of the oldest waiting message.', [{ labels: {}, value: stats.total.total === 0 ? 0 : seconds(now - stats.total.oldestAt) }]),
    gauge('posthorn_queue_in_flight_recipients', 'Recipients in delivery now.', context.queue ? [{ labels: {}, value: context.queue.size.inFlight }] : []),
  ];
}

function counterFamilies({ metrics }: ManageContext): readonly MetricFamily[] {
  const samples = new Map<string, Sample[]>();
  for (const { name, labels, value } of metrics?.counts ?? []) {
    const known = samples.get(name);
    if (known) known.push({ labels, value });
    else samples.set(name, [{ labels, value }]);
  }
  return Object.entries(COUNTER_HELP).map(([name, help]) => ({ name, help, type: 'counter', samples: samples.get(name) ?? [] }));
}

const MICROSECONDS = 1_000_000;
const LANE_STATES = ['cold', 'warming', 'steady', 'hot', 'cooling', 'blocked'] as const;

function laneFamilies({ shaping }: ManageContext): readonly MetricFamily[] {
  if (!shaping) return [];
  const lanes = shaping.lanes().slice(0, METRICS_LIMITS.lanesMax);
  const sites = shaping.sites().slice(0, METRICS_LIMITS.sitesMax);
  const named = ({ key }: (typeof lanes)[number]) => ({ source: key.source, site: key.site, dkim_domain: key.dkimDomain });
  return [
    gauge('posthorn_lane_state', 'State of a lane (source address, MX site, DKIM domain): 1 for the one it is in.', lanes.flatMap((lane) => LANE_STATES.map((state) => ({ labels: { ...named(lane), state }, value: state === lane.state ? 1 : 0 })))),
    gauge('posthorn_lane_sent_today', 'Messages that a lane sent since midnight UTC.', lanes.map((lane) => ({ labels: named(lane), value: lane.sentToday }))),
    gauge('posthorn_lane_deferred_ratio', 'Share of temporary refusals among the latest results of a lane.', lanes.flatMap((lane) => (lane.deferredShare === undefined ? [] : [{ labels: named(lane), value: lane.deferredShare }]))),
    gauge('posthorn_site_connections', 'Deliveries at once that a site gets now.', sites.map((site) => ({ labels: { site: site.key }, value: site.connections }))),
    gauge('posthorn_site_in_flight', 'Deliveries to a site now.', sites.map((site) => ({ labels: { site: site.key }, value: site.inFlight }))),
    gauge('posthorn_site_unreachable', '1 while a site cannot be reached.', sites.map((site) => ({ labels: { site: site.key }, value: site.unreachable ? 1 : 0 }))),
    gauge('posthorn_pauses', 'Sites, addresses and senders that an administrator paused.', [{ labels: {}, value: shaping.pauses().length }]),
  ];
}

/** As the last examination of everything found them. */
async function doctorFamilies({ metrics, store }: ManageContext): Promise<readonly MetricFamily[]> {
  const make = async () => {
    const [run] = await store.examinations.runs(1, true);
    return { run, failing: run ? await store.examinations.failing(run.at, METRICS_LIMITS.lanesMax) : [] };
  };
  const { run, failing } = metrics ? await metrics.recent('doctor', METRICS_LIMITS.queueEveryMs, make) : await make();
  if (!run) return [];
  return [
    gauge('posthorn_doctor_score', 'Score of the last examination of everything, out of 10.', [{ labels: {}, value: run.score ?? 0 }]),
    gauge('posthorn_doctor_checks', 'Checks of that examination by what they found.', (['pass', 'warn', 'fail', 'unknown'] as const).map((level) => ({ labels: { level }, value: { pass: run.passed, warn: run.warned, fail: run.failed, unknown: run.unknown }[level] }))),
    gauge('posthorn_doctor_failing', '1 for each check that failed in it.', failing.map(({ check, subject }) => ({ labels: { check, subject }, value: 1 }))),
    gauge('posthorn_doctor_last_run_seconds', 'When that was, in seconds since 1970.', [{ labels: {}, value: seconds(run.at) }]),
  ];
}

async function processFamilies({ metrics, clock, store }: ManageContext): Promise<readonly MetricFamily[]> {
  const { commits } = await store.call('activity.counts', undefined);
  const braked = (await store.usage.brakes(METRICS_LIMITS.lanesMax)).filter(({ state }) => state === 'braked').length;
  const own: readonly MetricFamily[] = [
    { name: 'posthorn_store_commits_total', help: 'Transactions that the store has synced to disk.', type: 'counter', samples: [{ labels: {}, value: commits }] },
    gauge('posthorn_braked_accounts', 'Accounts whose mail is held because their password may be stolen.', [{ labels: {}, value: braked }]),
  ];
  // Without a server the figures of the process would be those of the command.
  if (!metrics) return own.slice(1);
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    ...own,
    gauge('posthorn_uptime_seconds', 'Time since the server was started.', [{ labels: {}, value: seconds(clock.now() - metrics.startedAt) }]),
    gauge('process_resident_memory_bytes', 'Memory of the process.', [{ labels: {}, value: rss }]),
    gauge('nodejs_heap_used_bytes', 'JavaScript objects of the main thread.', [{ labels: {}, value: heapUsed }]),
    { name: 'process_cpu_seconds_total', help: 'Processor time of the process.', type: 'counter', samples: [{ labels: {}, value: (user + system) / MICROSECONDS }] },
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function seconds(ms: number): number {
  return Math.max(0, Math.round(ms) / 1000);
}
