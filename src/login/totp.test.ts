import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base32, findTotpStep, totpCode, totpStep, totpUri } from './totp.ts';

const SECRET = Buffer.from('12345678901234567890');

test('codes of RFC 6238 appendix B', () => {
  const vectors: readonly (readonly [seconds: number, code: string])[] = [
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ];
  for (const [seconds, code] of vectors) assert.equal(totpCode(SECRET, totpStep(seconds * 1000), 8), code);
});

test('a code is good for its step and the ones beside it', () => {
  const now = 1_700_000_000_000;
  const step = totpStep(now);
  for (const near of [-1, 0, 1]) assert.equal(findTotpStep(SECRET, totpCode(SECRET, step + near), now), step + near);
  for (const far of [-2, 2]) assert.equal(findTotpStep(SECRET, totpCode(SECRET, step + far), now), undefined);
  for (const bad of ['', '12345', '1234567', 'abcdef']) assert.equal(findTotpStep(SECRET, bad, now), undefined);
});

test('base32 and the address for apps', () => {
  assert.equal(base32(Buffer.from('foobar')), 'MZXW6YTBOI');
  assert.equal(base32(Buffer.from('f')), 'MY');
  assert.equal(totpUri('alice@example.org', 'mail.example.org', Buffer.from('foobar')), 'otpauth://totp/mail.example.org:alice%40example.org?secret=MZXW6YTBOI&issuer=mail.example.org');
});
