/**
 * Providers that refuse for good in words that nobody knows: it is asked again whom they mean, and many alike are not blamed
 * on those who were written to.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueExplanation } from '../../src/manage/queue/queue-why.ts';
import { eventually } from '../harness/lab-process.ts';
import { meetings, type Meeting } from '../harness/rogue-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const meet = meetings();

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

/** One letter every ten minutes, for so long. */
async function keepWriting(met: Meeting, ms: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let passed = 0; passed < ms; passed += 10 * MINUTE) {
    ids.push(await met.world.send({ to: 'known@odd.test', body: `After ${passed} ms.` }));
    await met.world.passTime(10 * MINUTE, 5 * MINUTE);
  }
  return ids;
}

test('550 for every recipient from some moment on, in words that nobody knows: nobody comes back, all wait and arrive', async () => {
  let closedAt = Number.POSITIVE_INFINITY;
  const met = await meet({ rcpt: ({ now }, address) => (now >= closedAt && now < closedAt + 3 * HOUR ? `550 zq${now % 977}a frobnicate the quux for ${address}` : undefined) }, 5);
  closedAt = met.world.clock.now();
  const ids = await sendMore(met, 15);
  assert.deepEqual(await states(met, ids), { queued: 15 });
  assert.equal((await met.lane('shop.test'))?.state, 'blocked');
  const waiting = await rows(met, ids);
  // Those who were asked about before it came to light wait for the end of the block, too, and read of no return.
  const first = waiting.find(({ reason }) => /refuses, and does not say whom it means; it is asked again: 550 zq/.test(reason));
  assert.equal(first?.explanation?.rule, 'refused-alike');
  assert.doesNotMatch(JSON.stringify(waiting), /before the message is returned/);
  const refused = waiting.find(({ reason }) => /refuses mail of shop\.test, not this recipient/.test(reason));
  assert.match(refused?.explanation?.meaning ?? '', /^\d recipients were refused at mx\.odd\.test in the same words (?:at|from) .*, and nothing was taken there in between\. So it does not want mail of shop\.test, or from our address 127\.21\.0\.9, .* would tell\. Such mail waits, and nobody is suppressed\.$/);
  assert.equal(refused?.actor, 'administrator');
  const untried = waiting.find(({ state, attempts }) => state === 'queued' && attempts === 0);
  assert.equal(untried?.because?.culprit, 'dkim-domain');
  assert.match(untried?.reason ?? '', /Mail of shop\.test .* is refused by mx\.odd\.test; .* recipients were refused/);
  await met.world.passTime(12 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met, ids), { delivered: 15 });
  assert.deepEqual(await met.suppressed(), []);
  assert.equal(met.notices().length, 1);
});

test('a third of the recipients refused in words that nobody knows, the others taken: they come back when it is asked again, and the address is not slowed', async () => {
  const met = await meet({ rcpt: (_view, address) => (Number(/\d+/.exec(address)) % 3 === 1 ? '550 zark fnord' : undefined) }, 24);
  assert.deepEqual(await states(met), { delivered: 16, queued: 8 });
  assert.equal((await met.lane())?.state, 'steady');
  const writer = await keepWriting(met, 3 * HOUR);
  assert.deepEqual(await states(met), { delivered: 16, bounced: 8 });
  assert.equal((await met.lane())?.state, 'steady');
  const back = (await rows(met)).filter(({ state }) => state === 'bounced');
  assert.ok(back.every(({ attempts }) => attempts <= 3));
  assert.match(back[0]?.explanation?.meaning ?? '', /took other mail in between: it means this recipient/);
  assert.deepEqual([await met.suppressed(), met.notices().length, await states(met, writer)], [[], 0, { delivered: writer.length }]);
});

test('three dead addresses in words that nobody knows, and nothing else is written there: they come back after a day', async () => {
  const met = await meet({ rcpt: () => '550 zark fnord' }, 3);
  await met.world.passTime(29 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met), { bounced: 3 });
  const [first] = await rows(met);
  assert.equal(first?.attempts, 6);
  assert.match(first?.explanation?.meaning ?? '', /has refused it 6 times since .* Whom it means never came to light; the address is not suppressed\./);
  assert.deepEqual([await met.suppressed(), met.notices().length], [[], 0]);
});

