import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStsPolicy, stsAllowsHost, stsPolicyLines } from './policy.ts';
import { readStsRecord } from './record.ts';

const EXAMPLE = 'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n';

test('the example of RFC 8461 §3.2, with either line end', () => {
  for (const text of [EXAMPLE, EXAMPLE.replaceAll('\r\n', '\n')]) {
    const parsed = parseStsPolicy(text);
    assert.ok(parsed.kind === 'policy');
    assert.deepEqual(parsed.policy, { mode: 'enforce', mx: ['mail.example.com', '*.example.net', 'backupmx.example.com'], maxAgeSeconds: 604_800 });
    assert.deepEqual(stsPolicyLines(parsed.policy), EXAMPLE.trim().split('\r\n'));
  }
});

test('unknown fields are ignored, the first of a repeated field counts, a long life is cut', () => {
  const parsed = parseStsPolicy('version: STSv1\nmode: testing\nmode: none\nx_future: a:b\nmx:   MX.Example.COM.\nmax_age: 9999999999\n\n');
  assert.ok(parsed.kind === 'policy');
  assert.deepEqual(parsed.policy, { mode: 'testing', mx: ['mx.example.com'], maxAgeSeconds: 31_557_600 });
});

test('mode none needs no mx', () => {
  assert.equal(parseStsPolicy('version: STSv1\nmode: none\nmax_age: 0\n').kind, 'policy');
});

test('what is no policy', () => {
  const wrong = {
    'no version': 'mode: enforce\nmx: a.test\nmax_age: 1',
    'another version': 'version: STSv2\nmode: enforce\nmx: a.test\nmax_age: 1',
    'no mode': 'version: STSv1\nmx: a.test\nmax_age: 1',
    'another mode': 'version: STSv1\nmode: report\nmx: a.test\nmax_age: 1',
    'no mx': 'version: STSv1\nmode: enforce\nmax_age: 1',
    'no age': 'version: STSv1\nmode: enforce\nmx: a.test',
    'a negative age': 'version: STSv1\nmode: enforce\nmx: a.test\nmax_age: -1',
    'an age in words': 'version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 1e3',
    'a wildcard in the middle': 'version: STSv1\nmode: enforce\nmx: mx.*.test\nmax_age: 1',
    'a bare wildcard': 'version: STSv1\nmode: enforce\nmx: *\nmax_age: 1',
    'HTML': '<html><body>Not found</body></html>',
    'too many': `version: STSv1\nmode: enforce\n${'mx: a.test\n'.repeat(501)}max_age: 1`,
  };
  for (const [what, text] of Object.entries(wrong)) assert.equal(parseStsPolicy(text).kind, 'invalid', what);
});

test('RFC 8461 §4.1: a wildcard is one label', () => {
  const policy = { mx: ['mail.example.com', '*.example.net'] };
  for (const host of ['mail.example.com', 'MAIL.example.com.', 'mx.example.net']) assert.equal(stsAllowsHost(policy, host), true, host);
  for (const host of ['example.net', 'a.mx.example.net', 'mx.mail.example.com', 'badexample.net', 'x.badexample.net', '.example.net.evil']) assert.equal(stsAllowsHost(policy, host), false, host);
});

test('the TXT record', () => {
  const id = (...records: string[][]): unknown => {
    const read = readStsRecord(records);
    return read.kind === 'record' ? read.id : read.kind;
  };
  assert.equal(id(['v=STSv1; id=20160831085700Z;']), '20160831085700Z');
  assert.equal(id(['v=STSv1;id=1'], ['v=spf1 -all']), '1');
  assert.equal(id(['v=STSv1; ', 'id=abc; ext=1']), 'abc');
  assert.equal(id(['v=spf1 -all']), 'none');
  assert.equal(id([' v=STSv1; id=1']), 'none');
  assert.equal(id(['v=STSv10; id=1']), 'none');
  assert.equal(id(), 'none');
  assert.equal(id(['v=STSv1; id=1'], ['v=STSv1; id=2']), 'invalid');
  for (const bad of ['v=STSv1', 'v=STSv1; id=', 'v=STSv1; id=a-b', `v=STSv1; id=${'a'.repeat(33)}`]) assert.equal(id([bad]), 'invalid', bad);
});
