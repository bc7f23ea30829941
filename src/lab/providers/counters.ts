/**
 * What each provider counts: per address, per From domain and per day (UTC, on the lab's clock), and what follows from
 * it: the rate of the last minute, the bulk status, the complaint rate.
 */
import type { Clock } from '../../base/clock.ts';

export interface DayCounts {
  readonly provider: string;
  readonly kind: 'ip' | 'domain';
  readonly key: string;
  /** `2026-11-20`. */
  readonly day: string;
  readonly inbox: number;
  readonly spam: number;
  /** Messages and recipients refused, by the rule that did. */
  readonly refused: Readonly<Record<string, number>>;
  readonly complaints: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface DayRow extends Mutable<Omit<DayCounts, 'refused'>> {
  refused: Record<string, number>;
}

/** The public threshold of Gmail and Outlook; Yahoo publishes none. */
export const BULK_MESSAGES_PER_DAY = 5_000;
const MINUTE_MS = 60_000;
const ROWS_MAX = 50_000;
const RECENT_MAX = 100_000;
/** Below, one complaint would already be a scandalous rate. */
const INBOXED_FOR_RATE_MIN = 100;

export class Counters {
  readonly #clock: Clock;
  readonly #rows = new Map<string, DayRow>();
  /** Per address (or other key), start times of recent messages. */
  readonly #recent = new Map<string, number[]>();
  readonly #open = new Map<string, number>();
  readonly #bulk = new Set<string>();
  readonly #messageIds = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  accepted(provider: string, ip: string, domain: string, folder: 'inbox' | 'spam'): void {
    this.#row(provider, 'ip', ip)[folder] += 1;
    const row = this.#row(provider, 'domain', domain);
    row[folder] += 1;
    // Bulk status is permanent once reached (Gmail's guidelines), so it is kept apart from the day.
    if (row.inbox + row.spam >= BULK_MESSAGES_PER_DAY) this.#bulk.add(`${provider} ${domain}`);
  }

  refused(provider: string, ip: string, domain: string | undefined, rule: string): void {
    bump(this.#row(provider, 'ip', ip).refused, rule);
    if (domain !== undefined) bump(this.#row(provider, 'domain', domain).refused, rule);
  }

  complained(provider: string, ip: string, domain: string): void {
    this.#row(provider, 'ip', ip).complaints += 1;
    this.#row(provider, 'domain', domain).complaints += 1;
  }

  /** Notes the start of a message, by the address it comes from or by another key that is limited. */
  started(provider: string, key: string): void {
    const id = `${provider} ${key}`;
    const times = this.#recent.get(id) ?? [];
    times.push(this.#clock.now());
    if (times.length > RECENT_MAX) times.shift();
    forgetOldest(this.#recent);
    this.#recent.set(id, times);
  }

  perMinute(provider: string, key: string): number {
    const times = this.#recent.get(`${provider} ${key}`);
    if (!times) return 0;
    const since = this.#clock.now() - MINUTE_MS;
    const first = times.findIndex((at) => at > since);
    times.splice(0, first < 0 ? times.length : first);
    return times.length;
  }

  /** Notes a new connection; the function returned notes its end. */
  connected(provider: string, ip: string): () => void {
    const id = `${provider} ${ip}`;
    this.started(provider, `connection:${ip}`);
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1);
    return () => {
      const left = (this.#open.get(id) ?? 1) - 1;
      if (left > 0) this.#open.set(id, left);
      else this.#open.delete(id);
    };
  }

  connections(provider: string, ip: string): { readonly open: number; readonly perMinute: number } {
    return { open: this.#open.get(`${provider} ${ip}`) ?? 0, perMinute: this.perMinute(provider, `connection:${ip}`) };
  }

  /** How often that rule refused that address today. */
  refusedToday(provider: string, ip: string, rule: string): number {
    return this.#row(provider, 'ip', ip).refused[rule] ?? 0;
  }

  isBulk(provider: string, domain: string): boolean {
    return this.#bulk.has(`${provider} ${domain}`);
  }

  /** Complaints per inboxed message of the day; 0 while there are too few to tell. */
  complaintRate(provider: string, domain: string): number {
    const row = this.#row(provider, 'domain', domain);
    return row.inbox < INBOXED_FOR_RATE_MIN ? 0 : row.complaints / row.inbox;
  }

  /** Counts a Message-ID and tells how often it came today. */
  seenMessageId(provider: string, messageId: string): number {
    const key = `${provider} ${this.#day()} ${messageId}`;
    const times = (this.#messageIds.get(key) ?? 0) + 1;
    forgetOldest(this.#messageIds);
    this.#messageIds.set(key, times);
    return times;
  }

  list(provider?: string): readonly DayCounts[] {
    return [...this.#rows.values()].filter((row) => provider === undefined || row.provider === provider);
  }

  #row(provider: string, kind: 'ip' | 'domain', key: string): DayRow {
    const day = this.#day();
    const id = `${provider} ${kind} ${key} ${day}`;
    let row = this.#rows.get(id);
    if (!row) {
      forgetOldest(this.#rows);
      row = { provider, kind, key, day, inbox: 0, spam: 0, refused: {}, complaints: 0 };
      this.#rows.set(id, row);
    }
    return row;
  }

  #day(): string {
    return new Date(this.#clock.now()).toISOString().slice(0, 10);
  }
}

function bump(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** A hostile sender names as many domains as it likes. */
function forgetOldest(map: Map<string, unknown>): void {
  if (map.size < ROWS_MAX) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
