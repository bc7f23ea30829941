import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { AdjustableClock } from './clock.ts';

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
