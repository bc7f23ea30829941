/** Counting what happens: log entries and settled recipients become counters. */
import { Counters } from '../base/counters.ts';
import { METRICS_LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/clock.ts';
import type { LogEntry } from '../base/log.ts';
import type { MetricsSource } from '../contract/metrics.ts';
import type { QueueOptions } from '../flow/queue/queue.ts';
import { LOG_EVENTS } from '../mail/log-events.ts';
import type { CounterName } from '../manage/metrics/metrics-names.ts';

type SettledListener = NonNullable<QueueOptions['onSettled']>;

export function createCounters(): Counters {
  return new Counters(METRICS_LIMITS.seriesMax);
}

/** Of an event: the counter, and which fields become labels. */
const COUNTED: Readonly<Record<string, { readonly name: CounterName; readonly labels: readonly string[] }>> = {
  [LOG_EVENTS.smtpConnected]: { name: 'posthorn_smtp_connections_total', labels: ['service'] },
  [LOG_EVENTS.smtpRejected]: { name: 'posthorn_smtp_rejected_total', labels: ['stage', 'code'] },
  [LOG_EVENTS.loginFailed]: { name: 'posthorn_logins_failed_total', labels: ['reason'] },
  [LOG_EVENTS.accessLogin]: { name: 'posthorn_logins_total', labels: ['service'] },
  [LOG_EVENTS.accessLoginFailed]: { name: 'posthorn_logins_failed_total', labels: ['reason'] },
  [LOG_EVENTS.accepted]: { name: 'posthorn_messages_accepted_total', labels: [] },
  'message.refused': { name: 'posthorn_messages_refused_total', labels: ['rule'] },
  [LOG_EVENTS.dsnSent]: { name: 'posthorn_notices_total', labels: ['kind'] },
  'account.braked': { name: 'posthorn_accounts_braked_total', labels: ['rule'] },
  'guard.worse': { name: 'posthorn_guard_news_total', labels: ['kind'] },
  'guard.better': { name: 'posthorn_guard_news_total', labels: ['kind'] },
  'guard.mended': { name: 'posthorn_guard_news_total', labels: ['kind'] },
  'guard.unsteady': { name: 'posthorn_guard_news_total', labels: ['kind'] },
  'guard.unknown': { name: 'posthorn_guard_news_total', labels: ['kind'] },
  'guard.known-again': { name: 'posthorn_guard_news_total', labels: ['kind'] },
  'account.over-quota': { name: 'posthorn_quota_refusals_total', labels: [] },
};

/** Counts a log entry; false when it is none that counts. */
export function countingSink(counters: Counters): (entry: LogEntry) => boolean {
  return ({ event, level, fields }: LogEntry) => {
    if (level === 'warn' || level === 'error') counters.add('posthorn_log_entries_total' satisfies CounterName, { level });
    const counted = COUNTED[event];
    if (!counted) return level === 'warn' || level === 'error';
    counters.add(counted.name, Object.fromEntries(counted.labels.map((label) => [label, String(fields[label] ?? 'none')])));
    return true;
  };
}

const OUTCOMES: Readonly<Record<string, string>> = { queued: 'deferred' };

export function countDeliveries(counters: Counters): SettledListener {
  return ({ route }, settled) => {
    const site = 'site' in route && route.site ? route.site.key : route.kind;
    for (const { settlement, explanation } of settled) {
      counters.add('posthorn_deliveries_total' satisfies CounterName, { site, outcome: OUTCOMES[settlement.state] ?? settlement.state });
      if (settlement.state !== 'delivered' && explanation) {
        counters.add('posthorn_delivery_failures_total' satisfies CounterName, { culprit: explanation.culprit, class: explanation.faultClass });
      }
    }
  };
}

export function createMetricsSource(counters: Counters, clock: Clock): MetricsSource {
  const answers = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();
  const startedAt = clock.now();
  return {
    startedAt,
    get counts() {
      return counters.counts;
    },
    recent: <T>(name: string, maxAgeMs: number, make: () => Promise<T>): Promise<T> => {
      const known = answers.get(name);
      if (known && clock.now() - known.at < maxAgeMs) return known.answer as Promise<T>;
      const answer = make();
      answers.set(name, { at: clock.now(), answer });
      answer.catch(() => answers.delete(name));
      return answer;
    },
  };
}
