/**
 * How long to rest and how slowly to come back after a complaint that names its culprit: what providers document, by the
 * rule that explained the reply (mail/reply-meaning), and one cautious way for all others.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';

export interface Recovery {
  /** Nothing goes for so long; doubled at each further complaint within a day. */
  readonly restMs: number;
  /** The rate to begin with, which is also what each step adds; 0: half of what it was. */
  readonly perMinute: number;
  readonly connections: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Row extends Recovery {
  /** Rule ids, or prefixes ending in `*`. */
  readonly rules: readonly string[];
  readonly source: string;
}

export const RECOVERIES: readonly Row[] = [
  { rules: ['google.rate*'], restMs: 10 * MINUTE, perMinute: 10, connections: 1, source: 'https://support.google.com/a/answer/3726730: wait ten minutes, then one connection' },
  { rules: ['google.low-reputation*'], restMs: HOUR, perMinute: 2, connections: 1, source: 'https://support.google.com/mail/answer/81126' },
  { rules: ['microsoft.reputation*', 'microsoft.connection*'], restMs: MINUTE, perMinute: 1, connections: 1, source: 'operators of large senders: one connection, one message a minute, climb slowly' },
  { rules: ['microsoft.evaluation*'], restMs: 4 * HOUR, perMinute: 1, connections: 1, source: 'https://learn.microsoft.com/defender-office-365/mail-flow-about: address under evaluation' },
  { rules: ['microsoft.pattern*'], restMs: 5 * MINUTE, perMinute: 0, connections: 2, source: 'operators of large senders: halve the rate, raise it over days' },
  { rules: ['yahoo.volume*'], restMs: 2 * HOUR, perMinute: 2, connections: 1, source: 'https://senders.yahooinc.com/smtp-error-codes/ [TSS04]' },
  { rules: ['yahoo.complaints*'], restMs: 4 * HOUR, perMinute: 2, connections: 1, source: 'https://senders.yahooinc.com/smtp-error-codes/ [TSS05]' },
  { rules: ['apple.*'], restMs: 15 * MINUTE, perMinute: 5, connections: 1, source: 'https://support.apple.com/102322' },
  { rules: ['posthorn.complaints'], restMs: HOUR, perMinute: 0, connections: 1, source: 'https://support.google.com/a/answer/81126 and https://senders.yahooinc.com/best-practices/: spam complaints stay below 0.3 %' },
  { rules: ['any.reputation*'], restMs: 5 * MINUTE, perMinute: 1, connections: 1, source: 'operators of large senders: one message a minute on one connection' },
];

const ANY: Recovery = { restMs: SHAPE_LIMITS.hotRestMinMs, perMinute: 0, connections: 1 };

/** `retryAfterMs`: the delay that the reply names; it counts where the provider documents nothing. */
export function recoveryFor(rule: string, retryAfterMs?: number): Recovery {
  const documented = RECOVERIES.find(({ rules }) => matchesRule(rule, rules));
  if (documented || retryAfterMs === undefined) return documented ?? ANY;
  return { ...ANY, restMs: Math.max(SHAPE_LIMITS.hotRestNamedMinMs, retryAfterMs) };
}

/** `rules`: ids, or prefixes ending in `*`. */
export function matchesRule(rule: string, rules: readonly string[]): boolean {
  return rules.some((pattern) => (pattern.endsWith('*') ? rule.startsWith(pattern.slice(0, -1)) : rule === pattern));
}
