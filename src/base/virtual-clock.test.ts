import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from './clock.ts';
import { VirtualClock } from './virtual-clock.ts';

test('timers fire in order of time, then in the order in which they were set', async () => {
  const clock = new VirtualClock(1000);
  const fired: string[] = [];
  for (const [name, delay] of [['c', 30], ['a', 10], ['b', 20], ['a2', 10]] as const) clock.timer(delay, () => fired.push(`${name}@${clock.now()}`));
  clock.timer(15, () => fired.push('cancelled')).cancel();
  await clock.runUntil(1025);
  assert.deepEqual(fired, ['a@1010', 'a2@1010', 'b@1020']);
  assert.equal(clock.now(), 1025);
  assert.equal(clock.monotonic(), 25);
  await clock.runUntil(2000);
  assert.equal(fired.at(-1), 'c@1030');
});

test('promises started by a timer run to their end before time goes on', async () => {
  const clock = new VirtualClock(0);
  const seen: number[] = [];
  const work = async (): Promise<void> => {
    for (let step = 0; step < 5; step++) {
      await sleep(clock, 10);
      await Promise.resolve();
      seen.push(clock.now());
    }
  };
  const done = work();
  await clock.runUntil(1000);
  await done;
  assert.deepEqual(seen, [10, 20, 30, 40, 50]);
});

test('a thousand timers in random order', async () => {
  const clock = new VirtualClock(0);
  const seen: number[] = [];
  for (let n = 0; n < 1000; n++) clock.timer((n * 7919) % 1009, () => seen.push(clock.now()));
  await clock.runUntil(2000);
  assert.equal(seen.length, 1000);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
});
