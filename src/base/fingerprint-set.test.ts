import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FingerprintSet } from './fingerprint-set.ts';

it('knows all of its members, and hardly any other', () => {
  const set = new FingerprintSet();
  for (let i = 0; i < 50_000; i += 1) set.add(`user${i}@example.net`);
  for (let i = 0; i < 50_000; i += 1) assert.ok(set.mayHave(`user${i}@example.net`));
  let wrong = 0;
  for (let i = 0; i < 50_000; i += 1) if (set.mayHave(`other${i}@example.net`)) wrong += 1;
  assert.ok(wrong < 10, `${wrong} of 50,000`);
  set.add('user1@example.net');
  assert.ok(set.size > 49_990 && set.size <= 50_000);
});

it('is empty at first', () => {
  assert.equal(new FingerprintSet().mayHave(''), false);
});
