/** A domain with several mail hosts that fail each in its own way: whose word counts, and that all are told. Real sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryOutcome } from '../../src/contract/queue.ts';
import { triedText } from '../../src/mail/tried-hosts.ts';
import { brief, deliverer, job, mx, peer, signal, type Zone } from '../harness/delivery-kit.ts';
import type { Peer, Script } from '../harness/scripted-peer.ts';

const hangsUp: Script = ({ command, session }) => (command === 'greeting' ? (session.drop(), '') : undefined);
const busy: Script = ({ command }) => (command.startsWith('RCPT') ? '451 4.7.1 greylisted, come back' : undefined);
const HOSTS = ['refuses', 'hangs-up', 'busy', 'no-dane', 'nowhere', 'unknown'];

/** In this order of preference. */
async function deliverTo(names: readonly string[]): Promise<readonly [DeliveryOutcome, Peer, Peer]> {
  const first = await peer({ address: '127.0.0.2', script: hangsUp });
  const second = await peer({ address: '127.0.0.3', port: first.port, script: busy });
  const addresses: Zone = {
    'A refuses.a.test': ['127.0.0.1'], 'A hangs-up.a.test': ['127.0.0.2'], 'A busy.a.test': ['127.0.0.3'], 'A no-dane.a.test': ['127.0.0.3'],
    'A unknown.a.test': 'servfail', [`TLSA _${first.port}._tcp.no-dane.a.test`]: 'servfail',
  };
  const zone = { ...addresses, 'MX a.test': names.map((name, at) => mx(at, `${name}.a.test`)) };
  const [outcome] = await deliverer({ port: first.port, zone, secure: true }).deliver(job(), signal());
  await Promise.all([first.close(), second.close()]);
  return [outcome as DeliveryOutcome, first, second];
}

test('the one that answered decides, wherever it stands; what became of the others is told, each with its host', async () => {
  for (const names of [HOSTS, HOSTS.toReversed()]) {
    const [outcome] = await deliverTo(names);
    assert.deepEqual([brief([outcome]), outcome.attempt.mx], [['deferred recipient 451 4.7.1'], 'busy.a.test']);
    assert.deepEqual(outcome.attempt.tried?.map(({ mx: name }) => name), names.filter((name) => name !== 'busy').map((name) => `${name}.a.test`));
    const text = triedText(outcome.attempt, 6) ?? '';
    assert.match(text, /^6 hosts were tried; this is the only one that gave an answer\. The others: /);
    for (const wanted of [
      /connect to refuses\.a\.test\[127\.0\.0\.1\]:\d+: Connection refused/, /lost connection with hangs-up\.a\.test\[127\.0\.0\.2\]:\d+ while waiting for the greeting/,
      /no trusted TLS with no-dane\.a\.test: the TLSA records/, /nowhere\.a\.test has no ipv4 address/, /the address of unknown\.a\.test cannot be looked up now/,
    ]) assert.match(text, wanted);
  }
});

test('where none answers, the one that was met is told before those that were not', async () => {
  for (const names of [['no-dane', 'refuses', 'nowhere', 'unknown'], ['unknown', 'nowhere', 'refuses', 'no-dane']]) {
    const [outcome] = await deliverTo(names);
    assert.deepEqual([outcome.attempt.mx, outcome.attempt.ownReply, outcome.attempt.tried?.length], ['no-dane.a.test', true, 3]);
    assert.match(triedText(outcome.attempt, 6) ?? '', /^4 hosts were tried; none of them gave an answer that counts/);
  }
});

test('a host that takes the message says nothing of the others but in its facts; more hosts than an attempt asks are not told as asked', async () => {
  const server = await peer({ address: '127.0.0.2' });
  const zone = { 'MX a.test': [mx(1, 'one.a.test'), mx(2, 'two.a.test')], 'A one.a.test': ['127.0.0.1'], 'A two.a.test': ['127.0.0.2'] };
  const [taken] = await deliverer({ port: server.port, zone }).deliver(job(), signal());
  assert.deepEqual([taken?.status, taken?.attempt.tried?.length, taken?.attempt.cutShort], ['delivered', 1, undefined]);
  await server.close();

  const dead = Array.from({ length: 10 }, (_, at) => `dead${at}.a.test`);
  const many: Zone = { 'MX a.test': dead.map((name, at) => mx(at, name)), ...Object.fromEntries(dead.map((name) => [`A ${name}`, ['127.0.0.1']])) };
  const [refused] = await deliverer({ port: server.port, zone: many }).deliver(job(), signal());
  assert.deepEqual([refused?.attempt.tried?.length, refused?.attempt.cutShort], [7, true]);
  assert.match(triedText(refused?.attempt ?? {}, 3) ?? '', /^8 hosts were tried; .*; 4 more\. One attempt asks no more hosts than that/);
});
