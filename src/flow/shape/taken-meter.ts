/**
 * What was taken of late, by the minute for an hour and by ten minutes before that: any window of up to a day can be
 * counted. What was taken in one stretch of ten minutes counts as taken at its end.
 */
import { QUOTA_LIMITS } from '../../base/quota-limits.ts';

const MINUTE_MS = 60_000;
const FINE_MINUTES = 60;
const COARSE_MINUTES = 10;
/** More entries than that are drawn together. */
const ENTRIES_MAX = 256;

/** A minute since 1970, and messages that were taken in it. */
export type MinuteCount = readonly [minute: number, messages: number];

interface Entry {
  readonly minute: number;
  /** Everything taken up to the end of this minute. */
  readonly total: number;
}

export class TakenMeter {
  #entries: Entry[] = [];
  /** Total before the first entry. */
  #before = 0;

  constructor(counts: readonly MinuteCount[] = []) {
    let total = 0;
    this.#entries = counts.map(([minute, messages]) => ({ minute, total: (total += messages) }));
  }

  count(now: number, messages: number): void {
    this.#turn(now);
    const minute = Math.floor(now / MINUTE_MS);
    const last = this.#entries.at(-1);
    const total = (last?.total ?? this.#before) + messages;
    if (last?.minute === minute) this.#entries[this.#entries.length - 1] = { minute, total };
    else this.#entries.push({ minute, total });
    if (this.#entries.length > ENTRIES_MAX) this.#compact(minute);
  }

  counts(now: number): readonly MinuteCount[] {
    this.#turn(now);
    return this.#entries.map(({ minute, total }, at) => [minute, total - (this.#entries[at - 1]?.total ?? this.#before)]);
  }

  /** What was taken since then, and before it in the same minute. */
  since(at: number, now: number): number {
    this.#turn(now);
    const first = this.#firstAfter(at);
    return (this.#entries.at(-1)?.total ?? this.#before) - (this.#entries[first - 1]?.total ?? this.#before);
  }

  total(now: number, withinMs: number): number {
    return this.since(now - withinMs, now);
  }

  /** Of the latest hour. */
  busiestMinute(now: number): number {
    return this.counts(now).reduce((most, [minute, messages]) => (minute * MINUTE_MS > now - FINE_MINUTES * MINUTE_MS ? Math.max(most, messages) : most), 0);
  }

  /** When less than `limit` will have been taken within any `withinMs`, if nothing more goes; `now` when that is so. */
  roomAt(now: number, withinMs: number, limit: number): number {
    const tooMany = this.total(now, withinMs) - limit;
    if (tooMany < 0) return now;
    const first = this.#firstAfter(now - withinMs);
    const upTo = (this.#entries[first - 1]?.total ?? this.#before) + tooMany;
    const leaves = this.#entries.find(({ total }, at) => at >= first && total > upTo);
    return leaves ? Math.max(now + 1, (leaves.minute + 1) * MINUTE_MS + withinMs) : now + withinMs;
  }

  /** Position of the first entry that ends after this moment. */
  #firstAfter(at: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (((this.#entries[middle] as Entry).minute + 1) * MINUTE_MS > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #compact(minute: number): void {
    const kept: Entry[] = [];
    for (const entry of this.#entries) {
      const end = Math.floor(entry.minute / COARSE_MINUTES) * COARSE_MINUTES + COARSE_MINUTES - 1;
      const coarse = end < minute - FINE_MINUTES ? { ...entry, minute: end } : entry;
      if (kept.at(-1)?.minute === coarse.minute) kept[kept.length - 1] = coarse;
      else kept.push(coarse);
    }
    this.#entries = kept;
  }

  /** Also what a clock that was ahead has counted. */
  #turn(now: number): void {
    const minute = Math.floor(now / MINUTE_MS);
    const oldest = minute - QUOTA_LIMITS.lookBackMs / MINUTE_MS;
    while ((this.#entries.at(-1)?.minute ?? 0) > minute) this.#entries.pop();
    const gone = this.#entries.findIndex((entry) => entry.minute >= oldest);
    if (gone === 0) return;
    const dropped = this.#entries.splice(0, gone < 0 ? this.#entries.length : gone);
    this.#before = dropped.at(-1)?.total ?? this.#before;
  }
}
