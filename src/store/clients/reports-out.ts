/**
 * Results of inbound mail for DMARC reports are counted in memory and written together every few seconds: a message must
 * not cost a commit of its own, and a crash may lose the counts of the last seconds. Reading writes first, and so does
 * closing. Every thread that takes mail has such a client.
 */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../base/clock.ts';
import { REPORT_OUT_LIMITS } from '../../base/report-limits.ts';
import type { DmarcRow } from '../../contract/reports.ts';
import type { StoreCall } from '../call.ts';
import type { DmarcCount, DmarcDay, ReportJob, ReportKind, SentReport } from '../ops/reports-out.ts';

/** How one message fared. */
export interface DmarcOutcome {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Where the policy was found, and its record. */
  readonly domain: string;
  readonly record: string;
  readonly row: Omit<DmarcRow, 'count'>;
}

export interface ReportsOutStore {
  /** Returns at once. */
  record(outcome: DmarcOutcome): void;
  /** Writes what is counted. */
  flush(): Promise<void>;
  /** Days (`2026-11-20`, UTC) from one on and before another that are still to be reported. */
  openDmarcDays(from: string, before: string, limit: number): Promise<readonly DmarcDay[]>;
  openTlsDays(from: string, before: string, limit: number): Promise<readonly { readonly day: string; readonly domain: string }[]>;
  /** The most frequent first. */
  rows(day: string, domain: string): Promise<readonly DmarcRow[]>;
  job(kind: ReportKind, day: string, domain: string): Promise<ReportJob | undefined>;
  noteJob(job: ReportJob): Promise<void>;
  /** Jobs of this day that were given up are open again. */
  reopen(kind: ReportKind, day: string): Promise<void>;
  noteSent(sent: SentReport): Promise<void>;
  sentFor(kind: ReportKind, day: string, domain: string): Promise<readonly SentReport[]>;
  /** The newest first; of one kind or domain, or of all. */
  sent(options: { readonly kind?: ReportKind; readonly domain?: string; readonly limit: number }): Promise<readonly SentReport[]>;
  /** Number of reports by mail to addresses of a domain, `to` excluded; milliseconds since 1970. */
  mailedTo(domain: string, from: number, to: number): Promise<number>;
  /** Forgets days before this one. */
  prune(before: string): Promise<void>;
}

const DAY_CHARS = 10;
const DIGEST_CHARS = 32;

export function createReportsOutStore(call: StoreCall, clock: Clock): ReportsOutStore {
  return new ReportsOut(call, clock);
}

class ReportsOut implements ReportsOutStore {
  readonly #call: StoreCall;
  readonly #clock: Clock;
  readonly #counts = new Map<string, { -readonly [K in keyof DmarcCount]: DmarcCount[K] }>();
  #timer: Timer | undefined;

  constructor(call: StoreCall, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
  }

  record({ at, domain, record, row }: DmarcOutcome): void {
    const day = new Date(at).toISOString().slice(0, DAY_CHARS);
    const result = JSON.stringify(row);
    const digest = createHash('sha256').update(result).digest('hex').slice(0, DIGEST_CHARS);
    const key = `${day} ${domain} ${digest}`;
    const present = this.#counts.get(key);
    if (present) {
      present.messages += 1;
      present.record = record;
    } else this.#counts.set(key, { day, domain, record, digest, result, messages: 1 });
    // What cannot be written is lost, and the store's trouble is in the log already: mail goes first.
    const write = (): void => void this.flush().catch(() => {});
    if (this.#counts.size >= REPORT_OUT_LIMITS.rowsInMemoryMax) write();
    else this.#timer ??= this.#clock.timer(REPORT_OUT_LIMITS.flushMs, write);
  }

  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    await this.#call('reportsOut.count', { counts });
  }

  async openDmarcDays(from: string, before: string, limit: number): Promise<readonly DmarcDay[]> {
    await this.flush();
    return this.#call('reportsOut.openDmarcDays', { from, before, limit });
  }

  openTlsDays(from: string, before: string, limit: number): Promise<readonly { readonly day: string; readonly domain: string }[]> {
    return this.#call('reportsOut.openTlsDays', { from, before, limit });
  }

  async rows(day: string, domain: string): Promise<readonly DmarcRow[]> {
    await this.flush();
    const results = await this.#call('reportsOut.results', { day, domain });
    return results.map(({ result, messages }) => ({ ...(JSON.parse(result) as Omit<DmarcRow, 'count'>), count: messages }));
  }

  job(kind: ReportKind, day: string, domain: string): Promise<ReportJob | undefined> {
    return this.#call('reportsOut.job', { kind, day, domain });
  }

  noteJob(job: ReportJob): Promise<void> {
    return this.#call('reportsOut.noteJob', job);
  }

  reopen(kind: ReportKind, day: string): Promise<void> {
    return this.#call('reportsOut.reopen', { kind, day });
  }

  noteSent(sent: SentReport): Promise<void> {
    return this.#call('reportsOut.noteSent', sent);
  }

  sentFor(kind: ReportKind, day: string, domain: string): Promise<readonly SentReport[]> {
    return this.#call('reportsOut.sentFor', { kind, day, domain });
  }

  sent({ kind, domain, limit }: { readonly kind?: ReportKind; readonly domain?: string; readonly limit: number }): Promise<readonly SentReport[]> {
    return this.#call('reportsOut.sent', { kind: kind ?? '', domain: domain ?? '', limit });
  }

  mailedTo(domain: string, from: number, to: number): Promise<number> {
    return this.#call('reportsOut.mailedTo', { domain, from, to });
  }

  prune(before: string): Promise<void> {
    return this.#call('reportsOut.prune', { before });
  }
}
