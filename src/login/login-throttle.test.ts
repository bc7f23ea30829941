import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdjustableClock } from '../base/clock.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import { LoginThrottle } from './login-throttle.ts';

/** How many of these wrong attempts were checked. */
async function guess(throttle: LoginThrottle, attempts: Iterable<readonly [account: string, address: string]>): Promise<number> {
  let checked = 0;
  for (const [account, address] of attempts) {
    const attempt = await throttle.begin(account, address);
    if (!attempt.allowed) continue;
    checked += 1;
    attempt.failed(`${checked}`);
  }
  return checked;
}

test('sixty-five thousand networks of one IPv6 site are one guesser', async () => {
  const throttle = new LoginThrottle(new AdjustableClock());
  const attempts = Array.from({ length: 2000 }, (_, i) => ['alice@example.org', `2001:db8:7:${i.toString(16)}::1`] as const);
  assert.equal(await guess(throttle, attempts), DIRECTORY_LIMITS.siteFailuresBeforeThrottle);
  assert.equal(await guess(throttle, [['alice@example.org', '2001:db8:8::1']]), 1, 'the next site is another');
});

test('names made up by the thousand push no guess out of memory', async () => {
  const throttle = new LoginThrottle(new AdjustableClock());
  const victim = Array.from({ length: 30 }, () => ['alice@example.org', '192.0.2.1'] as const);
  assert.equal(await guess(throttle, victim), DIRECTORY_LIMITS.failuresBeforeThrottle);
  await guess(throttle, Array.from({ length: 1000 }, (_, i) => [`someone${i}@example.org`, '198.51.100.1'] as const));
  await guess(throttle, Array.from({ length: DIRECTORY_LIMITS.throttleEntriesMax + 10 }, (_, i) => [`made-up${i}@example.org`, '198.51.100.1'] as const));
  // One at a time after a wait, where a forgotten guesser would have all of the first again.
  assert.ok((await guess(throttle, victim)) < DIRECTORY_LIMITS.failuresBeforeThrottle);
});
