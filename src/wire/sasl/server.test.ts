import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSaslClient } from './client.ts';
import { deriveScramKeys } from './scram.ts';
import { createSaslServer, offeredMechanisms } from './server.ts';
import type { ChannelBindings, SaslServer, SaslServerStep, ScramSecret } from './server-step.ts';

const NONE: ChannelBindings = new Map();
const TLS: ChannelBindings = new Map([['tls-exporter', Buffer.from('exported')], ['tls-server-end-point', Buffer.from('hash')]]);
const NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const secret: ScramSecret = { salt, iterations: 4096, ...(await deriveScramKeys('pencil', salt, 4096)) };

function server(name: string, bindings = NONE): SaslServer {
  const made = createSaslServer(name, bindings, { nonce: NONCE });
  assert.ok(made);
  return made;
}
function say(machine: SaslServer, text: string): SaslServerStep {
  return machine.next(Buffer.from(text));
}
const text = (step: SaslServerStep): string => (step.kind === 'challenge' ? step.data.toString() : step.kind);
const reason = (step: SaslServerStep): string => (step.kind === 'failed' ? step.reason : step.kind);

test('PLUS is offered only with a channel to bind', () => {
  assert.deepEqual(offeredMechanisms(NONE), ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']);
  assert.equal(offeredMechanisms(TLS)[0], 'SCRAM-SHA-256-PLUS');
  assert.equal(createSaslServer('SCRAM-SHA-256-PLUS', NONE), undefined);
  assert.equal(createSaslServer('CRAM-MD5', TLS), undefined);
});

test('PLAIN: with and without initial response, authorization identity, rubbish', () => {
  assert.equal(text(server('plain').next(undefined)), '');
  assert.deepEqual(say(server('PLAIN'), '\0alice\0secret'), { kind: 'password', user: 'alice', password: 'secret' });
  assert.deepEqual(say(server('PLAIN'), 'alice\0alice\0secret'), { kind: 'password', user: 'alice', password: 'secret' });
  assert.equal(reason(say(server('PLAIN'), 'root\0alice\0secret')), 'authorization');
  for (const bad of ['', 'alice', '\0alice', '\0\0secret', '\0alice\0', '\0a\0b\0c', '\0a\u0007\0b']) assert.equal(reason(say(server('PLAIN'), bad)), 'malformed', JSON.stringify(bad));
});

test('LOGIN asks for both, or takes the user with the command', () => {
  const machine = server('LOGIN');
  assert.equal(text(machine.next(undefined)), 'Username:');
  assert.equal(text(say(machine, 'alice')), 'Password:');
  assert.deepEqual(say(machine, 'secret'), { kind: 'password', user: 'alice', password: 'secret' });
  assert.equal(reason(say(server('LOGIN'), '')), 'malformed');
});

test('SCRAM-SHA-256 speaks the example of RFC 7677 §3', () => {
  const machine = server('SCRAM-SHA-256');
  assert.deepEqual(say(machine, 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO'), { kind: 'lookup', user: 'user' });
  assert.equal(text(machine.credentials(secret)), `r=rOprNGfwEbeRWgbNEkqO${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
  const final = say(machine, `c=biws,r=rOprNGfwEbeRWgbNEkqO${NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`);
  assert.equal(text(final), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  assert.deepEqual(say(machine, ''), { kind: 'proven', user: 'user' });
  assert.equal(reason(say(machine, '')), 'malformed');
});

test('our client and our server agree, also on a wrong password', async () => {
  for (const [password, outcome] of [['pencil', 'challenge'], ['pen', 'credentials']] as const) {
    const client = createSaslClient('SCRAM-SHA-256', { username: 'a,b=c', password });
    const machine = server('SCRAM-SHA-256');
    assert.deepEqual(machine.next(client.initial), { kind: 'lookup', user: 'a,b=c' });
    const first = machine.credentials(secret);
    assert.ok(first.kind === 'challenge');
    const final = await client.step(first.data);
    assert.ok(final.kind === 'respond');
    assert.equal(reason(machine.next(final.data)), outcome);
  }
});

test('the gs2 flag guards against a downgrade and a wrong binding', () => {
  const first = 'n=user,r=abc';
  assert.equal(reason(say(server('SCRAM-SHA-256', TLS), `y,,${first}`)), 'downgrade');
  assert.equal(reason(say(server('SCRAM-SHA-256', NONE), `y,,${first}`)), 'lookup');
  assert.equal(reason(say(server('SCRAM-SHA-256', TLS), `n,,${first}`)), 'lookup');
  assert.equal(reason(say(server('SCRAM-SHA-256', TLS), `p=tls-exporter,,${first}`)), 'channel-binding');
  assert.equal(reason(say(server('SCRAM-SHA-256-PLUS', TLS), `n,,${first}`)), 'channel-binding');
  assert.equal(reason(say(server('SCRAM-SHA-256-PLUS', TLS), `p=tls-unique,,${first}`)), 'channel-binding');
  assert.equal(reason(say(server('SCRAM-SHA-256-PLUS', TLS), `p=tls-exporter,,${first}`)), 'lookup');
  assert.equal(reason(say(server('SCRAM-SHA-256', NONE), `n,a=root,${first}`)), 'authorization');
  const machine = server('SCRAM-SHA-256-PLUS', TLS);
  say(machine, `p=tls-exporter,,${first}`);
  machine.credentials(secret);
  const other = Buffer.from('p=tls-exporter,,relayed').toString('base64');
  assert.equal(reason(say(machine, `c=${other},r=abc${NONCE},p=${Buffer.alloc(32).toString('base64')}`)), 'channel-binding');
});

test('SCRAM rubbish is refused at every step', () => {
  for (const bad of ['', 'n', 'n,,', 'n,,m=x,n=u,r=1', 'n,,n=u', 'n,,n=u=1,r=x', 'n,,n=u,r=', `n,,n=u,r=${'x'.repeat(600)}`, 'q,,n=u,r=x', 'x'.repeat(5000)]) {
    assert.equal(reason(say(server('SCRAM-SHA-256'), bad)), 'malformed', bad.slice(0, 30));
  }
  for (const bad of ['', 'c=biws', 'c=biws,r=zzz,p=AAAA', `c=biws,r=abc${NONCE}`, `c=biws,r=abc${NONCE},p=AAAA`, `c=!!,r=abc${NONCE},p=${Buffer.alloc(32).toString('base64')}`]) {
    const machine = server('SCRAM-SHA-256');
    say(machine, 'n,,n=user,r=abc');
    machine.credentials(secret);
    assert.equal(reason(say(machine, bad)), 'malformed', bad);
  }
});
