import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { SystemClock } from '../base/clock.ts';
import { createNetworkSet } from './cidr.ts';
import { createConnector } from './connector.ts';

const clock = new SystemClock();
const inLab = createNetworkSet(['127.0.0.0/8']);

test('connects from the given source address', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const from = new Promise<string | undefined>((resolve) => server.once('connection', (peer) => {
    resolve(peer.remoteAddress);
    peer.destroy();
  }));
  const socket = await createConnector({ clock, allow: inLab.has }).connect({ address: '127.0.0.1', port, localAddress: '127.0.0.9', timeoutMs: 60_000 });
  assert.equal(await from, '127.0.0.9');
  socket.destroy();
  server.close();
});

test('what is not allowed is refused before any packet leaves', async () => {
  const connector = createConnector({ clock, allow: inLab.has });
  for (const address of ['192.0.2.1', '::1', '2001:db8::1', '::ffff:192.0.2.1']) {
    await assert.rejects(connector.connect({ address, port: 25, timeoutMs: 60_000 }), { code: 'outside-lab' }, address);
  }
});

test('failures are told apart: refused, bad source address, name, aborted', async () => {
  const connector = createConnector({ clock });
  await assert.rejects(connector.connect({ address: '127.0.0.1', port: 1, timeoutMs: 60_000 }), { code: 'connect-failed' });
  await assert.rejects(connector.connect({ address: '127.0.0.1', port: 1, localAddress: '192.0.2.1', timeoutMs: 60_000 }), { code: 'bind-failed' });
  await assert.rejects(connector.connect({ address: 'localhost', port: 1, timeoutMs: 60_000 }), { code: 'bad-address' });
  await assert.rejects(connector.connect({ address: '127.0.0.1', port: 1, timeoutMs: 60_000, signal: AbortSignal.abort(new Error('stop')) }), /stop/);
});
