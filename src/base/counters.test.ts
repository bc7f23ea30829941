import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters } from './counters.ts';

test('counts by name and labels, with bounds, and can be handed on', () => {
  const counters = new Counters(2);
  counters.add('plain');
  counters.add('plain', {}, 2);
  for (const site of ['a', 'b', 'c', 'd', 'a']) counters.add('by_site', { site });
  const main = new Counters(10);
  main.add('plain');
  main.addAll(counters.take());
  assert.deepEqual(counters.counts, []);
  assert.deepEqual(main.counts, [
    { name: 'plain', labels: {}, value: 4 },
    { name: 'by_site', labels: { site: 'a' }, value: 2 },
    { name: 'by_site', labels: { site: 'b' }, value: 1 },
    { name: 'by_site', labels: { site: 'other' }, value: 2 },
  ]);
});
