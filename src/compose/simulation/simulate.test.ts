import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SimulatedDay, SimulationOptions, SimulationResult } from '../../contract/simulation.ts';
import { MODELLED_RECEIVERS, type ReceiverFigures } from '../../lab/simulation/receiver-model.ts';
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

  test('letters and notices never wait behind a mailing, and a growing mailing is hardly put off', async () => {
    const days = daysOf(await simulate({ ...OPTIONS, days: 10, volume: 1500 }));
    assert.ok(Math.max(...days.map(({ letterWaitSecondsMax }) => letterWaitSecondsMax)) < 600);
    assert.ok(sum(days, 'deferred') * 1000 < sum(days, 'delivered'), `${sum(days, 'deferred')} put off`);
  });

  test('a sender of twenty letters a day never notices the warm-up', async () => {
    const days = daysOf(await simulate({ ...OPTIONS, volume: 0, firstMailing: 0, letters: 20 }));
    assert.ok(days.every(({ letterWaitSecondsMax, backlog }) => letterWaitSecondsMax <= 5 && backlog <= 1));
  });

  test('receivers with other measures: slowly growing trust, one that never grows, one that takes everything', async () => {
    const others: readonly Partial<ReceiverFigures>[] = [{ growth: 1.2, hoursShare: 12 }, { growth: 1, trustAtFirst: 1000, hoursShare: 24 }, { trustAtFirst: 1e9, connectionsMax: 100 }];
    for (const other of others) {
      const receivers = MODELLED_RECEIVERS.map((figures) => ({ ...figures, ...other }));
      const days = daysOf(await simulate({ ...OPTIONS, days: 8, volume: 800 }, { receivers }));
      const label = JSON.stringify(other);
      assert.ok(sum(days, 'deferred') * 50 < sum(days, 'delivered'), `${label}: ${sum(days, 'deferred')} of ${sum(days, 'delivered')} put off`);
      assert.ok(days.slice(-1).every(({ delivered }) => delivered > 100), `${label}: mail still flows`);
    }
  });

  test('beside a known address a new one takes its share and no more', async () => {
    const [both, alone] = [daysOf(await simulate({ ...OPTIONS, ips: 2, warmIps: 1 })), daysOf(await simulate(OPTIONS))];
    assert.ok(sum(both, 'delivered') >= sum(alone, 'delivered'));
    assert.equal(sum(both, 'wanted') - sum(both, 'delivered'), both.slice(-1).reduce((total, { backlog }) => total + backlog, 0));
  });
});
