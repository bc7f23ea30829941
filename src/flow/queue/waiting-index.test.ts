import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueueId } from '../../base/queue-id.ts';
import { NONE, WaitingIndex } from './waiting-index.ts';
import type { SlotList } from './waiting-index.ts';

/** Small deterministic generator, so that a failure can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const newList = (number: number): SlotList => ({ number, head: NONE, tail: NONE, size: 0 });

test('wakes in order of due time, and only what is due', () => {
  const index = new WaitingIndex();
  index.add('b', 0, 200);
  index.add('a', 0, 100);
  index.add('a', 1, 300);
  assert.equal(index.nextDueAt, 100);
  assert.equal(index.takeDue(99), NONE);
  const taken = [index.takeDue(250), index.takeDue(250), index.takeDue(250)];
  assert.deepEqual(taken.slice(0, 2).map((slot) => index.idOf(slot)), ['a', 'b']);
  assert.equal(taken[2], NONE);
  assert.equal(index.size, 3, 'what is taken is still there');
  assert.deepEqual(index.slotsOf('a').map((slot) => index.positionOf(slot)).sort(), [0, 1]);
});

test('a taken slot tells once that its rows changed', () => {
  const index = new WaitingIndex();
  const slot = index.add('a', 0, 1);
  index.touch(slot);
  assert.equal(index.takeDue(1), slot);
  assert.equal(index.wasTouched(slot), false, 'it slept when it was touched');
  index.touch(slot);
  assert.deepEqual([index.wasTouched(slot), index.wasTouched(slot)], [true, false]);
});

test('a list keeps its order whatever leaves it', () => {
  const index = new WaitingIndex();
  const list = newList(7);
  const slots = [0, 1, 2, 3].map((at) => index.add('m', at, 0));
  for (const slot of slots) {
    index.take(slot);
    index.append(list, slot, 5, 9);
  }
  index.takeFrom(list, slots[1] as number);
  index.append(list, slots[1] as number, 5, 9, true);
  const order: number[] = [];
  while (list.head !== NONE) {
    order.push(index.positionOf(list.head));
    index.takeFrom(list, list.head);
  }
  assert.deepEqual([order, list.size, list.tail], [[1, 0, 2, 3], 0, NONE]);
});

test('nobody sleeps longer than the clock allows when it went back', () => {
  const index = new WaitingIndex();
  for (let at = 0; at < 100; at++) index.add(`m${at}`, 0, 1000 + ((at * 37) % 100));
  index.wakeBy(1040);
  const times: number[] = [];
  for (let slot = index.takeDue(1e9); slot !== NONE; slot = index.takeDue(1e9)) times.push(index.timeOf(slot));
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
  assert.equal(times.at(-1), 1040);
});

test('agrees with a plain map under random changes', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9);
  const random = generator(seed);
  const index = new WaitingIndex();
  const list = newList(0);
  const model = new Map<string, { dueAt: number; where: 'heap' | 'list' | 'taken' }>();
  const ids = Array.from({ length: 2000 }, () => createQueueId(1e12 + Math.floor(random() * 1e9)));
  const changes: Record<string, (key: string, slot: number) => void> = {
    remove: (key, slot) => {
      if (model.get(key)?.where === 'list') index.takeFrom(list, slot);
      index.remove(slot);
      model.delete(key);
    },
    sleep: (key, slot) => {
      if (model.get(key)?.where === 'list') index.takeFrom(list, slot);
      const dueAt = Math.floor(random() * 1e6);
      index.sleep(slot, dueAt);
      model.set(key, { dueAt, where: 'heap' });
    },
    stand: (key, slot) => {
      if (model.get(key)?.where === 'list') return;
      index.take(slot);
      index.append(list, slot, 1, 2);
      model.set(key, { dueAt: 0, where: 'list' });
    },
  };
  const names = Object.keys(changes);
  for (let step = 0; step < 30_000; step++) {
    const id = ids[Math.floor(random() * ids.length)] as string;
    const position = Math.floor(random() * 3);
    const key = `${id} ${position}`;
    const slot = index.slotOf(id, position);
    assert.equal(slot !== NONE, model.has(key), `seed ${seed} step ${step}`);
    if (slot === NONE) {
      const dueAt = Math.floor(random() * 1e6);
      index.add(id, position, dueAt);
      model.set(key, { dueAt, where: 'heap' });
      continue;
    }
    changes[names[Math.floor(random() * names.length)] as string]?.(key, slot);
  }
  const counted = Object.groupBy(model.values(), ({ where }) => where);
  assert.deepEqual([index.size, index.sleeping, list.size], [model.size, counted.heap?.length ?? 0, counted.list?.length ?? 0]);
  let last = 0;
  for (let slot = index.takeDue(1e9); slot !== NONE; slot = index.takeDue(1e9)) {
    const key = `${index.idOf(slot)} ${index.positionOf(slot)}`;
    assert.equal(model.get(key)?.dueAt, index.timeOf(slot), `seed ${seed}`);
    assert.ok(index.timeOf(slot) >= last);
    last = index.timeOf(slot);
  }
});

test('a million recipients take less than 70 MB', () => {
  const index = new WaitingIndex();
  for (let count = 0; count < 1_000_000; count++) index.add(createQueueId(1e12 + count), 0, count);
  assert.ok(index.memoryBytes < 70e6, `${index.memoryBytes} bytes`);
  assert.equal(index.size, 1_000_000);
});
