import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dns } from '../../contract/dns.ts';
import { parseIp, reverseName, type IpBytes } from '../ip-address.ts';
import { createClientName } from './client-name.ts';

test('reverse names of IPv4 and IPv6', () => {
  const nameOf = (text: string): string => reverseName(parseIp(text) as IpBytes);
  assert.equal(nameOf('192.0.2.7'), '7.2.0.192.in-addr.arpa');
  assert.equal(nameOf('::ffff:192.0.2.7'), '7.2.0.192.in-addr.arpa');
  assert.equal(nameOf('2001:db8::567:89ab'), 'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa');
  assert.equal(parseIp('mail.example'), undefined);
});

function zone(records: Record<string, readonly string[]>): Dns {
  return {
    async query(name, type) {
      const found = records[`${type} ${name}`];
      if (name.startsWith('broken')) return { kind: 'failure', reason: 'servfail', detail: '' };
      if (!found) return { kind: 'nxdomain', secure: false };
      return { kind: 'found', records: found as never, ttlSeconds: 1, secure: false, canonicalName: name };
    },
  };
}

test('a client name must lead back to the address', async () => {
  const name = createClientName(zone({
    'PTR 1.2.0.192.in-addr.arpa': ['liar.example', 'mail.example'],
    'A liar.example': ['198.51.100.1'],
    'A mail.example': ['192.0.2.1'],
    'PTR 2.2.0.192.in-addr.arpa': ['liar.example'],
    'PTR 3.2.0.192.in-addr.arpa': ['broken.example'],
  }));
  assert.deepEqual(await name('::ffff:192.0.2.1'), { result: 'pass', address: '192.0.2.1', name: 'mail.example' });
  assert.equal((await name('192.0.2.2')).result, 'fail');
  assert.equal((await name('192.0.2.3')).result, 'temperror');
  assert.equal((await name('192.0.2.4')).result, 'permerror');
});

test('a client name is not waited for beyond the deadline', async () => {
  const silent: Dns = {
    query: (_name, _type, options) => new Promise((_resolve, reject) => {
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
      // Keeps the process alive until the deadline's timer (which does not) has fired.
      setTimeout(reject, 2000).unref();
    }),
  };
  const keep = setInterval(() => {}, 10);
  assert.equal((await createClientName(silent, { deadlineMs: 20 })('192.0.2.1')).result, 'temperror');
  clearInterval(keep);
});
