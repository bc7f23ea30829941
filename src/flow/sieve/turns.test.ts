import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.ts';

test('scripts that wait together go on one by one, each in a turn of its own', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const others = (): void => {
    order.push('others');
    if (order.filter((who) => who !== 'others').length < 6) setImmediate(others);
  };
  setImmediate(others);
  await Promise.all(['a', 'b', 'c'].map(async (name) => {
    for (let i = 0; i < 2; i += 1) {
      await turns.next();
      order.push(name);
    }
  }));
  assert.equal(order.filter((who) => who !== 'others').join(''), 'abcabc');
  assert.equal(order.some((who, at) => who !== 'others' && order[at + 1] !== undefined && order[at + 1] !== 'others'), false, order.join(' '));
});
