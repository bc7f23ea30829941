import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { derivePassword, deriveScram, makePassword, unmatchableHash, verifyPassword } from './password.ts';

test('the password fits its hash and no other does', async () => {
  const { hash } = await derivePassword('correct horse');
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(await verifyPassword(hash, 'correct horse'), true);
  assert.equal(await verifyPassword(hash, 'correct horsf'), false);
  assert.equal(await verifyPassword(unmatchableHash(), 'correct horse'), false);
});

test('a password typed on another keyboard still fits', async () => {
  const { hash } = await derivePassword('Zu\u0308rich\u00a0see');
  assert.equal(await verifyPassword(hash, 'Z\u00fcrich see'), true);
});

test('a hash made elsewhere is read with its own cost', async () => {
  // argon2 reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
  const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  assert.equal(await verifyPassword(hash, 'password'), true);
});

test('a damaged or greedy hash fits nothing', async () => {
  for (const hash of ['', 'x', '$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc']) {
    assert.equal(await verifyPassword(hash, 'password'), false);
  }
});

test('SCRAM keys are those of RFC 7677 §3', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const { storedKey, serverKey } = await deriveScram('pencil', salt, 4096);
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const message = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
  assert.equal(createHmac('sha256', serverKey).update(message).digest('base64'), '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
  const signature = createHmac('sha256', storedKey).update(message).digest();
  const clientKey = Buffer.from(proof.map((byte, at) => byte ^ (signature[at] as number)));
  assert.deepEqual(createHash('sha256').update(clientKey).digest(), storedKey);
});

test('a password fits in every form that SASLprep makes equal, as log-ins prepare it', async () => {
  const { hash } = await derivePassword('pass\u00adw\u00f6rt\u00a0\u2168');
  assert.equal(await verifyPassword(hash, 'passwo\u0308rt IX'), true);
  assert.equal(await verifyPassword(hash, 'passwort IX'), false);
  await assert.rejects(derivePassword('latin \u05d0\u05d1'), { code: 'password-refused' });
});

test('short, long and control-character passwords are refused', async () => {
  for (const password of ['short', 'x'.repeat(2000), 'with\u0000zero-byte']) {
    await assert.rejects(derivePassword(password), { code: 'password-refused' });
  }
});

test('made passwords are long, readable and different', () => {
  assert.match(makePassword(), /^[a-hjkmnp-z2-9]{5}(-[a-hjkmnp-z2-9]{5}){3}$/);
  assert.notEqual(makePassword(), makePassword());
});
