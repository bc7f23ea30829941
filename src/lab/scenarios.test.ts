import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../base/errors.ts';
import { SCENARIOS, Weather } from './scenarios.ts';

test('a scenario is on for all providers, or for those it is limited to', () => {
  const weather = new Weather();
  weather.set('greylist', true);
  weather.set('slow-mx', true, ['gmail']);
  assert.equal(weather.active('greylist', 'yahoo'), true);
  assert.equal(weather.active('slow-mx', 'gmail'), true);
  assert.equal(weather.active('slow-mx', 'yahoo'), false);
  assert.equal(weather.active('slow-mx'), true);
  weather.set('slow-mx', false);
  assert.equal(weather.active('slow-mx', 'gmail'), false);
});

test('the list has every scenario with its state', () => {
  const weather = new Weather();
  weather.set('no-ptr', true, ['gmx']);
  const list = weather.list();
  assert.equal(list.length, SCENARIOS.length);
  assert.deepEqual(
    list.filter((each) => each.state === 'on').map(({ name, providers }) => ({ name, providers })),
    [{ name: 'no-ptr', providers: ['gmx'] }],
  );
});

test('an unknown scenario is refused by name', () => {
  assert.throws(() => new Weather().set('sunshine', true), (error) => error instanceof Failure && error.code === 'unknown-scenario' && /sunshine/.test(error.message));
});

test('each name occurs once', () => {
  assert.equal(new Set(SCENARIOS.map((each) => each.name)).size, SCENARIOS.length);
});
