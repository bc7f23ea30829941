import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideRetry, retryWaitMs } from './retry.ts';

const policy = { retryMinMs: 300_000, retryMaxMs: 14_400_000 };

test('the wait doubles from the shortest to the longest', () => {
  assert.deepEqual([1, 2, 3, 4, 20].map((attempts) => retryWaitMs(policy, attempts, 0)), [300_000, 600_000, 1_200_000, 2_400_000, 14_400_000]);
});

test('jitter shortens by less than a tenth', () => {
  assert.equal(retryWaitMs(policy, 1, 0.999_999) >= 270_000, true);
  assert.notEqual(retryWaitMs(policy, 1, 0.5), retryWaitMs(policy, 1, 0.6));
});

test('the last attempt is at the expiry, and what is deferred then has expired', () => {
  assert.deepEqual(decideRetry(policy, 3, 1_000_000, 1_500_000, 0), { kind: 'retry', nextAttemptAt: 1_500_000 });
  assert.deepEqual(decideRetry(policy, 3, 1_500_000, 1_500_000, 0), { kind: 'expire' });
});

test('refused for its source, a message goes on by the schedule where a smarthost steps in meanwhile', () => {
  const blocked = { blocked: true, retryAfterMs: 3_600_000 };
  assert.deepEqual(decideRetry({ ...policy, wayRound: true }, 1, 0, 10 ** 9, 0, blocked), { kind: 'retry', nextAttemptAt: 300_000 });
  assert.deepEqual(decideRetry(policy, 1, 0, 10 ** 9, 0, blocked), { kind: 'retry', nextAttemptAt: 3_600_000 });
});
