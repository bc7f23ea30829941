/** What an attempt under way tells of itself: the step it waits in, at which host, since when and how long; with real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { SMTP_CLIENT_LIMITS } from '../../src/base/limits.ts';
import type { AttemptStep, DeliveryOutcome } from '../../src/contract/queue.ts';
import { certificate, deliverer, job, mx, peer, signal, type Setup } from '../harness/delivery-kit.ts';

/** A delivery whose steps can be waited for. */
function begin(setup: Setup, content?: BufferSource): { readonly work: Promise<readonly DeliveryOutcome[]>; readonly steps: AttemptStep[]; reach(doing: AttemptStep['doing']): Promise<AttemptStep>; advance(ms: number): void } {
  const out = deliverer(setup);
  const steps: AttemptStep[] = [];
  let tell = (): void => undefined;
  const onStep = (step: AttemptStep): void => {
    steps.push(step);
    tell();
  };
  const work = out.deliver({ ...job(content ? { content } : {}), onStep }, signal());
  const reach = (doing: AttemptStep['doing']): Promise<AttemptStep> =>
    new Promise((resolve) => {
      tell = () => steps.at(-1)?.doing === doing && resolve(steps.at(-1) as AttemptStep);
      tell();
    });
  return { work, steps, reach, advance: (ms) => out.clock.advance(ms) };
}

test('each step that a silent server keeps an attempt in is told, with its host and its end', async () => {
  const cases: [string, AttemptStep['doing'], number][] = [
    ['greeting', 'greeting', SMTP_CLIENT_LIMITS.greetingTimeoutMs],
    ['EHLO', 'ehlo', SMTP_CLIENT_LIMITS.ehloTimeoutMs],
    ['STARTTLS', 'starttls', SMTP_CLIENT_LIMITS.ehloTimeoutMs],
    ['MAIL', 'mail', SMTP_CLIENT_LIMITS.mailTimeoutMs],
    ['RCPT', 'rcpt', SMTP_CLIENT_LIMITS.rcptTimeoutMs],
    ['DATA', 'data', SMTP_CLIENT_LIMITS.dataInitTimeoutMs],
    ['content', 'end-of-data', SMTP_CLIENT_LIMITS.dataDoneTimeoutMs],
  ];
  for (const [silentAt, doing, limitMs] of cases) {
    const server = await peer({
      offers: silentAt === 'STARTTLS' ? ['STARTTLS'] : [], tls: certificate,
      script: ({ command }) => (command.startsWith(silentAt) ? '' : undefined),
    });
    const { work, reach, steps } = begin({ port: server.port });
    const step = await reach(doing);
    assert.deepEqual([step.mx, step.address, step.port], ['mx.a.test', '127.0.0.1', server.port], silentAt);
    const lasts = step.until - step.since;
    assert.ok(lasts <= limitMs && lasts > limitMs - 60_000, `${silentAt}: ${lasts}`);
    assert.deepEqual(steps.slice(0, 3).map((one) => one.doing), ['looking-up', 'tls-policy', 'connect']);
    while (server.sessions.length === 0) await new Promise(setImmediate);
    await server.close();
    const [outcome] = await work;
    assert.equal(outcome?.status, 'deferred', silentAt);
  }
});

test('a handshake that is not answered, and the next host after it', async () => {
  const zone = { 'MX a.test': [mx(10, 'one.a.test'), mx(20, 'two.a.test')], 'A one.a.test': ['127.0.0.1'], 'A two.a.test': ['127.0.0.2'] };
  const sockets: Socket[] = [];
  const first = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write('220 one\r\n');
    socket.on('data', (chunk) => socket.write(chunk.toString('latin1').startsWith('EHLO') ? '250-one\r\n250 STARTTLS\r\n' : chunk.toString('latin1').startsWith('STARTTLS') ? '220 go\r\n' : ''));
  });
  first.listen(0, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  const second = await peer({ address: '127.0.0.2', port, script: ({ command }) => (command === 'greeting' ? '' : undefined) });
  const { work, reach } = begin({ port, zone });
  assert.equal((await reach('tls')).mx, 'one.a.test');
  first.close();
  for (const socket of sockets) socket.destroy();
  // Nobody listens there any more: the new connection in the clear is refused, and the second host greets nobody.
  assert.deepEqual([(await reach('greeting')).mx, (await reach('greeting')).address], ['two.a.test', '127.0.0.2']);
  while (second.sessions.length === 0) await new Promise(setImmediate);
  await second.close();
  assert.equal((await work)[0]?.status, 'deferred');
});

test('a server that stops reading the text did not get it: the step is told, and nothing is in doubt', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write('220 x\r\n');
    socket.on('data', (chunk) => {
      const [verb = ''] = chunk.toString('latin1').split(/[ \r]/);
      if (verb === 'DATA') {
        socket.pause();
        socket.write('354 go\r\n');
      } else if (['EHLO', 'MAIL', 'RCPT'].includes(verb)) socket.write('250 ok\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // More than a kernel holds for a connection.
  const content = new BufferSource(Buffer.alloc(40_000_000, 'all work and no play\r\n'));
  const { work, reach, steps, advance } = begin({ port: (server.address() as AddressInfo).port }, content);
  await reach('body');
  advance(SMTP_CLIENT_LIMITS.dataDoneTimeoutMs);
  const [outcome] = await work;
  assert.match(outcome?.reply.text ?? '', /timed out while sending the message$/);
  assert.ok(steps.every(({ doing }) => doing !== 'end-of-data'));
  for (const socket of sockets) socket.destroy();
  server.close();
});
