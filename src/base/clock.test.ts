import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { AdjustableClock, SystemClock } from './clock.ts';

test('a connection that the kernel has opened is not said to have timed out because the clock was moved on', async () => {
  const server = createServer((socket) => socket.end('220 ready\r\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = new AdjustableClock();
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const seen: string[] = [];
  const timer = clock.timer(30_000, () => seen.push('no answer within 30 s'));
  socket.on('connect', () => {
    seen.push('connected');
    timer.cancel();
  });
  await clock.pass(60_000);
  assert.deepEqual(seen, ['connected']);
  socket.destroy();
  server.close();
});

test('a reply that came in time is not said to be missing because the process stood still until its deadline was over', async (context) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  context.after(() => {
    socket.destroy();
    server.close();
  });
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [[Socket], unknown];
  for (const clock of [new SystemClock(), new AdjustableClock()]) {
    const seen = new Promise<string>((resolve) => {
      const timer = clock.timer(1, () => resolve('no answer'));
      socket.once('data', () => {
        timer.cancel();
        resolve('answer');
      });
    });
    peer.write('250 ok\r\n');
    // The whole process stands still.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    assert.equal(await seen, 'answer');
  }
});

test('what is due when time has passed fires in its order, and what is not waits on', async () => {
  const clock = new AdjustableClock();
  const start = clock.monotonic();
  const fired: string[] = [];
  clock.timer(20_000, () => fired.push('second'));
  clock.timer(10_000, () => fired.push('first'));
  const later = clock.timer(900_000, () => fired.push('too early'));
  await clock.pass(60_000);
  later.cancel();
  assert.deepEqual(fired, ['first', 'second']);
  assert.ok(clock.monotonic() - start >= 60_000);
});
