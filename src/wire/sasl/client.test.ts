import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseMechanism, createSaslClient } from './client.ts';

const pencil = { username: 'user', password: 'pencil' };

test('SCRAM-SHA-256 speaks the example of RFC 7677 §3', async () => {
  const client = createSaslClient('SCRAM-SHA-256', pencil, 'rOprNGfwEbeRWgbNEkqO');
  assert.equal(client.initial?.toString(), 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
  const final = await client.step(Buffer.from('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'));
  assert.deepEqual(final.kind === 'respond' && final.data.toString(), 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=');
  assert.equal(client.serverProven, false);
  const done = await client.step(Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='));
  assert.deepEqual(done, { kind: 'respond', data: Buffer.alloc(0) });
  assert.equal(client.serverProven, true);
});

test('SCRAM refuses servers that cheat', async () => {
  const nonce = 'rOprNGfwEbeRWgbNEkqO';
  const bad = ['r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, `r=${nonce}x,s=W22Z,i=1`, `r=${nonce}x,s=W22Z,i=99999999`, `r=${nonce}x,s=*,i=4096`, 'Username:'];
  for (const first of bad) {
    assert.equal((await createSaslClient('SCRAM-SHA-256', pencil, nonce).step(Buffer.from(first))).kind, 'failed', first);
  }
  for (const final of ['v=AAAA', 'e=invalid-proof', 'x']) {
    const client = createSaslClient('SCRAM-SHA-256', pencil, nonce);
    await client.step(Buffer.from(`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`));
    assert.equal((await client.step(Buffer.from(final))).kind, 'failed', final);
    assert.equal(client.serverProven, false);
  }
});

test('PLAIN and LOGIN', async () => {
  assert.equal(createSaslClient('PLAIN', pencil).initial?.toString(), '\0user\0pencil');
  const login = createSaslClient('LOGIN', pencil);
  assert.equal(login.initial, undefined);
  const steps = [await login.step(Buffer.from('Username:')), await login.step(Buffer.from('Password:')), await login.step(Buffer.from('?'))];
  assert.deepEqual(steps.map((step) => (step.kind === 'respond' ? step.data.toString() : step.kind)), ['user', 'pencil', 'failed']);
});

test('the strongest offered mechanism is chosen', () => {
  assert.equal(chooseMechanism(['login', 'plain', 'scram-sha-256', 'XOAUTH2']), 'SCRAM-SHA-256');
  assert.equal(chooseMechanism(['LOGIN', 'GSSAPI']), 'LOGIN');
  assert.equal(chooseMechanism(['GSSAPI']), undefined);
});
