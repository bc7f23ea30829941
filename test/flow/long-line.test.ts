/** A mailing longer than what is kept in memory, through the whole server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUEUE_LIMITS } from '../../src/base/limits.ts';
import { eventually } from '../harness/lab-process.ts';
import { startSlowWorld } from '../harness/slow-world.ts';

test('of a mailing that joins its line unread every message arrives once', async () => {
  const world = await startSlowWorld({ healthy: 1, slow: 0 });
  try {
    // More than are kept in memory from their acceptance on.
    const mailing = Array.from({ length: QUEUE_LIMITS.freshItemsMax + 300 }, (_, at) => `user${at}@h0.test`);
    await world.enqueue(mailing, { stream: 'bulk' });
    await world.arrivals(mailing.length);
    assert.deepEqual([...world.arrived].sort(), [...mailing].sort());
    await eventually('nothing waits', async () => world.server.context.queue?.size.recipients === 0);
  } finally {
    await world.close();
  }
});
