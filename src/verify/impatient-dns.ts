/**
 * The DNS for somebody who waits at a terminal.
 *
 * A name server that is dead makes each look-up wait to its end, and a question may need several, one after the other. As long
 * as not one answer of any kind has come, nothing is waited for beyond a fixed time from the first look-up: what is asked then
 * is a failure by time-out, which nobody takes for a no. The first answer ends that: from then on every look-up has its time.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { DOCTOR_LIMITS } from '../base/doctor-limits.ts';
import type { Dns, DnsAnswer, RecordType } from '../contract/dns.ts';

const GAVE_UP = { kind: 'failure', reason: 'timeout', detail: `no name server answered anything within ${DOCTOR_LIMITS.dnsSilenceMs / 1000} s` } as const;

/** `close` ends the waiting, not `dns`. */
export function impatientDns(dns: Dns, clock: Clock): Dns & { close(): void } {
  const silence = Promise.withResolvers<typeof GAVE_UP>();
  let timer: Timer | undefined;
  let alive = false;
  return {
    async query<T extends RecordType>(name: string, type: T, options?: { readonly signal?: AbortSignal }): Promise<DnsAnswer<T>> {
      const asked = dns.query(name, type, options);
      if (alive) return asked;
      timer ??= clock.timer(DOCTOR_LIMITS.dnsSilenceMs, () => silence.resolve(GAVE_UP));
      const answer = asked.then((each) => {
        // Who refuses is there.
        alive ||= each.kind !== 'failure' || (each.reason !== 'timeout' && each.reason !== 'network');
        return each;
      });
      const first: DnsAnswer<T> = await Promise.race([answer, silence.promise]);
      return first === GAVE_UP && alive ? answer : first;
    },
    close() {
      timer?.cancel();
    },
  };
}
