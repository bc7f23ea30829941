import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueueId } from '../../base/queue-id.ts';
import { DueIndex } from './due-index.ts';

/** Small deterministic generator, so that a failure can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('pops in order of due time, and only what is due', () => {
  const index = new DueIndex();
  index.set('b', 200, 1);
  index.set('a', 100, 2);
  index.set('c', 300, 1);
  assert.equal(index.nextDueAt, 100);
  assert.equal(index.pop(99), undefined);
  assert.equal(index.pop(250), 'a');
  assert.equal(index.pop(250), 'b');
  assert.equal(index.pop(250), undefined);
  assert.equal(index.size, 1);
  assert.equal(index.recipientCount, 1);
});

test('an empty index has nothing to pop, whatever the time', () => {
  assert.equal(new DueIndex().pop(Number.POSITIVE_INFINITY), undefined);
});

test('agrees with a plain map under random changes', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9);
  const random = generator(seed);
  const index = new DueIndex();
  const model = new Map<string, { dueAt: number; recipients: number }>();
  const ids = Array.from({ length: 3000 }, () => createQueueId(1e12 + Math.floor(random() * 1e9)));
  for (let step = 0; step < 30_000; step++) {
    const id = ids[Math.floor(random() * ids.length)] as string;
    const what = random();
    if (what < 0.6) {
      const entry = { dueAt: Math.floor(random() * 1e6), recipients: 1 + Math.floor(random() * 3) };
      index.set(id, entry.dueAt, entry.recipients);
      model.set(id, entry);
    } else if (what < 0.8) {
      assert.equal(index.delete(id), model.delete(id), `seed ${seed} step ${step}`);
    } else {
      const earliest = Math.min(...[...model.values()].map((entry) => entry.dueAt), Number.POSITIVE_INFINITY);
      assert.equal(index.nextDueAt, earliest, `seed ${seed} step ${step}`);
      const popped = index.pop(earliest);
      if (popped !== undefined) {
        assert.equal(model.get(popped)?.dueAt, earliest, `seed ${seed} step ${step}`);
        model.delete(popped);
      }
    }
  }
  assert.equal(index.size, model.size);
  assert.equal(index.recipientCount, [...model.values()].reduce((sum, entry) => sum + entry.recipients, 0));
});

test('a million messages take less than 100 MB', () => {
  const index = new DueIndex();
  for (let count = 0; count < 1_000_000; count++) index.set(createQueueId(1e12 + count), count, 1);
  assert.ok(index.memoryBytes < 70e6, `${index.memoryBytes} bytes`);
  assert.equal(index.size, 1_000_000);
});
