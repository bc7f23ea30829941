import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dns, DnsAnswer, RecordType } from '../../contract/dns.ts';
import { findTlsa, type DaneHost } from './find-tlsa.ts';

type Entry = { readonly records?: readonly unknown[]; readonly secure?: boolean; readonly failure?: boolean };

function table(entries: Readonly<Record<string, Entry>>): Dns & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> {
      asked.push(`${type} ${name}`);
      const { records, secure = false, failure = false } = entries[`${type} ${name}`] ?? {};
      if (failure) return { kind: 'failure', reason: 'servfail', detail: 'test' };
      return records ? { kind: 'found', records: records as never, ttlSeconds: 1, secure, canonicalName: name } : { kind: 'nxdomain', secure };
    },
  };
}

const record = { usage: 3, selector: 1, matchingType: 1, data: Buffer.alloc(32) };
const host: DaneHost = { mx: 'mx.a.test', addressSecure: true, mxSecure: true, port: 25 };

test('secure all the way: the records bind', async () => {
  const dns = table({ 'TLSA _25._tcp.mx.a.test': { records: [record, { ...record, usage: 1 }], secure: true } });
  const found = await findTlsa(dns, host);
  assert.ok(found.kind === 'records');
  assert.deepEqual([found.base, found.records.length, found.all.length], ['mx.a.test', 1, 2]);
});

test('without DNSSEC on MX or address nothing is asked', async () => {
  for (const changes of [{ mxSecure: false }, { addressSecure: false }]) {
    const dns = table({ 'TLSA _25._tcp.mx.a.test': { records: [record], secure: true } });
    assert.equal((await findTlsa(dns, { ...host, ...changes })).kind, 'none');
    assert.deepEqual(dns.asked, []);
  }
});

test('no records, or insecure ones, bind nobody; only unusable ones demand TLS', async () => {
  assert.equal((await findTlsa(table({}), host)).kind, 'none');
  assert.equal((await findTlsa(table({ 'TLSA _25._tcp.mx.a.test': { records: [record] } }), host)).kind, 'none');
  assert.equal((await findTlsa(table({ 'TLSA _25._tcp.mx.a.test': { records: [{ ...record, usage: 0 }], secure: true } }), host)).kind, 'unusable');
});

test('a look-up that fails is never "none"', async () => {
  assert.equal((await findTlsa(table({ 'TLSA _25._tcp.mx.a.test': { failure: true } }), host)).kind, 'failure');
  const aliased = { ...host, canonicalName: 'real.b.test', addressSecure: false };
  assert.equal((await findTlsa(table({ 'CNAME mx.a.test': { failure: true } }), aliased)).kind, 'failure');
});

test('CNAMEs: the expanded name first, then the first; only the first when the alias leads out of the secure zone', async () => {
  const aliased = { ...host, canonicalName: 'real.b.test' };
  const both = table({ 'TLSA _25._tcp.real.b.test': { records: [record], secure: true }, 'TLSA _25._tcp.mx.a.test': { records: [record], secure: true } });
  const expanded = await findTlsa(both, aliased);
  assert.equal(expanded.kind === 'records' && expanded.base, 'real.b.test');
  const second = table({ 'TLSA _25._tcp.mx.a.test': { records: [record], secure: true } });
  const first = await findTlsa(second, aliased);
  assert.equal(first.kind === 'records' && first.base, 'mx.a.test');
  assert.deepEqual(second.asked, ['TLSA _25._tcp.real.b.test', 'TLSA _25._tcp.mx.a.test']);
  const out = table({ 'CNAME mx.a.test': { records: ['real.b.test'], secure: true }, 'TLSA _25._tcp.mx.a.test': { records: [record], secure: true }, 'TLSA _25._tcp.real.b.test': { records: [record], secure: true } });
  const insecureTarget = await findTlsa(out, { ...aliased, addressSecure: false });
  assert.equal(insecureTarget.kind === 'records' && insecureTarget.base, 'mx.a.test');
  assert.equal((await findTlsa(table({ 'CNAME mx.a.test': { records: ['real.b.test'] } }), { ...aliased, addressSecure: false })).kind, 'none');
});

test('the port is the one mail goes to', async () => {
  const dns = table({});
  await findTlsa(dns, { ...host, port: 2025 });
  assert.deepEqual(dns.asked, ['TLSA _2025._tcp.mx.a.test']);
});
