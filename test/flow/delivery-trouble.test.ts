/** Remote delivery when the peer refuses, hangs up, is silent or hostile; the smarthost and its password; many at once. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AdjustableClock } from '../../src/base/clock.ts';
import type { RoutePlan } from '../../src/contract/queue.ts';
import { ConnectionPool } from '../../src/net/connection-pool.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { openSmtp } from '../../src/net/smtp-client.ts';
import { clientTlsFrom } from '../../src/net/tls.ts';
import { brief, certificate, deliverer, folder, job, mx, peer, signal } from '../harness/delivery-kit.ts';
import type { PeerOptions } from '../harness/scripted-peer.ts';

test('refusals by step: whom they concern', async () => {
  const cases: [string, string, string][] = [
    ['greeting', '554 5.7.1 listed', 'deferred host 554 5.7.1'],
    ['greeting', '521 no mail here', 'failed host 521 -'],
    ['greeting', '421 4.3.2 busy', 'deferred session 421 4.3.2'],
    ['EHLO', '550 5.5.4 bad name', 'deferred host 550 5.5.4'],
    ['EHLO', '450 4.7.1 no PTR', 'deferred host 450 4.7.1'],
    ['MAIL', '451 4.7.1 greylisted', 'deferred message 451 4.7.1'],
    ['RCPT', '334 what', 'deferred host 451 4.5.0'],
    ['DATA', '554 5.5.1 no', 'failed message 554 5.5.1'],
    ['DATA', '451 4.3.0 no', 'deferred message 451 4.3.0'],
    ['content', '550 5.7.26 unauthenticated', 'failed message 550 5.7.26'],
    ['content', '421 4.7.28 rate', 'deferred session 421 4.7.28'],
  ];
  for (const offers of [['PIPELINING'], ['PIPELINING', 'CHUNKING'], []]) {
    for (const [step, reply, wanted] of cases) {
      if (step === 'DATA' && offers.includes('CHUNKING')) continue;
      const server = await peer({ offers, script: ({ command }) => (command.replace(/^HELO/, 'EHLO').startsWith(step) ? reply : undefined) });
      assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job(), signal())), [wanted], `${step} ${reply} ${offers.join()}`);
      await server.close();
    }
  }
});

test('a server that refuses EHLO in words of policy is asked with HELO; one that hangs up instead is told of by its words', async () => {
  const takes = await peer({ script: ({ command }) => (command.startsWith('EHLO') ? '550 5.7.1 your name is bad' : undefined) });
  assert.deepEqual(brief(await deliverer({ port: takes.port }).deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  const leaves = await peer({
    script: ({ command, session }) => {
      if (command.startsWith('HELO')) return (session.drop(), '');
      return command.startsWith('EHLO') ? '550 5.7.1 your name is bad' : undefined;
    },
  });
  assert.deepEqual(brief(await deliverer({ port: leaves.port }).deliver(job(), signal())), ['deferred host 550 5.7.1']);
});

test('lost connections by step; after the content nobody else is asked', async () => {
  const zone = { 'MX a.test': [mx(10, 'one.a.test'), mx(20, 'two.a.test')], 'A one.a.test': ['127.0.0.1'], 'A two.a.test': ['127.0.0.2'] };
  for (const [step, wanted, secondSessions] of [
    ['greeting', 'delivered recipient 250 2.0.0', 1],
    ['MAIL', 'delivered recipient 250 2.0.0', 1],
    ['RCPT', 'delivered recipient 250 2.0.0', 1],
    ['content', 'deferred session 451 4.4.2', 0],
  ] as const) {
    const first = await peer({
      script: ({ command, session }) => {
        if (!command.startsWith(step)) return undefined;
        session.drop();
        return '';
      },
    });
    const second = await peer({ address: '127.0.0.2', port: first.port });
    assert.deepEqual(brief(await deliverer({ port: first.port, zone }).deliver(job(), signal())), [wanted], step);
    assert.equal(second.sessions.length, secondSessions, step);
    await Promise.all([first.close(), second.close()]);
  }
});

test('a silent peer is given up at the deadline of each step', async () => {
  for (const step of ['greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'content']) {
    const { promise: silent, resolve: reached } = Promise.withResolvers<void>();
    let isSilent = false;
    const server = await peer({
      script: ({ command }) => {
        isSilent ||= command.startsWith(step);
        if (!isSilent) return undefined;
        reached();
        return '';
      },
    });
    const out = deliverer({ port: server.port });
    const work = out.deliver(job(), signal());
    await silent;
    let over = false;
    void work.finally(() => (over = true));
    // What was said before is read first: the client waits for this step and no earlier one.
    while (!over) await out.clock.pass(600_000);
    assert.match(brief(await work)[0] ?? '', /^deferred (host|session) 451 4\.4\.2$/, step);
    await server.close();
  }
});

test('a peer that answers each step at the last moment is given up within the hour', async () => {
  const time: { clock?: AdjustableClock } = {};
  const server = await peer({
    offers: [],
    script: ({ command }) => {
      if (command.startsWith('RCPT')) time.clock?.advance(290_000);
      return undefined;
    },
  });
  const out = deliverer({ port: server.port });
  time.clock = out.clock;
  const recipients = Array.from({ length: 30 }, (_, index) => `u${index}@a.test`);
  const outcomes = await out.deliver(job({ recipients }), signal());
  assert.deepEqual(new Set(brief(outcomes)), new Set(['deferred session 451 4.4.2']));
  assert.equal(server.messages.length, 0);
});

test('no more connections are kept than allowed, and none after close', async () => {
  const clock = new AdjustableClock();
  const server = await peer();
  const ports = { connector: createConnector({ clock }), clock, clientTls: clientTlsFrom() };
  const pool = new ConnectionPool(clock, { idleConnectionMs: 600_000, idleConnectionsMax: 2 });
  for (let turn = 0; turn < 3; turn += 1) {
    const opened = await openSmtp(ports, { address: '127.0.0.1', port: server.port, host: 'x', helo: 'h', tls: 'none' });
    assert.ok(opened.kind === 'open');
    pool.give('key', opened.connection);
  }
  assert.equal(pool.size, 2);
  assert.equal(pool.take('other'), undefined);
  const taken = pool.take('key');
  assert.ok(taken);
  pool.closeAll();
  assert.equal(pool.size, 0);
  pool.give('key', taken);
  assert.equal(pool.size, 0);
  assert.equal(taken.reusable, false);
});

test('hostile peers are cut off', async () => {
  const cases: [string, string][] = [
    ['endless line', `220 ${'x'.repeat(300_000)}`],
    ['endless reply', '220-x\r\n'.repeat(300)],
    ['not SMTP', 'HTTP/1.1 400 Bad Request'],
    ['binary', '\x16\x03\x01\x02\x00'.repeat(100)],
    ['different codes', '220-a\r\n250 b'],
  ];
  for (const [name, text] of cases) {
    const server = await peer({ script: ({ command }) => (command === 'greeting' ? text : undefined) });
    assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job(), signal())), ['deferred host 451 4.5.0'], name);
  }
});

test('control characters and length of a reply do not get through', async () => {
  const server = await peer({ script: ({ command }) => (command.startsWith('RCPT') ? `550 5.1.1 a\x1b[31m\x00b${'c'.repeat(1900)}` : undefined) });
  const [outcome] = await deliverer({ port: server.port }).deliver(job(), signal());
  assert.ok(outcome?.reply.text.startsWith('a?[31m?b') && outcome.reply.text.length <= 2000);
});

test('an abort ends the delivery with a local deferral', async () => {
  const stop = new AbortController();
  const server = await peer({
    script: ({ command }) => {
      if (!command.startsWith('MAIL')) return undefined;
      stop.abort(new Error('bye'));
      return '';
    },
  });
  const out = deliverer({ port: server.port });
  assert.deepEqual(brief(await out.deliver(job(), stop.signal)), ['deferred local 451 4.3.0']);
  assert.deepEqual(brief(await out.deliver(job(), stop.signal)), ['deferred local 451 4.3.0']);
});

const script: PeerOptions['script'] = ({ command }) => (command.startsWith('AUTH PLAIN ') ? '235 2.7.0 ok' : undefined);

test('smarthost: log-in over verified TLS, and never without it', async () => {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'secret\n');
  const zone = { 'A relay.test': ['127.0.0.1'] };
  const server = await peer({ tls: certificate, offers: ['AUTH PLAIN', 'PIPELINING'], script });
  const route = (tls: 'verify' | 'opportunistic' | 'none', port: number): RoutePlan => ({ kind: 'smarthost', key: 's', host: 'relay.test', port, tls, username: 'u', passwordFile });
  const [outcome] = await deliverer({ port: 1, zone }).deliver(job({ route: route('verify', server.port) }), signal());
  assert.equal(outcome?.status, 'delivered');
  assert.ok(server.sessions[0]?.commands.includes(`AUTH PLAIN ${Buffer.from('\0u\0secret').toString('base64')}`));
  for (const tls of ['verify', 'opportunistic'] as const) {
    const clear = await peer({ offers: ['AUTH PLAIN'], script });
    const mitm = await peer({ tls: createCertificate({ subject: 'relay.test', altNames: ['relay.test'] }), offers: ['AUTH PLAIN'], script });
    for (const bad of [clear, mitm]) {
      const outcomes = await deliverer({ port: 1, zone }).deliver(job({ route: route(tls, bad.port) }), signal());
      assert.match(brief(outcomes)[0] ?? '', /^deferred host 451 4\.7\.[45]$/, tls);
      assert.ok(bad.sessions.every(({ commands }) => commands.every((line) => !line.startsWith('AUTH'))));
    }
  }
  const open = await peer({ offers: ['AUTH PLAIN'], script });
  assert.equal((await deliverer({ port: 1, zone }).deliver(job({ route: route('none', open.port) }), signal()))[0]?.status, 'delivered');
});

test('smarthost: a wrong password, a missing file and an unknown host are for the administrator, and wait', async () => {
  const zone = { 'A relay.test': ['127.0.0.1'] };
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'wrong\n');
  const server = await peer({ offers: ['AUTH LOGIN'], script: ({ command }) => (command === 'AUTH LOGIN' ? '334 VXNlcm5hbWU6' : command === 'dQ==' ? '334 UGFzc3dvcmQ6' : command === Buffer.from('wrong').toString('base64') ? '535 5.7.8 no' : undefined) });
  const route = { kind: 'smarthost', key: 's', host: 'relay.test', port: server.port, tls: 'none', username: 'u', passwordFile } as const;
  const out = deliverer({ port: 1, zone });
  const [refused] = await out.deliver(job({ route }), signal());
  assert.deepEqual(refused && brief([refused]), ['deferred local 451 4.7.8']);
  assert.match(refused?.reply.text ?? '', /^the log-in at the relay relay\.test\[127\.0\.0\.1\]:\d+ as "u" \(LOGIN\) failed; the relay said: 535 5\.7\.8 no$/);
  assert.equal(refused?.attempt.advice, `the password is in ${passwordFile}`);
  assert.ok(refused.attempt.ownReply);
  // Providers lock accounts: the same password is not shown again for a while, another one is at once.
  assert.deepEqual(brief(await out.deliver(job({ route }), signal())), ['deferred local 451 4.7.8']);
  assert.equal(server.sessions.length, 1);
  writeFileSync(passwordFile, 'wrong\n\n');
  await out.deliver(job({ route }), signal());
  assert.equal(server.sessions.length, 2);
  out.clock.advance(2 * 60_000);
  await out.deliver(job({ route }), signal());
  assert.equal(server.sessions.length, 3);
  const [missing] = await out.deliver(job({ route: { ...route, passwordFile: join(folder, 'none') } }), signal());
  assert.deepEqual(missing && brief([missing]), ['deferred local 451 4.3.0']);
  assert.match(missing?.attempt.advice ?? '', /^cannot read the password file .*none \(ENOENT\)$/);
  assert.ok(!missing?.reply.text.includes(folder), 'senders are told no paths');
  assert.deepEqual(brief(await out.deliver(job({ route: { ...route, host: 'gone.test' } }), signal())), ['deferred local 451 4.3.5']);
});

test('smarthost: one that wants a log-in which is not set, or does not relay for us, is for the administrator, and the mail waits', async () => {
  const zone = { 'A relay.test': ['127.0.0.1'] };
  for (const [step, refusal] of [['MAIL', '530 5.7.0 Authentication required'], ['RCPT', '554 5.7.1 <bob@a.test>: Relay access denied']] as const) {
    const server = await peer({ script: ({ command }) => (command.startsWith(step) ? refusal : undefined) });
    const route = { kind: 'smarthost', key: 's', host: 'relay.test', port: server.port, tls: 'none' } as const;
    const outcomes = await deliverer({ port: 1, zone }).deliver(job({ route }), signal());
    assert.deepEqual(brief(outcomes), [`deferred session ${refusal.slice(0, 9)}`]);
    // The server that a domain names in its MX records is another matter: there it is the sender who has to know.
    const direct = await peer({ script: ({ command }) => (command.startsWith(step) ? refusal : undefined) });
    assert.deepEqual(brief(await deliverer({ port: direct.port }).deliver(job({}), signal())).map((word) => word.split(' ')[0]), ['failed']);
  }
});

test('many at once: connections are shared and nothing is mixed up', async () => {
  const server = await peer({ offers: ['PIPELINING', 'CHUNKING'] });
  const out = deliverer({ port: server.port });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let number = next++; number < 400; number = next++) {
      const outcomes = await out.deliver(job({ content: `Subject: ${number}\r\n\r\n${number}\r\n`, recipients: [`u${number}@a.test`] }), signal());
      assert.equal(outcomes[0]?.status, 'delivered');
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  assert.equal(server.messages.length, 400);
  for (const { rcpts, content } of server.messages) assert.equal(/u(\d+)@/.exec(rcpts[0] ?? '')?.[1], /Subject: (\d+)/.exec(content)?.[1]);
  assert.ok(server.sessions.length <= 16, `${server.sessions.length} sessions`);
});
