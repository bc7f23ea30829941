import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort } from '../../test/harness/free-place.ts';
import { probeListen } from './port-probe.ts';

test('a taken port, a free one, and an address of somebody else', async () => {
  const taken = createServer();
  const port = await freePort();
  taken.listen(port, '127.0.0.1');
  await once(taken, 'listening');
  assert.equal(await probeListen('127.0.0.1', port), 'in-use');
  taken.close();
  await once(taken, 'close');
  assert.equal(await probeListen('127.0.0.1', port), 'free');
  assert.equal(await probeListen('192.0.2.1', port), 'no-such-address');
});