test('another sentence, link and language for everybody: seen through at the eighth', async () => {
  const WORDS = ['zark fnord', 'plugh, siehe https://odd.test/r/%', 'quux [%]', 'nihil hodie', 'corge % grault', 'wibble: http://x%.odd.test/why', 'ei tänään', 'xyzzy'];
  let said = 0;
  const met = await meet({ rcpt: () => `550 ${(WORDS[said++ % WORDS.length] as string).replace('%', String(said * 7919))}` }, 14);
  assert.deepEqual(await states(met), { queued: 14 });
  assert.equal((await met.lane('shop.test'))?.state, 'blocked');
  await met.world.passTime(30 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met), { queued: 14 });
  assert.ok(met.odd.refusals.length < 30, `${met.odd.refusals.length} refusals`);
  assert.ok([1, 2].includes(met.notices().length), 'one a day');
});

test('530 for everybody, from a server that MX records name: nothing comes back', async () => {
  let open = false;
  const met = await meet({ mail: () => (open ? undefined : '530 5.7.0 Authentication required') }, 6);
  await met.world.passTime(6 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met), { queued: 6 });
  assert.match((await rows(met)).map(({ explanation }) => explanation?.meaning ?? '').join(), /asks for a log-in, which a server that takes mail for a domain must not ask/);
  open = true;
  await met.world.passTime(13 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met), { delivered: 6 });
});

test('nobody of a list of dead addresses is taken for a block, and all of them are suppressed', async () => {
  const met = await meet({ rcpt: (_view, address) => `550 5.1.1 <${address}> No such user here` }, 10);
  assert.deepEqual(await states(met), { bounced: 10 });
  await eventually('a list of ten', async () => (await met.suppressed()).length === 10);
});

test('a block in the code for dead addresses and in words that nobody knows: those whom it hit first are not suppressed for long', async () => {
  const met = await meet({ rcpt: () => '550 5.1.1 zark fnord' }, 12);
  assert.deepEqual(await states(met), { bounced: 1, queued: 11 });
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
  assert.deepEqual(await states(met), { delivered: 8, queued: 8 });
  assert.deepEqual([(await met.lane('shop.test'))?.state, (await met.lane())?.state], ['blocked', 'steady']);
  assert.match((await met.lane('shop.test'))?.why ?? '', /mail of shop\.test that it does not want, and not its recipients; mail of others it takes/);
});

test('mail of two domains is refused in the same words: it is our address that is not wanted', async () => {
  const met = await meet({ mail: () => '550 zark fnord' }, 8, (at) => (at % 2 === 0 ? 'me@shop.test' : 'me@club.test'));
  assert.deepEqual(await states(met), { queued: 8 });
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
  assert.deepEqual(await states(met, ids), { queued: 10 });
  await met.world.passTime(20 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met, ids), { delivered: 10 });
});

test('after a restart nobody more comes back, neither of those who waited nor of those who write anew', async () => {
  const met = await meet({ rcpt: () => '550 zark fnord' }, 6);
  assert.deepEqual(await states(met), { queued: 6 });
  await met.world.restart();
  const later = await sendMore(met, 4);
  await met.world.passTime(12 * HOUR, 10 * MINUTE);
  assert.deepEqual(await states(met, [...met.ids, ...later]), { queued: 10 });
  assert.equal((await met.lane('shop.test'))?.state, 'blocked');
});

test('the trace of what waits for such a block says from what it was concluded', async () => {
  const met = await meet({ rcpt: () => '550 zark fnord' }, 6);
  const waiting = (await rows(met)).find(({ reason }) => /refuses mail of shop\.test, not this recipient/.test(reason));
  const { events } = await met.world.trace(waiting?.id ?? '');
  const deferred = events.find(({ name }) => name === 'recipient.deferred');
  assert.equal(deferred?.explanation?.rule, 'refused-alike');
  assert.match(deferred?.explanation?.meaning ?? '', /^\d recipients were refused at mx\.odd\.test/);
});
