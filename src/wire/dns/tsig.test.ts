import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASS, decodeMessage, encodeMessage, OPCODE } from './message.ts';
import { DnsFormatError, encodeName, readName } from './name.ts';
import { decodeRdata, encodeRdata } from './rdata.ts';
import { sign, TSIG_ERROR, verify, type TsigKey } from './tsig.ts';

const key: TsigKey = { name: 'key.example', algorithm: 'hmac-sha256', secret: Buffer.from('a secret of some length') };
const now = 1_800_000_000;
const question = encodeMessage({ id: 4711, opcode: OPCODE.query, questions: [{ name: 'd.example', type: 16, class: CLASS.IN }] });

test('what is signed is verified, and nothing else', () => {
  const { bytes, mac } = sign(question, { key, now });
  assert.deepEqual(verify(bytes, { key, now }), { kind: 'good', mac });
  const bent = Buffer.from(bytes);
  bent.writeUInt8((bent[20] as number) ^ 1, 20);
  assert.equal(verify(bent, { key, now }).kind, 'bad');
  const errorOf = (options: Parameters<typeof verify>[1], from = bytes): number => {
    const verdict = verify(from, options);
    return verdict.kind === 'bad' ? verdict.error : 0;
  };
  assert.equal(errorOf({ key: { ...key, secret: Buffer.from('another') }, now }), TSIG_ERROR.BADSIG);
  assert.equal(errorOf({ key: { ...key, name: 'other.example' }, now }), TSIG_ERROR.BADKEY);
  assert.equal(errorOf({ key: { ...key, algorithm: 'hmac-sha512' }, now }), TSIG_ERROR.BADKEY);
  assert.equal(errorOf({ key, now: now + 301 }), TSIG_ERROR.BADTIME);
  assert.equal(errorOf({ key, now, requestMac: mac }), TSIG_ERROR.BADSIG);
  assert.equal(errorOf({ key, now }, question), -1);
});

test('an answer is bound to its question', () => {
  const { mac } = sign(question, { key, now });
  const answer = encodeMessage({ id: 4711, opcode: OPCODE.query, questions: [], response: { rcode: 0 } });
  const { bytes } = sign(answer, { key, now, requestMac: mac });
  assert.equal(verify(bytes, { key, now, requestMac: mac }).kind, 'good');
  assert.equal(verify(bytes, { key, now, requestMac: Buffer.alloc(32) }).kind, 'bad');
});

test('cut or bent messages are refused, never read over the end', () => {
  const { bytes } = sign(question, { key, now });
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => decodeMessage(bytes.subarray(0, length)), DnsFormatError, `cut at ${length}`);
  }
  assert.throws(() => readName(Buffer.from([0xc0, 0x00]), 0), DnsFormatError);
  assert.throws(() => readName(Buffer.from([0x40]), 0), DnsFormatError);
});

test('values go to bytes and back', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['A', '192.0.2.1'], ['AAAA', '2001:db8::1'], ['CNAME', 'a.b.example.'], ['MX', '0 .'], ['MX', '10 mx.example.'], ['SRV', '0 1 993 mail.example.'],
    ['TLSA', '3 1 1 aabbcc'], ['CAA', '128 issue "ca.example; a=b"'], ['TXT', '"a\\"b\\\\c" "\\195\\164"'], ['TXT', '""'], ['HTTPS', '\\# 3 000100'],
  ];
  for (const [type, value] of rows) {
    const bytes = encodeRdata(type, value);
    assert.equal(decodeRdata(type, bytes, 0, bytes.length), value, type);
  }
  for (const [type, value] of [['A', '192.0.2'], ['MX', 'mx.example.'], ['MX', '70000 x.'], ['TLSA', '3 1 1 zz'], ['SVCB', '1 .'], ['AAAA', '::g']] as const) {
    assert.throws(() => encodeRdata(type, value), DnsFormatError, `${type} ${value}`);
  }
  assert.equal(readName(encodeName('A.Example.'), 0).name, 'a.example');
  assert.equal(readName(encodeName('.'), 0).name, '');
  assert.throws(() => encodeName('a..b'), DnsFormatError);
  assert.throws(() => encodeName(`${'a'.repeat(64)}.b`), DnsFormatError);
});
