/**
 * Providers with thresholds of their own: nobody is lost, nobody else is delayed, the engine learns with few refusals,
 * comes back by itself, and tells the truth at each stage.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meetings } from '../harness/rogue-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const meet = meetings();

test('two connections and no more, said by 421 instead of a greeting: learnt from one refusal', async () => {
  const met = await meet({ thinkMs: 10, greeting: ({ open }) => (open > 2 ? '421 only 2 parallel connections from one host' : undefined) }, 60);
  await met.world.passTime(10 * MINUTE, 5 * MINUTE);
  assert.deepEqual(met.odd.recipients, met.to);
  assert.ok(met.odd.refusals.length <= 2, JSON.stringify(met.odd.refusals));
});

test('an outage in which everything is put off: few are sent to try, the address is not blamed, all go out soon afterwards', async () => {
  let since = 0;
  const met = await meet({ data: ({ now }) => ((since ||= now), now < since + HOUR ? '452 4.3.1 spool full, come later' : undefined) }, 60);
  const waiting = await met.whyOf(59);
  assert.equal(waiting.waitRule, 'site-ailing');
  assert.match(waiting.reason, /puts all mail off, whoever sends it \(it said: 452 4\.3\.1 spool full, come later\); at .* one message tries/);
  assert.equal((await met.lane())?.state, 'steady');
  await met.world.passTime(HOUR + 12 * MINUTE, MINUTE);
  assert.ok(met.odd.refusals.length < 15, String(met.odd.refusals.length));
  await met.world.passTime(30 * MINUTE, 2 * MINUTE);
  assert.deepEqual(met.odd.recipients, met.to);
  assert.deepEqual(await met.suppressed(), []);
});

test('a server that takes each message and breaks off without a word gets few of them, and all when it answers again', async () => {
  let since = 0;
  const met = await meet({ content: ({ now }) => ((since ||= now), now < since + HOUR ? '' : undefined) }, 60);
  const waiting = await met.whyOf(59);
  assert.equal(waiting.waitRule, 'site-ailing');
  assert.match(waiting.reason, /takes messages without saying whether it has them .* may arrive more than once; at .* one message tries/);
  await met.world.passTime(HOUR + 12 * MINUTE, MINUTE);
  assert.ok(met.odd.refusals.length < 20, String(met.odd.refusals.length));
  await met.world.passTime(30 * MINUTE, 2 * MINUTE);
  await met.world.passTime(3 * HOUR, HOUR / 2);
  assert.deepEqual(met.odd.recipients.toSorted(), met.to.toSorted());
});

test('twelve a minute, the rest put off in words of an overloaded machine: the rate is learnt all the same', async () => {
  const met = await meet({ mail: (view) => (view.takenWithin(MINUTE) >= 12 ? '451 4.3.2 System busy, try again later' : undefined) }, 60);
  await met.world.passTime(5 * MINUTE, 10_000);
  const lane = await met.lane();
  assert.equal(lane?.state, 'hot');
  assert.match(lane?.why ?? '', /takes some mail and then puts off the rest/);
  await met.world.passTime(25 * MINUTE, 10_000);
  assert.deepEqual(met.odd.recipients, met.to);
  assert.ok(met.odd.refusals.length < 20, String(met.odd.refusals.length));
});

test('a host that closes without a word after seven messages: learnt from the first connections', async () => {
  const met = await meet({ content: ({ taken }) => (taken >= 7 ? '' : undefined) }, 60);
  await met.world.passTime(10 * MINUTE, MINUTE);
  assert.deepEqual(met.odd.recipients, met.to);
  assert.ok(met.odd.refusals.length <= 4, JSON.stringify(met.odd.refusals));
});
