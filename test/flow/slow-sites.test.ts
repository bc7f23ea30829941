/**
 * The whole server beside sites that hardly answer, each in its own way: mail for the others is all there while that for
 * the slow ones is still under way, whoever came first.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/lab-process.ts';
import { SLOW_KINDS, startSlowWorld, type SlowWorld } from '../harness/slow-world.ts';

const healthyRecipients = (count: number): string[] => Array.from({ length: count }, (_, at) => `user@h${at}.test`);

/** Several each, for as many domains of all kinds. */
function slowRecipients(domains: number, each: number): string[] {
  return Array.from({ length: domains }, (_, at) => `${SLOW_KINDS[at % SLOW_KINDS.length]}${Math.floor(at / SLOW_KINDS.length)}.test`)
    .flatMap((domain) => Array.from({ length: each }, (_, user) => `user${user}@${domain}`));
}

async function inWorld(domains: Parameters<typeof startSlowWorld>[0], work: (world: SlowWorld) => Promise<void>): Promise<void> {
  const world = await startSlowWorld(domains);
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

/** Nothing went to a healthy site twice, and the slow ones still wait. */
async function assertAllWell(world: SlowWorld, healthy: readonly string[], slow: number): Promise<void> {
  assert.deepEqual([...world.arrived].sort(), [...healthy].sort());
  await eventually('only the slow ones wait', async () => world.server.context.queue?.size.recipients === slow);
}

for (const domains of [1, 300]) {
  test(`mail for 100 healthy sites passes that for ${domains} slow ${domains === 1 ? 'one' : 'ones'}, which came first`, async () => {
    await inWorld({ healthy: 100, slow: domains }, async (world) => {
      const [slow, healthy] = [slowRecipients(domains, 4), healthyRecipients(100)];
      await world.enqueue(slow);
      await world.enqueue(healthy);
      await world.arrivals(healthy.length);
      await assertAllWell(world, healthy, slow.length);
    });
  });
}

test('after a restart with a queue of 300 slow sites the others are served at once, too', async () => {
  await inWorld({ healthy: 50, slow: 300 }, async (world) => {
    const [slow, healthy] = [slowRecipients(300, 4), healthyRecipients(50)];
    await world.enqueue(slow);
    await world.restart();
    await world.enqueue(healthy);
    await world.arrivals(healthy.length);
    await assertAllWell(world, healthy, slow.length);
  });
});

test('a sender whose own name servers are silent does not keep the sites that it writes to from the others', async () => {
  await inWorld({ healthy: 20, slow: 0, slowSenders: ['lost.test'] }, async (world) => {
    const first = healthyRecipients(20).flatMap((address) => [1, 2, 3, 4].map((at) => `${at}${address}`));
    await world.enqueue(first, { sender: 'me@lost.test' });
    await world.enqueue(healthyRecipients(20));
    await world.arrivals(first.length + 20);
    const last = world.arrived.findLastIndex((address) => address.startsWith('user@'));
    assert.ok(last < first.length, 'all of the other sender arrived among those');
  });
});

test('a password reset leaves within the next turns of a mailing to its site, and two mailings take turns', async () => {
  await inWorld({ healthy: 1, slow: 0 }, async (world) => {
    const mailing = (name: string, size: number): string[] => Array.from({ length: size }, (_, at) => `${name}${at}@h0.test`);
    await world.enqueue(mailing('big', 1_000), { sender: 'big@shop.test', stream: 'bulk' });
    const before = world.arrived.length;
    await world.enqueue(mailing('small', 10), { sender: 'small@shop.test', stream: 'bulk' });
    await world.enqueue(['reset@h0.test'], { stream: 'urgent' });
    await world.arrivals(before + 100);
    const order = world.arrived.slice(before);
    assert.ok(order.indexOf('reset@h0.test') !== -1 && order.indexOf('reset@h0.test') < 50, `${order.indexOf('reset@h0.test')}`);
    assert.equal(order.slice(0, 100).filter((address) => address.startsWith('small')).length, 10, 'ten of another sender do not wait for a thousand');
  });
});
