/**
 * Providers that refuse for good in words that nobody knows: one odd refusal is believed, many alike are not blamed on
 * those who were written to.
 */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { QueueExplanation } from '../../src/manage/queue/queue-why.ts';
import { eventually } from '../harness/lab-process.ts';
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

async function rows(met: Meeting, ids: readonly string[] = met.ids): Promise<readonly QueueExplanation[]> {
  return (await Promise.all(ids.map((id) => met.world.why(id)))).flat();
}

async function states(met: Meeting, ids?: readonly string[]): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const { state } of await rows(met, ids)) counted[state] = (counted[state] ?? 0) + 1;
  return counted;
}

/** Once all before is done. */
async function sendMore(met: Meeting, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let at = 0; at < count; at += 1) ids.push(await met.world.send({ to: `later${at}@odd.test` }));
  await met.world.quiet();
  return ids;
}

test('550 for every recipient from some moment on, in words that nobody knows: two come back, the others wait and arrive', async () => {
  let closedAt = Number.POSITIVE_INFINITY;
  const met = await meet({ rcpt: ({ now }, address) => (now >= closedAt && now < closedAt + 3 * HOUR ? `550 zq${now % 977}a frobnicate the quux for ${address}` : undefined) }, 5);
  closedAt = met.world.clock.now();
  const ids = await sendMore(met, 15);
  assert.deepEqual(await states(met, ids), { bounced: 2, queued: 13 });
  assert.equal((await met.lane('shop.test'))?.state, 'blocked');
  const waiting = await rows(met, ids);
  const refused = waiting.find(({ state, attempts }) => state === 'queued' && attempts === 1);
  assert.match(refused?.explanation?.meaning ?? '', /^\d recipients were refused at mx\.odd\.test in the same words (?:at|from) .*, and nothing was taken there in between\. So it does not want mail of shop\.test, or from our address 127\.21\.0\.9, .* 2 were returned/);
  assert.equal(refused?.actor, 'administrator');
  const untried = waiting.find(({ state, attempts }) => state === 'queued' && attempts === 0);
  assert.equal(untried?.because?.culprit, 'dkim-domain');
  assert.match(untried?.reason ?? '', /Mail of shop\.test .* is refused by mx\.odd\.test; .* recipients were refused/);
  await met.world.passTime(12 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met, ids), { delivered: 13, bounced: 2 });
  assert.deepEqual(await met.suppressed(), []);
  assert.equal(met.notices().length, 1);
});

test('one odd refusal of one recipient comes back at once, also the third one, as long as others are taken', async () => {
  const met = await meet({ rcpt: (_view, address) => (Number(/\d+/.exec(address)) % 8 === 1 ? '550 5.7.1 zark fnord' : undefined) }, 24);
  assert.deepEqual(await states(met), { delivered: 21, bounced: 3 });
  assert.equal((await met.lane())?.state, 'steady');
  assert.equal(met.notices().length, 0);
});

test('nobody of a list of dead addresses is taken for a block, and all of them are suppressed', async () => {
  const met = await meet({ rcpt: (_view, address) => `550 5.1.1 <${address}> No such user here` }, 10);
  assert.deepEqual(await states(met), { bounced: 10 });
  await eventually('a list of ten', async () => (await met.suppressed()).length === 10);
});

test('a block in the code for dead addresses and in words that nobody knows: those whom it hit first are not suppressed for long', async () => {
  const met = await meet({ rcpt: () => '550 5.1.1 zark fnord' }, 12);
  assert.deepEqual(await states(met), { bounced: 7, queued: 5 });
  await eventually('an empty list', async () => (await met.suppressed()).length === 0);
});

test('all recipients of one message refused in the same words at once: none comes back', async () => {
  const met = await meet({ rcpt: (_view, address) => `550 <${address}> zark fnord` }, 0);
  const id = await met.world.send({ to: Array.from({ length: 6 }, (_, at) => `pal${at}@odd.test`) });
  await met.world.quiet();
  assert.deepEqual((await met.world.why(id)).map(({ state }) => state), Array(6).fill('queued'));
});

test('one domain is refused behind the content in words that nobody knows, while that of another is taken: only its mail waits', async () => {
  const met = await meet({ content: (_view, text) => (text.includes('d=shop.test') ? '554 zark fnord' : undefined) }, 16, (at) => (at % 2 === 0 ? 'me@shop.test' : 'me@club.test'));
  assert.deepEqual(await states(met), { delivered: 8, bounced: 2, queued: 6 });
  assert.deepEqual([(await met.lane('shop.test'))?.state, (await met.lane())?.state], ['blocked', 'steady']);
  assert.match((await met.lane('shop.test'))?.why ?? '', /mail of shop\.test that it does not want, and not its recipients; mail of others it takes/);
});

test('mail of two domains is refused in the same words: it is our address that is not wanted', async () => {
  const met = await meet({ mail: () => '550 zark fnord' }, 8, (at) => (at % 2 === 0 ? 'me@shop.test' : 'me@club.test'));
  assert.deepEqual(await states(met), { bounced: 2, queued: 6 });
  assert.equal((await met.lane())?.state, 'blocked');
  assert.match((await met.lane())?.why ?? '', /in mail of 2 domains, were refused .* our address 127\.21\.0\.9 that it does not want/);
});

for (const [step, rules] of [['greeting', { greeting: () => '554 zark fnord' }], ['EHLO', { ehlo: () => '550 zark fnord' }]] as const) {
  test(`refused at ${step} in words that nobody knows: nobody comes back, the address is blocked, the administrator is told once`, async () => {
    const met = await meet(rules, 6);
    await met.world.passTime(2 * HOUR, 10 * MINUTE);
    assert.deepEqual(await states(met), { queued: 6 });
    assert.equal((await met.lane())?.state, 'blocked');
    assert.equal(met.notices().length, 1);
    assert.match(met.notices()[0] ?? '', /What it means: mx\.odd\.test refuses before it has heard of a sender or recipient/);
  });
}

test('so many an hour, and then 550 in words that nobody knows: they are known the next time', async () => {
  const met = await meet({ rcpt: (view) => (view.takenWithin(HOUR) >= 4 ? '550 zark fnord' : undefined) }, 4);
  const ids = await sendMore(met, 10);
  assert.deepEqual(await states(met, ids), { bounced: 2, queued: 8 });
  await met.world.passTime(20 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met, ids), { delivered: 8, bounced: 2 });
});

test('after a restart nobody more comes back, neither of those who waited nor of those who write anew', async () => {
  const met = await meet({ rcpt: () => '550 zark fnord' }, 6);
  assert.deepEqual(await states(met), { bounced: 2, queued: 4 });
  await met.world.restart();
  const later = await sendMore(met, 4);
  await met.world.passTime(12 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met, [...met.ids, ...later]), { bounced: 2, queued: 8 });
  assert.equal((await met.lane('shop.test'))?.state, 'blocked');
});

test('the trace of what waits for such a block says from what it was concluded', async () => {
  const met = await meet({ rcpt: () => '550 zark fnord' }, 4);
  const waiting = (await rows(met)).find(({ attempts, state }) => state === 'queued' && attempts === 1);
  const { events } = await met.world.trace(waiting?.id ?? '');
  const deferred = events.find(({ name }) => name === 'recipient.deferred');
  assert.equal(deferred?.explanation?.rule, 'refused-alike');
  assert.match(deferred?.explanation?.meaning ?? '', /^3 recipients were refused at mx\.odd\.test/);
});
