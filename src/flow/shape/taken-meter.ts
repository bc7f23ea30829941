/** How many messages were taken within the latest stretch of time: an hour by minutes, a day by ten minutes. */

/** A slot since 1970, and messages that were taken in it. */
export type SlotCount = readonly [slot: number, messages: number];

export class TakenMeter {
  readonly #slotMs: number;
  readonly #slots: number;
  #counts: [slot: number, messages: number][];

  /** Looks back `slots` slots of `slotMs` milliseconds. */
  constructor(slotMs: number, slots: number, counts: readonly SlotCount[] = []) {
    this.#slotMs = slotMs;
    this.#slots = slots;
    this.#counts = counts.map(([slot, messages]) => [slot, messages]);
  }

  count(now: number, messages: number): void {
    this.#turn(now);
    const slot = this.#slotOf(now);
    const last = this.#counts.at(-1);
    if (last?.[0] === slot) last[1] += messages;
    else this.#counts.push([slot, messages]);
  }

  counts(now: number): readonly SlotCount[] {
    this.#turn(now);
    return this.#counts;
  }

  total(now: number): number {
    return this.counts(now).reduce((sum, [, messages]) => sum + messages, 0);
  }

  /** What was taken since then, and before it in the same slot. */
  since(at: number, now: number): number {
    return this.counts(now).reduce((sum, [slot, messages]) => ((slot + 1) * this.#slotMs > at ? sum + messages : sum), 0);
  }

  busiest(now: number): number {
    return this.counts(now).reduce((most, [, messages]) => Math.max(most, messages), 0);
  }

  /** When less than `limit` will have been taken within the stretch, if nothing more goes; `now` when that is so. */
  roomAt(now: number, limit: number): number {
    let total = this.total(now);
    if (total < limit) return now;
    for (const [slot, messages] of this.#counts) {
      total -= messages;
      if (total < limit) return Math.max(now + 1, (slot + this.#slots + 1) * this.#slotMs);
    }
    return now + this.#slots * this.#slotMs;
  }

  #slotOf(now: number): number {
    return Math.floor(now / this.#slotMs);
  }

  /** Also what a clock that was ahead has counted. */
  #turn(now: number): void {
    const slot = this.#slotOf(now);
    const [first] = this.#counts;
    if (first === undefined || (first[0] >= slot - this.#slots && (this.#counts.at(-1)?.[0] ?? 0) <= slot)) return;
    this.#counts = this.#counts.filter(([at]) => at >= slot - this.#slots && at <= slot);
  }
}

export function hourMeter(minutes?: readonly SlotCount[]): TakenMeter {
  return new TakenMeter(60_000, 60, minutes);
}

export function dayMeter(slots?: readonly SlotCount[]): TakenMeter {
  return new TakenMeter(600_000, 144, slots);
}
