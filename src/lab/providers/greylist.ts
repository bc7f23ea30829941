/** Greylisting as the scenario has it: address, sender and recipient must come back after a while. */
import type { Clock } from '../../base/clock.ts';

const DELAY_MS = 300_000;
const ENTRIES_MAX = 100_000;

export class Greylist {
  readonly #clock: Clock;
  readonly #firstSeen = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when the triple may pass; notes it when it is new. */
  passes(ip: string, sender: string, recipient: string): boolean {
    const key = `${ip} ${sender.toLowerCase()} ${recipient.toLowerCase()}`;
    const now = this.#clock.now();
    const first = this.#firstSeen.get(key);
    if (first !== undefined) return now - first >= DELAY_MS;
    if (this.#firstSeen.size >= ENTRIES_MAX) this.#firstSeen.clear();
    this.#firstSeen.set(key, now);
    return false;
  }
}
