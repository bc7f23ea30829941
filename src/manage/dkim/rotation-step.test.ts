import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RotationRow } from '../../store/clients/dkim-rotations.ts';
import { nextStep, ROTATION_TIMES, type RotationSight } from './rotation-step.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 1);
const ROW: RotationRow = { domain: 'example.org', algorithm: 'rsa-sha256', oldSelector: 'old', furtherOld: [], newSelector: 'new', phase: 'publishing', startedAt: NOW, dueAt: NOW, switchedAt: null, retiredAt: null, toldAt: null, publishedAt: null, trouble: '' };
const RIGHT: NonNullable<RotationSight['fresh']> = { state: 'right', ttlSeconds: 300, negativeSeconds: 0, lagging: [], findings: [] };
const seen = (fresh: Partial<NonNullable<RotationSight['fresh']>>, now = NOW): RotationSight => ({ now, keepOldMs: 7 * DAY, fresh: { ...RIGHT, ...fresh } });

describe('a key rotation', () => {
  it('waits for the record', () => {
    const { row, act } = nextStep(ROW, seen({ state: 'missing', findings: [{ level: 'fail', text: 'It is not published.' }] }));
    assert.deepEqual([row.phase, row.trouble, row.dueAt, act], ['publishing', 'It is not published.', NOW + ROTATION_TIMES.lookAgainMs, 'none']);
  });

  it('waits for every name server of the zone', () => {
    const { row } = nextStep(ROW, seen({ lagging: [{ host: 'ns2.example.org', state: 'missing' }] }));
    assert.equal(row.phase, 'publishing');
    assert.match(row.trouble, /ns2\.example\.org/);
  });

  for (const [name, sight, waitMs] of [
    ['at least an hour', {}, HOUR],
    ['for the TTL', { ttlSeconds: 7200 }, 2 * HOUR],
    ['for the time that its absence may be remembered', { negativeSeconds: 10_800 }, 3 * HOUR],
    ['two days at most', { ttlSeconds: 10_000_000 }, 2 * DAY],
  ] as const) {
    it(`waits ${name} before the new key signs`, () => {
      const { row } = nextStep(ROW, seen(sight));
      assert.deepEqual([row.phase, row.dueAt], ['waiting', NOW + waitMs]);
    });
  }

  const waiting: RotationRow = { ...ROW, phase: 'waiting', dueAt: NOW + HOUR };

  it('does not switch before its time, and switches then', () => {
    assert.deepEqual(nextStep(waiting, seen({})), { row: waiting, act: 'none' });
    const { row, act } = nextStep(waiting, seen({}, NOW + HOUR));
    assert.deepEqual([row.phase, row.switchedAt, row.dueAt, act], ['overlapping', NOW + HOUR, NOW + HOUR + 7 * DAY, 'switch']);
  });

  it('goes back when the record is gone by then, but not when the DNS does not answer', () => {
    assert.equal(nextStep(waiting, seen({ state: 'missing' }, NOW + HOUR)).row.phase, 'publishing');
    const { row, act } = nextStep(waiting, seen({ state: 'unknown' }, NOW + HOUR));
    assert.deepEqual([row.phase, act], ['waiting', 'none']);
  });

  it('is done with the switch where there was no key before', () => {
    assert.equal(nextStep({ ...waiting, oldSelector: '' }, seen({}, NOW + HOUR)).row.phase, 'done');
  });

  it('keeps the old record, then lets it go, then is done', () => {
    const overlapping: RotationRow = { ...ROW, phase: 'overlapping', switchedAt: NOW, dueAt: NOW + 7 * DAY };
    assert.equal(nextStep(overlapping, { now: NOW + DAY, keepOldMs: DAY }).act, 'none');
    const retired = nextStep(overlapping, { now: NOW + 7 * DAY, keepOldMs: DAY });
    assert.deepEqual([retired.row.phase, retired.act], ['withdrawing', 'retire']);
    const still = nextStep(retired.row, { now: NOW + 8 * DAY, keepOldMs: DAY, old: { state: 'wrong' } });
    assert.equal(still.row.phase, 'withdrawing');
    for (const state of ['missing', 'revoked'] as const) assert.equal(nextStep(retired.row, { now: NOW + 8 * DAY, keepOldMs: DAY, old: { state } }).row.phase, 'done');
    assert.equal(nextStep(retired.row, { now: NOW + 40 * DAY, keepOldMs: DAY, old: { state: 'wrong' } }).row.phase, 'done');
  });
});
