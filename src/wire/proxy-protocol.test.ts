import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProxyHeader } from './proxy-protocol.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const binary = (rest: string): Buffer => Buffer.from(SIGNATURE + rest.replaceAll(' ', ''), 'hex');

test('version 1', () => {
  const line = 'PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n';
  assert.deepEqual(parseProxyHeader(Buffer.from(`${line}EHLO x\r\n`)), {
    kind: 'proxied',
    length: line.length,
    source: { address: '192.0.2.1', port: 56324 },
    destination: { address: '192.0.2.2', port: 25 },
  });
  const six = parseProxyHeader(Buffer.from('PROXY TCP6 2001:db8::1 ::1 1 65535\r\n'));
  assert.ok(six.kind === 'proxied' && six.source.address === '2001:db8::1');
  assert.deepEqual(parseProxyHeader(Buffer.from('PROXY UNKNOWN whatever\r\n')), { kind: 'local', length: 24 });
  for (let cut = 0; cut < line.length - 1; cut++) assert.equal(parseProxyHeader(Buffer.from(line.slice(0, cut))).kind, 'incomplete');
});

test('version 2, with TLVs, LOCAL and other families', () => {
  const four = binary('21 11 0010 c0000201 c0000202 dc04 0019 04 0001 00');
  assert.deepEqual(parseProxyHeader(Buffer.concat([four, Buffer.from('EHLO')])), {
    kind: 'proxied',
    length: four.length,
    source: { address: '192.0.2.1', port: 56324 },
    destination: { address: '192.0.2.2', port: 25 },
  });
  for (let cut = 0; cut < four.length; cut++) assert.equal(parseProxyHeader(four.subarray(0, cut)).kind, 'incomplete', String(cut));
  const six = parseProxyHeader(binary('21 21 0024 20010db8000000000000000000000001 00000000000000000000000000000001 0001 0019'));
  assert.ok(six.kind === 'proxied');
  assert.equal(six.source.address, '2001:db8::1');
  assert.equal(six.destination.address, '::1');
  const odd = parseProxyHeader(binary('21 21 0024 20010db8000000000001000000000010 00000000000000000000000000000000 0001 0019'));
  assert.ok(odd.kind === 'proxied');
  assert.deepEqual([odd.source.address, odd.destination.address], ['2001:db8::1:0:0:10', '::']);
  assert.deepEqual(parseProxyHeader(binary('20 00 0000')), { kind: 'local', length: 16 });
  assert.deepEqual(parseProxyHeader(binary('21 00 0003 010203')), { kind: 'local', length: 19 });
});

test('everything else is invalid', () => {
  const bad = ['EHLO x\r\n', 'PROXY TCP4 192.0.2.1 192.0.2.2 70000 25\r\n', 'PROXY TCP4 ::1 ::1 1 1\r\n', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 1 x\r\n', 'PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n', `PROXY ${'x'.repeat(200)}`, 'PROXY TCP4 192.0.2.1 192.0.2.2 01 25\r\n'];
  for (const text of bad) assert.equal(parseProxyHeader(Buffer.from(text)).kind, 'invalid', text);
  for (const rest of ['31 11 0000', '22 11 0000', '21 11 0004 01020304', '21 12 000c 010203040102030400010001', '21 11 ffff']) {
    assert.equal(parseProxyHeader(binary(rest)).kind, 'invalid', rest);
  }
});
