/** What every report of ours says about its maker, and how a day of UTC is written. */
import { createHash } from 'node:crypto';
import { REPORT_OUT_LIMITS } from '../../base/report-limits.ts';
import type { Config } from '../../config/config.ts';
import { DEFAULT_REPORTS, type ReportsConfig } from '../../config/reports-config.ts';

export const DAY_MS = 86_400_000;
const DAY_CHARS = 10;
const ID_CHARS = 24;

export interface Reporter {
  readonly settings: ReportsConfig;
  readonly organization: string;
  readonly from: string;
  readonly submitter: string;
}

export function reporterOf(config: Config): Reporter {
  const settings = config.reports ?? DEFAULT_REPORTS;
  return {
    settings,
    organization: settings.organization ?? config.hostname,
    from: settings.from ?? `postmaster@${config.origin ?? config.hostname}`,
    submitter: config.hostname,
  };
}

/** Of one day about one domain, packed. */
export interface MadeReport {
  readonly attachment: Buffer;
  readonly domain: string;
  readonly reportId: string;
  /** Milliseconds since 1970. */
  readonly begin: number;
  readonly end: number;
}

/** Days of UTC, `2026-11-20`: from one on, before another. */
export interface DaySpan {
  readonly from: string;
  readonly before: string;
}

export interface ReportRun {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
  readonly span: DaySpan;
}

/** Those that are over and counted to their end, and not so long ago that nobody wants their report. */
export function dueDays(now: number): DaySpan {
  return { from: dayOf(now - REPORT_OUT_LIMITS.lateDays * DAY_MS), before: dayOf(now - REPORT_OUT_LIMITS.settleMs) };
}

/** The same for the same report, so that one that is sent again is recognised (RFC 9990 §3.5.3). Letters and digits. */
export function reportIdOf(kind: string, submitter: string, domain: string, day: string): string {
  return createHash('sha256').update(`${kind} ${submitter} ${domain} ${day}`).digest('hex').slice(0, ID_CHARS);
}

/** `2026-11-20`, UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, DAY_CHARS);
}

/** Milliseconds since 1970; the end is the day's last second. */
export function timeOf(day: string): { readonly begin: number; readonly end: number } {
  const begin = Date.parse(`${day}T00:00:00Z`);
  return { begin, end: begin + DAY_MS - 1000 };
}
