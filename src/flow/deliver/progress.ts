/** Tells whoever asked what an attempt does this moment: at which host, since when, and when that is given up at the latest. */
import type { Clock } from '../../base/clock.ts';
import { DNS_LIMITS, MTA_STS_LIMITS } from '../../base/limits.ts';
import type { AttemptStep, DeliveryJob } from '../../contract/queue.ts';
import type { StepWatcher } from '../../net/smtp-trouble.ts';

/** One question, with the one behind it that tells who is to blame when no answer comes. */
const QUESTION_MS = DNS_LIMITS.totalTimeoutMs + 2 * DNS_LIMITS.attemptTimeoutMs;
/** MX records, then addresses. */
const HOSTS_MS = 2 * QUESTION_MS;
/** The CNAME and two names of TLSA records; the policy's record, its host and the policy itself meanwhile. */
const PROTECTION_MS = Math.max(3 * QUESTION_MS, 2 * QUESTION_MS + MTA_STS_LIMITS.fetchTimeoutMs);

export class Progress {
  readonly #clock: Clock;
  readonly #tell: DeliveryJob['onStep'];
  #last: AttemptStep | undefined;

  constructor(clock: Clock, tell: DeliveryJob['onStep']) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Mail hosts and their addresses. */
  lookingUp(): void {
    this.#begin({ doing: 'looking-up' }, HOSTS_MS);
  }

  /** How the way to this host is to be protected. */
  protecting(mx: string): void {
    this.#begin({ doing: 'tls-policy', mx }, PROTECTION_MS);
  }

  /** Absent when nobody asked. */
  at(mx: string, address: string, port: number): StepWatcher | undefined {
    return this.#tell && ((doing, withinMs) => this.#begin({ doing, mx, address, port }, withinMs));
  }

  #begin(step: Pick<AttemptStep, 'doing' | 'mx' | 'address' | 'port'>, withinMs: number): void {
    if (!this.#tell) return;
    const now = this.#clock.now();
    const last = this.#last;
    // The text goes in pieces, each with its own time.
    const goesOn = last !== undefined && step.doing === 'body' && last.doing === 'body' && last.address === step.address;
    this.#last = { ...step, since: goesOn ? last.since : now, until: now + Math.round(withinMs) };
    this.#tell(this.#last);
  }
}
