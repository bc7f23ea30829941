/** What a running server counts, for the verb that tells it. */
import type { Count } from '../base/counters.ts';

export interface MetricsSource {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly counts: readonly Count[];
  /** The answer of `make`, not older than `maxAgeMs`: for what is costly to find out, such as the size of the queue. */
  recent<T>(name: string, maxAgeMs: number, make: () => Promise<T>): Promise<T>;
}
