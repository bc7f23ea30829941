import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueItem } from '../../contract/queue.ts';
import { FreshItems } from './fresh-items.ts';

const item = (id: string, ...states: readonly ('queued' | 'held')[]): QueueItem =>
  ({ message: { id }, recipients: states.map((state, index) => ({ index, state })) }) as unknown as QueueItem;

test('ten thousand messages that the brake holds in a rush take no place of those that are delivered after it', () => {
  const fresh = new FreshItems(2);
  for (let at = 0; at < 10_000; at++) fresh.put(item(`held${at}`, 'held'), true);
  fresh.put(item('good', 'held', 'queued'), true);
  assert.equal(fresh.take('held0'), undefined);
  assert.equal(fresh.take('good')?.message.id, 'good');
  assert.equal(fresh.take('good'), undefined);
});
