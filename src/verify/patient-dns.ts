/**
 * A Dns port with little patience: what is not answered soon is `failure: timeout`, and a name that was silent once is
 * hardly waited for again until it has answered. The question goes on meanwhile, so that a late answer is in the cache of
 * the port behind for who asks next.
 */
import type { Clock } from '../base/clock.ts';
import type { Dns, DnsAnswer, RecordType } from '../contract/dns.ts';

export interface PatienceLimits {
  /** For a name that answered, or was not asked for yet. */
  readonly patienceMs: number;
  /** For one that was silent. */
  readonly silentPatienceMs: number;
  readonly silentNamesMax: number;
}

export function createPatientDns(dns: Dns, clock: Clock, limits: PatienceLimits): Dns {
  const silent = new Set<string>();

  const fellSilent = (key: string): void => {
    silent.delete(key);
    silent.add(key);
    for (const oldest of silent) {
      if (silent.size <= limits.silentNamesMax) break;
      silent.delete(oldest);
    }
  };

  return {
    async query<T extends RecordType>(name: string, type: T, options: { signal?: AbortSignal } = {}): Promise<DnsAnswer<T>> {
      options.signal?.throwIfAborted();
      const key = `${type} ${name}`;
      const patienceMs = silent.has(key) ? limits.silentPatienceMs : limits.patienceMs;
      // Not with the signal of one who asks: the answer is for those who come later, too.
      const answer = dns.query(name, type).then((found) => {
        if (found.kind === 'failure' && found.reason === 'timeout') fellSilent(key);
        else silent.delete(key);
        return found;
      });
      return new Promise((resolve, reject) => {
        const timer = clock.timer(patienceMs, () => {
          fellSilent(key);
          resolve({ kind: 'failure', reason: 'timeout', detail: `no answer within ${patienceMs / 1000} s` });
        });
        answer.then(resolve, reject).finally(() => timer.cancel());
      });
    },
  };
}
