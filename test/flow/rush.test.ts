/** The queue while mail comes in faster than the machine can take and deliver at once. Real store; how busy it is, the test says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { QUEUE_LIMITS } from '../../src/base/limits.ts';
import { RUSH_LIMITS } from '../../src/base/rush-limits.ts';
import { Delivered, outcome, startScene } from '../harness/rush-scene.ts';

test('in a rush who brings much is delivered when it is over, who brings little at once, and queue why says so', async (t) => {
  const delivered = new Delivered();
  const { clock, queue, bring, beginRush, endRush } = await startScene(t, async ({ message, recipients }) => {
    delivered.add(message.sender);
    return recipients.map((recipient) => outcome(recipient, 'delivered'));
  });
  await beginRush();
  const last = await bring('many@example.org', 1);
  await bring('few@example.org', 1);
  await delivered.until({ 'few@example.org': 1, 'many@example.org': 100 + RUSH_LIMITS.fewMessages });
  const wait = queue.control.explainWait?.(last.message.id, 0);
  assert.equal(wait?.phase, 'in-line');
  assert.match(wait.reason, /More mail comes in just now than this machine can take and deliver at once/);
  assert.ok((wait.until ?? 0) <= clock.now() + RUSH_LIMITS.longestMs);

  await endRush();
  await delivered.until({ 'many@example.org': 101 + RUSH_LIMITS.fewMessages });
});

test('after a rush a site with a long line has its mail tried again by what is in the store: attempts are counted on', async (t) => {
  // Nobody is answered until all stand in line; then everybody is put off.
  const attempts: number[] = [];
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  let tell = (): void => undefined;
  const { clock, queue, bring, beginRush, endRush } = await startScene(t, async ({ message, recipients }) => {
    await answered;
    if (message.sender === 'late@example.org') {
      for (const { attempts: before } of recipients) attempts.push(before);
      tell();
    }
    return recipients.map((recipient) => outcome(recipient, 'deferred'));
  });
  const tries = (count: number): Promise<void> =>
    new Promise((resolve) => {
      tell = () => attempts.length === count && resolve();
      tell();
    });
  await bring('late@example.org', 1);
  await bring('many@example.org', QUEUE_LIMITS.linedUpEnough + QUEUE_LIMITS.deliveriesInFlightMax);
  await beginRush();
  const last = await bring('late@example.org', RUSH_LIMITS.fewMessages + 50);
  await endRush();
  while (queue.control.explainWait?.(last.message.id, 0)?.site === undefined) await setImmediate();
  const all = RUSH_LIMITS.fewMessages + 51;
  answer();
  await tries(all);
  assert.ok(attempts.every((before) => before === 0));
  await clock.runUntil(clock.now() + 600_000);
  await tries(2 * all);
  assert.deepEqual([...new Set(attempts.slice(all))], [1]);
  assert.ok(queue.control.size.recipients > 0);
});
