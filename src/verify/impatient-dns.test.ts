/** Who waits at a terminal does not wait for name servers that are dead. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AdjustableClock } from '../base/clock.ts';
import { DOCTOR_LIMITS } from '../base/doctor-limits.ts';
import type { Dns, DnsAnswer, RecordType } from '../contract/dns.ts';
import { impatientDns } from './impatient-dns.ts';

const REFUSED = { kind: 'failure', reason: 'refused', detail: 'no' } as const;

/** Answers when told to. */
class SlowDns {
  readonly #open = new Map<string, (answer: DnsAnswer<RecordType>) => void>();

  query(name: string): Promise<DnsAnswer<RecordType>> {
    return new Promise((resolve) => this.#open.set(name, resolve));
  }

  answer(name: string, answer: DnsAnswer<RecordType>): void {
    this.#open.get(name)?.(answer);
  }

}

describe('a command whose name servers', () => {
  it('say nothing at all gets a time-out for all look-ups at once, and for later ones at once', async () => {
    const clock = new AdjustableClock();
    const dns = impatientDns(new SlowDns() as unknown as Dns, clock);
    const asked = [dns.query('a.example', 'A'), dns.query('b.example', 'MX')];
    clock.advance(DOCTOR_LIMITS.dnsSilenceMs);
    for (const answer of [...(await Promise.all(asked)), await dns.query('c.example', 'TXT')]) assert.equal(answer.kind === 'failure' && answer.reason, 'timeout');
    dns.close();
  });

  it('have answered once, if only with a refusal, gives every other look-up its time', async () => {
    const clock = new AdjustableClock();
    const slow = new SlowDns();
    const dns = impatientDns(slow as unknown as Dns, clock);
    const [first, second] = [dns.query('a.example', 'A'), dns.query('b.example', 'A')];
    slow.answer('a.example', REFUSED);
    assert.deepEqual(await first, REFUSED);
    clock.advance(DOCTOR_LIMITS.dnsSilenceMs);
    slow.answer('b.example', { kind: 'nodata', secure: false });
    assert.equal((await second).kind, 'nodata');
    dns.close();
  });
});
