/** Lanes whose times were written down with a clock that was ahead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grownOlder, newStatus } from './lane-status.ts';

const NOW = Date.UTC(2026, 10, 20);
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

test('a rest that was ordered while the clock was ahead lasts no longer than it was meant', () => {
  const hot = { ...newStatus(NOW + YEAR_MS, false), state: 'hot' as const, restMs: HOUR_MS, until: NOW + YEAR_MS + HOUR_MS };
  assert.equal(grownOlder(hot, NOW, false).until, NOW + HOUR_MS);
});

test('a lane that began to climb while the clock was ahead climbs on from now', () => {
  for (const since of [NOW + YEAR_MS, NOW - HOUR_MS]) {
    const cooling = { ...newStatus(since, false), state: 'cooling' as const, perMinute: 2, stepPerMinute: 2, climbedAt: NOW + YEAR_MS };
    const put = grownOlder(cooling, NOW, false);
    assert.deepEqual([put.since <= NOW, put.climbedAt], [true, NOW]);
    assert.ok(grownOlder(put, NOW + HOUR_MS, false).perMinute > 2);
  }
});
