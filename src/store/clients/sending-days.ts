/**
 * What becomes of outgoing mail is counted in memory and written together every few seconds: a delivery must not cost a
 * second commit, and a crash may lose the counts of the last seconds. Reading writes first.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { SENDING_DAY_LIMITS } from '../../base/guard-limits.ts';
import type { StoreCall } from '../call.ts';
import type { QueueLengthRow, SendingDayRow, SendingNameRow } from '../ops/sending-days.ts';

export type { QueueLengthRow, SendingDayRow, SendingNameRow } from '../ops/sending-days.ts';

export type SendingOutcome = 'delivered' | 'deferred' | 'hard' | 'soft';
export type SendingCounts = Pick<SendingDayRow, SendingOutcome>;

export interface SendingDayStore {
  /** What became of a recipient, now. */
  count(of: Pick<SendingDayRow, 'domain' | 'site' | 'source'>, outcome: SendingOutcome): void;
  /** Names that a message carries; whoever calls has chosen a sample. */
  noteName(row: SendingNameRow): void;
  byDomain(since: string): Promise<readonly Omit<SendingDayRow, 'day' | 'source'>[]>;
  bySource(since: string): Promise<readonly Omit<SendingDayRow, 'domain' | 'site'>[]>;
  /** The latest first; domain '' for all. */
  byDay(since: string, domain: string): Promise<readonly Omit<SendingDayRow, 'domain' | 'site' | 'source'>[]>;
  /** The latest first. */
  names(domain: string, since: number): Promise<readonly SendingNameRow[]>;
  noteQueueLength(row: QueueLengthRow): Promise<void>;
  queueLengths(sinceHour: number): Promise<readonly QueueLengthRow[]>;
  flush(): Promise<void>;
  prune(before: { readonly day: string; readonly nameBefore: number; readonly hour: number }): Promise<void>;
}

const DAY_CHARS = 10;

/** `2026-11-20`, UTC. */
export function sendingDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, DAY_CHARS);
}

export function createSendingDayStore(call: StoreCall, clock: Clock): SendingDayStore {
  return new SendingDays(call, clock);
}

class SendingDays implements SendingDayStore {
  readonly #call: StoreCall;
  readonly #clock: Clock;
  #days = new Map<string, { -readonly [K in keyof SendingDayRow]: SendingDayRow[K] }>();
  #names = new Map<string, SendingNameRow>();
  #timer: Timer | undefined;

  constructor(call: StoreCall, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
  }

  count({ domain, site, source }: Pick<SendingDayRow, 'domain' | 'site' | 'source'>, outcome: SendingOutcome): void {
    const day = sendingDay(this.#clock.now());
    const key = JSON.stringify([day, domain, site, source]);
    let row = this.#days.get(key);
    if (!row) this.#days.set(key, (row = { day, domain, site, source, delivered: 0, deferred: 0, hard: 0, soft: 0 }));
    row[outcome] += 1;
    this.#plan();
  }

  noteName(row: SendingNameRow): void {
    this.#names.set(JSON.stringify([row.domain, row.field, row.value]), row);
    this.#plan();
  }

  #plan(): void {
    // What cannot be written is lost, and the store's trouble is in the log already: mail goes first.
    const write = (): void => void this.flush().catch(() => {});
    if (this.#days.size + this.#names.size >= SENDING_DAY_LIMITS.inMemoryMax) write();
    else this.#timer ??= this.#clock.timer(SENDING_DAY_LIMITS.flushMs, write);
  }

  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#days.size + this.#names.size === 0) return;
    const [days, names] = [[...this.#days.values()], [...this.#names.values()]];
    this.#days = new Map();
    this.#names = new Map();
    await this.#call('sendingDays.add', { days, names });
  }

  async byDomain(since: string): Promise<readonly Omit<SendingDayRow, 'day' | 'source'>[]> {
    await this.flush();
    return this.#call('sendingDays.byDomain', { since, limit: SENDING_DAY_LIMITS.rowsMax });
  }

  async bySource(since: string): Promise<readonly Omit<SendingDayRow, 'domain' | 'site'>[]> {
    await this.flush();
    return this.#call('sendingDays.bySource', { since, limit: SENDING_DAY_LIMITS.rowsMax });
  }

  async byDay(since: string, domain: string): Promise<readonly Omit<SendingDayRow, 'domain' | 'site' | 'source'>[]> {
    await this.flush();
    return this.#call('sendingDays.byDay', { since, domain, limit: SENDING_DAY_LIMITS.rowsMax });
  }

  async names(domain: string, since: number): Promise<readonly SendingNameRow[]> {
    await this.flush();
    return this.#call('sendingDays.names', { domain, since, limit: SENDING_DAY_LIMITS.namesMax });
  }

  noteQueueLength(row: QueueLengthRow): Promise<void> {
    return this.#call('sendingDays.noteQueueLength', row);
  }

  queueLengths(sinceHour: number): Promise<readonly QueueLengthRow[]> {
    return this.#call('sendingDays.queueLengths', { since: sinceHour });
  }

  prune(before: { readonly day: string; readonly nameBefore: number; readonly hour: number }): Promise<void> {
    return this.#call('sendingDays.prune', before);
  }
}
