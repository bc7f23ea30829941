/**
 * Providers that refuse for good in words that nobody knows: one odd refusal is believed, many alike are not blamed on
 * those who were written to.
 */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { meetOddProvider, type Meeting, type RogueWorld } from '../harness/rogue-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let world: RogueWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function meet(...args: Parameters<typeof meetOddProvider>): Promise<Meeting> {
  const met = await meetOddProvider(...args);
  world = met.world;
  return met;
}

async function states(met: Meeting): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (let at = 0; at < met.to.length; at += 1) {
    const { state } = await met.whyOf(at);
    counted[state] = (counted[state] ?? 0) + 1;
  }
  return counted;
}

test('550 for every recipient from some moment on, in words that nobody knows: two come back, the others wait and arrive', async () => {
  let closedAt = 0;
  const met = await meet({
    rcpt: (view, address) => {
      if (view.takenWithin(HOUR) >= 5) closedAt ||= view.now;
      return closedAt > 0 && view.now < closedAt + 3 * HOUR ? `550 zq${view.now % 977}a frobnicate the quux for ${address}` : undefined;
    },
  }, 20);
  assert.deepEqual(await states(met), { delivered: 5, bounced: 2, queued: 13 });
  assert.equal(met.odd.refusals.length, 3);
  assert.equal((await met.lane('shop.test'))?.state, 'blocked');
  const waiting = await Promise.all(met.to.map((_, at) => met.whyOf(at)));
  const refused = waiting.find(({ state, attempts }) => state === 'queued' && attempts === 1);
  assert.match(refused?.explanation?.meaning ?? '', /^3 recipients were refused at mx\.odd\.test in the same words from .* to .*, and nothing was taken there in between\. So it is mail of shop\.test that it does not want, .* 2 were returned/);
  assert.equal(refused?.actor, 'administrator');
  const untried = waiting.find(({ state, attempts }) => state === 'queued' && attempts === 0);
  assert.match(untried?.reason ?? '', /Mail of shop\.test .* is refused by mx\.odd\.test; .* 3 recipients were refused/);
  assert.equal(met.notices().length, 1);
  await met.world.passTime(12 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met), { delivered: 18, bounced: 2 });
  assert.deepEqual(await met.suppressed(), []);
  assert.equal(met.notices().length, 1);
});
