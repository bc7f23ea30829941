import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Destinations } from './destinations.ts';

test('who finds a destination full stands in line and is called in order, once each', () => {
  const destinations = new Destinations({ placesOf: () => 1 });
  assert.equal(destinations.enter('a', 'first'), true);
  for (const id of ['second', 'third', 'second']) assert.equal(destinations.enter('a', id), false);
  assert.equal(destinations.enter('b', 'other'), true);
  assert.equal(destinations.waiting, 2);
  assert.equal(destinations.call('a'), undefined);
  destinations.leave('a');
  assert.equal(destinations.call('a'), 'second');
  assert.equal(destinations.call('a'), undefined, 'the place is kept for the one called');
});

test('newer mail does not take the place kept for the one called', () => {
  const destinations = new Destinations({ placesOf: () => 1 });
  destinations.enter('a', 'first');
  destinations.enter('a', 'second');
  destinations.leave('a');
  destinations.call('a');
  assert.equal(destinations.enter('a', 'newer'), false);
  assert.equal(destinations.enter('a', 'second'), true);
  destinations.leave('a');
  assert.equal(destinations.call('a'), 'newer');
});

test('a place kept for a message that does not come is given to the next', () => {
  const destinations = new Destinations({ placesOf: () => 1 });
  for (const id of ['first', 'second', 'third']) destinations.enter('a', id);
  destinations.leave('a');
  assert.equal(destinations.call('a'), 'second');
  destinations.forget('second', ['a']);
  assert.equal(destinations.call('a'), 'third');
});

test('a line of a hundred thousand is walked in linear time', () => {
  const destinations = new Destinations({ placesOf: () => 1 });
  const count = 100_000;
  for (let at = 0; at < count; at++) destinations.enter('a', `m${at}`);
  const started = performance.now();
  for (let at = 1; at < count; at++) {
    destinations.leave('a');
    const id = destinations.call('a') as string;
    assert.equal(id, `m${at}`);
    destinations.enter('a', id);
  }
  assert.ok(performance.now() - started < 2000);
});
