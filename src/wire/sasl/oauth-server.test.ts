import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSaslClient } from './client.ts';
import { createSaslServer, offeredMechanisms } from './server.ts';
import type { SaslServer } from './server-step.ts';

const ALLOWED = ['OAUTHBEARER', 'XOAUTH2', 'PLAIN'];

function server(name: string): SaslServer {
  const machine = createSaslServer(name, new Map(), { allowed: ALLOWED });
  assert.ok(machine);
  return machine;
}

test('tokens are offered where they are allowed, and not else', () => {
  assert.deepEqual(offeredMechanisms(new Map(), ALLOWED), ['OAUTHBEARER', 'XOAUTH2', 'PLAIN']);
  assert.equal(createSaslServer('OAUTHBEARER', new Map()), undefined);
});

test('the example of RFC 7628 §4.1', () => {
  const step = server('OAUTHBEARER').next(Buffer.from('bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB', 'base64'));
  assert.deepEqual(step, { kind: 'token', user: 'user@example.com', token: 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==' });
});

test('our client and our server agree, and a refusal is told before it fails', async () => {
  for (const mechanism of ['OAUTHBEARER', 'XOAUTH2'] as const) {
    const client = createSaslClient(mechanism, { username: 'a,b=c@example.org', token: 'abc.def' }, { host: 'mail.example.org', port: 993 });
    const machine = server(mechanism);
    assert.equal(machine.next(undefined).kind, 'challenge');
    assert.deepEqual(machine.next(client.initial), { kind: 'token', user: 'a,b=c@example.org', token: 'abc.def' });
    const told = machine.refused?.({ status: 'invalid_token', scope: 'mail' });
    assert.ok(told?.kind === 'challenge');
    const answer = await client.step(told.data);
    assert.match(client.complaint ?? '', /invalid_token|401/);
    assert.deepEqual(machine.next(answer.kind === 'respond' ? answer.data : undefined), { kind: 'failed', reason: 'token', user: 'a,b=c@example.org' });
  }
});

test('rubbish is malformed, channel binding does not exist here', () => {
  for (const bad of ['', 'n,,', 'n,,\x01', 'n,,\x01auth=Bearer x\x01', 'n,,\x01auth=Bearer\x01\x01', 'n,,\x01auth=Bearer x\x01auth=Bearer y\x01\x01', 'x,,\x01auth=Bearer x\x01\x01', 'n,a=u=1,\x01auth=Bearer x\x01\x01', `n,,\x01auth=Bearer ${'x'.repeat(10_000)}\x01\x01`]) {
    assert.deepEqual(server('OAUTHBEARER').next(Buffer.from(bad)), { kind: 'failed', reason: 'malformed' }, JSON.stringify(bad.slice(0, 40)));
  }
  assert.deepEqual(server('OAUTHBEARER').next(Buffer.from('p=tls-exporter,,\x01auth=Bearer x\x01\x01')), { kind: 'failed', reason: 'channel-binding' });
});
