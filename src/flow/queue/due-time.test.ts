import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import { dueTime, dueTimeOf } from './due-time.ts';

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

test('what was planned with a right clock is waited for', () => {
  assert.equal(dueTime(NOW + HOUR_MS, NOW - 1, NOW), NOW + HOUR_MS);
  assert.equal(dueTime(NOW + HOUR_MS, 0, NOW), NOW + HOUR_MS, 'nobody knows when');
});

test('what was planned with a clock that was ahead is due at once', () => {
  assert.equal(dueTime(NOW + 7 * HOUR_MS, NOW + 6 * HOUR_MS, NOW), NOW);
});

test('nothing is waited for longer than the longest wait', () => {
  assert.equal(dueTime(NOW + 1e12, 0, NOW), NOW + QUEUE_LIMITS.longestRetryWaitMs);
});

test('what was never tried is due, whatever its time says', () => {
  assert.equal(dueTimeOf({ nextAttemptAt: NOW + HOUR_MS, attempts: 0 }, NOW), NOW);
  assert.equal(dueTimeOf({ nextAttemptAt: NOW + HOUR_MS, attempts: 1 }, NOW), NOW + HOUR_MS);
});
