/**
 * How far one attempt may go in search of a host: so many addresses, so many hosts that answered, so much time. Two
 * addresses are always tried, so that a backup gets its chance behind a first choice that is silent.
 */
import type { Clock } from '../../base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../../base/limits.ts';

export class Reach {
  readonly #clock: Clock;
  readonly #startedAt: number;
  #addresses = 0;
  #sessions = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  get exhausted(): boolean {
    const { addressesPerAttemptMax, sessionsPerAttemptMax, reachBudgetMs } = SMTP_CLIENT_LIMITS;
    const late = this.#addresses >= 2 && this.#clock.monotonic() - this.#startedAt >= reachBudgetMs;
    return late || this.#addresses >= addressesPerAttemptMax || this.#sessions >= sessionsPerAttemptMax;
  }

  /** For the next address, in milliseconds; one that is known to be silent gets less. */
  connectTimeoutMs(knownSilent: boolean): number {
    return knownSilent || this.#addresses > 1 ? SMTP_CLIENT_LIMITS.connectAgainTimeoutMs : SMTP_CLIENT_LIMITS.connectTimeoutMs;
  }

  begins(): void {
    this.#addresses += 1;
  }

  spoke(): void {
    this.#sessions += 1;
  }
}
