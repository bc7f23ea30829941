import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseMechanism, createSaslClient } from './client.ts';

const pencil = { username: 'user', password: 'pencil' };

test('SCRAM-SHA-256 speaks the example of RFC 7677 §3', async () => {
  const client = createSaslClient('SCRAM-SHA-256', pencil, {}, 'rOprNGfwEbeRWgbNEkqO');
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
    assert.equal((await createSaslClient('SCRAM-SHA-256', pencil, {}, nonce).step(Buffer.from(first))).kind, 'failed', first);
  }
  for (const final of ['v=AAAA', 'e=invalid-proof', 'x']) {
    const client = createSaslClient('SCRAM-SHA-256', pencil, {}, nonce);
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

test('SCRAM-SHA-1 speaks the example of RFC 5802 §5', async () => {
  const client = createSaslClient('SCRAM-SHA-1', pencil, {}, 'fyko+d2lbbFgONRv9qkxdawL');
  assert.equal(client.initial?.toString(), 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL');
  const final = await client.step(Buffer.from('r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096'));
  assert.equal(final.kind === 'respond' && final.data.toString(), 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=');
  await client.step(Buffer.from('v=rmF9pqV8S7suAoZWja4dJRkFsKQ='));
  assert.equal(client.serverProven, true);
});

test('the -PLUS forms bind the channel, and the others say when they could have', async () => {
  const tlsExporter = Buffer.alloc(32, 7);
  const plus = createSaslClient('SCRAM-SHA-256-PLUS', pencil, { tlsExporter }, 'abc');
  assert.equal(plus.initial?.toString(), 'p=tls-exporter,,n=user,r=abc');
  const step = await plus.step(Buffer.from('r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'));
  const binding = Buffer.concat([Buffer.from('p=tls-exporter,,'), tlsExporter]).toString('base64');
  assert.ok(step.kind === 'respond' && step.data.toString().startsWith(`c=${binding},r=abcd,p=`));
  assert.ok(createSaslClient('SCRAM-SHA-256', pencil, { tlsExporter }, 'abc').initial?.toString().startsWith('y,,'));
  assert.throws(() => createSaslClient('SCRAM-SHA-256-PLUS', pencil));
});

test('CRAM-MD5 speaks the example of RFC 2195 §2', async () => {
  const client = createSaslClient('CRAM-MD5', { username: 'tim', password: 'tanstaaftanstaaf' });
  const answer = await client.step(Buffer.from('<1896.697170952@postoffice.reston.mci.net>'));
  assert.equal(answer.kind === 'respond' && answer.data.toString(), 'tim b913a602c7eda7a495b4e6e7334d3890');
  assert.equal((await client.step(Buffer.from('more'))).kind, 'failed');
});

test('OAUTHBEARER speaks the examples of RFC 7628 §4, error included', async () => {
  const token = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';
  const client = createSaslClient('OAUTHBEARER', { username: 'user@example.com', token }, { host: 'server.example.com', port: 143 });
  assert.equal(
    client.initial?.toString('base64'),
    'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB',
  );
  const refusal = await client.step(Buffer.from('eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=', 'base64'));
  assert.equal(refusal.kind === 'respond' && refusal.data.toString('base64'), 'AQ==');
  assert.equal(client.complaint, 'invalid_token');
  assert.equal((await client.step(Buffer.from('?'))).kind, 'failed');
});

test('XOAUTH2 answers the error challenge with nothing', async () => {
  const client = createSaslClient('XOAUTH2', { username: 'someuser@example.com', token: 'ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg' });
  assert.equal(client.initial?.toString(), 'user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01');
  const refusal = await client.step(Buffer.from('{"status":"400","schemes":"bearer","scope":"https://mail.google.com/"}'));
  assert.deepEqual(refusal, { kind: 'respond', data: Buffer.alloc(0) });
  assert.equal(client.complaint, '400');
});

test('the best mechanism that is offered and fits the secret is chosen', () => {
  const choose = (offered: readonly string[], kind: 'password' | 'token' = 'password', bindable = false) => chooseMechanism(offered, { kind, bindable });
  assert.equal(choose(['login', 'plain', 'scram-sha-256', 'scram-sha-256-plus', 'XOAUTH2']), 'SCRAM-SHA-256');
  assert.equal(choose(['scram-sha-256', 'scram-sha-256-plus'], 'password', true), 'SCRAM-SHA-256-PLUS');
  assert.equal(choose(['LOGIN', 'GSSAPI']), 'LOGIN');
  assert.equal(choose(['CRAM-MD5', 'PLAIN']), 'PLAIN');
  assert.equal(choose(['CRAM-MD5', 'DIGEST-MD5']), 'CRAM-MD5');
  assert.equal(choose(['GSSAPI']), undefined);
  assert.equal(choose(['PLAIN', 'XOAUTH2'], 'token'), 'XOAUTH2');
  assert.equal(choose(['PLAIN'], 'token'), undefined);
});
