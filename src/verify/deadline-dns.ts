/**
 * A Dns port that stops at a deadline: what is asked or still open then is answered `failure: timeout`, so that every
 * method ends by itself with temperror and no report is lost.
 */
import type { Clock } from '../base/clock.ts';
import type { Dns, DnsAnswer, RecordType } from '../contract/dns.ts';

export interface DeadlineDns extends Dns {
  /** Releases the timer; open questions are cancelled. */
  close(): void;
}

/** `limitMs` counts from now, over all questions together. */
export function createDeadlineDns(dns: Dns, clock: Clock, limitMs: number): DeadlineDns {
  const controller = new AbortController();
  const timer = clock.timer(limitMs, () => controller.abort());
  const { signal } = controller;
  const late = { kind: 'failure', reason: 'timeout', detail: `all look-ups for one message have ${limitMs / 1000} s` } as const;
  return {
    async query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> {
      if (signal.aborted) return late;
      try {
        return await untilAborted(dns.query(name, type, { signal }), signal);
      } catch (problem) {
        if (signal.aborted) return late;
        throw problem;
      }
    },
    close() {
      timer.cancel();
      controller.abort();
    },
  };
}

/** Does not rely on the port to notice the signal. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(new Error('aborted'));
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
