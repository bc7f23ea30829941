import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DnsAnswer } from '../../contract/dns.ts';
import { judgeTlsRpt } from './judge-record.ts';

const found = (...texts: readonly string[]): DnsAnswer<'TXT'> => ({ kind: 'found', records: texts.map((text) => [text]), ttlSeconds: 1, secure: false, canonicalName: 'x' });

for (const [name, answer, levels] of [
  ['one that asks', found('v=TLSRPTv1; rua=mailto:tls@example.org'), ['pass']],
  ['two addresses', found('v=TLSRPTv1;rua=mailto:a@example.org,https://r.example.net/v1'), ['pass']],
  ['none', { kind: 'nxdomain', secure: false }, ['warn']],
  ['two records', found('v=TLSRPTv1; rua=mailto:a@x.example', 'v=TLSRPTv1; rua=mailto:b@x.example'), ['fail']],
  ['another record beside it', found('v=TLSRPTv1; rua=mailto:a@x.example', 'something'), ['pass']],
  ['a version that is misspelt', found('v=TLSRPT1; rua=mailto:a@x.example'), ['fail']],
  ['no address', found('v=TLSRPTv1;'), ['fail']],
  ['an address without mailto:', found('v=TLSRPTv1; rua=tls@example.org'), ['fail']],
  ['one good and one bad address', found('v=TLSRPTv1; rua=mailto:a@x.example,ftp://x'), ['fail', 'pass']],
  ['no answer', { kind: 'failure', reason: 'timeout', detail: '' }, ['unknown']],
] as const satisfies readonly (readonly [string, DnsAnswer<'TXT'>, readonly string[]])[]) {
  it(`a TLS-RPT record: ${name}`, () => assert.deepEqual(judgeTlsRpt('example.org', answer).findings.map(({ level }) => level), levels));
}
