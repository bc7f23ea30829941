import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_CONNECTIONS, clearTally, createLocalTally, createSharedTally, createTallyMemory } from './tally.ts';

test('a local tally counts by name', () => {
  const tally = createLocalTally();
  assert.deepEqual([tally.enter('a'), tally.enter('a'), tally.enter('b')], [1, 2, 1]);
  tally.leave('a');
  assert.equal(tally.enter('a'), 2);
});

test('threads see the connections of each other, services apart', () => {
  const memory = createTallyMemory(2);
  const secret = new Uint8Array(32);
  const first = createSharedTally({ memory, thread: 0, secret }, 'smtp');
  const second = createSharedTally({ memory, thread: 1, secret }, 'smtp');
  const other = createSharedTally({ memory, thread: 1, secret }, 'submission');
  assert.deepEqual([first.enter('192.0.2.1'), second.enter('192.0.2.1'), first.enter(ALL_CONNECTIONS)], [1, 2, 1]);
  assert.equal(other.enter('192.0.2.1'), 1);
  second.leave('192.0.2.1');
  assert.equal(first.enter('192.0.2.1'), 2);
});

test('what a thread counted that is gone is forgotten', () => {
  const memory = createTallyMemory(2);
  const secret = new Uint8Array(32);
  const first = createSharedTally({ memory, thread: 0, secret }, 'smtp');
  const second = createSharedTally({ memory, thread: 1, secret }, 'smtp');
  first.enter('192.0.2.1');
  second.enter('192.0.2.1');
  clearTally(memory, 0);
  assert.equal(second.enter('192.0.2.1'), 2);
});
