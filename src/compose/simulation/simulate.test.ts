import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SimulatedDay, SimulationOptions, SimulationResult } from '../../contract/simulation.ts';
import { simulate } from './simulate.ts';

const OPTIONS: SimulationOptions = { days: 6, seed: 7, volume: 1000, firstMailing: 200, growth: 1.25, letters: 40, ips: 1, warmIps: 0, complaintsPerThousand: 0, shaping: true };

const sum = (days: readonly SimulatedDay[], field: 'wanted' | 'delivered' | 'expired' | 'deferred'): number => days.reduce((total, day) => total + day[field], 0);
const daysOf = ({ receivers }: SimulationResult): readonly SimulatedDay[] => receivers.flatMap(({ days }) => days);

describe('the rehearsed warm-up', () => {
  test('the same seed gives the same run, another seed another one', async () => {
    const [one, again, other] = [await simulate(OPTIONS), await simulate(OPTIONS), await simulate({ ...OPTIONS, seed: 8 })];
    assert.deepEqual(one, again);
    assert.notDeepEqual(one.receivers, other.receivers);
  });

  test('every message is delivered, waiting or expired', async () => {
    const { receivers } = await simulate(OPTIONS);
    for (const { title, days } of receivers) {
      assert.equal(days.length, OPTIONS.days, title);
      assert.equal(sum(days, 'delivered') + sum(days, 'expired') + (days.at(-1)?.backlog ?? 0), sum(days, 'wanted'), title);
    }
  });

  test('shaping is put off far less often than sending all at once', async () => {
    const shaped = sum(daysOf(await simulate(OPTIONS)), 'deferred');
    const unshaped = sum(daysOf(await simulate({ ...OPTIONS, shaping: false })), 'deferred');
    assert.ok(shaped * 5 < unshaped, `${shaped} with shaping, ${unshaped} without`);
  });
});
