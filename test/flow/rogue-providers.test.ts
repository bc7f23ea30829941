/**
 * Providers with thresholds and texts of their own: nobody is lost, nobody else is delayed, the engine learns with few
 * refusals, comes back by itself, and tells the truth at each stage.
 */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { RogueRules } from '../harness/rogue-provider.ts';
import { startRogueWorld, type RogueWorld } from '../harness/rogue-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let world: RogueWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** One provider with these rules, another that takes everything, and this much mail for both. */
async function meet(rules: RogueRules, messages: number, from: (at: number) => string = () => 'me@shop.test') {
  const started = (world = await startRogueWorld({ odd: rules, fine: {} }));
  const to = Array.from({ length: messages }, (_, at) => `friend${at}@odd.test`);
  const ids: string[] = [];
  for (const [at, address] of to.entries()) ids.push(await started.send({ from: from(at), to: address }));
  await started.send({ to: 'friend@fine.test' });
  await started.quiet();
  assert.equal(started.providers['fine']?.messages.length, 1, 'the other provider is not delayed');
  const odd = started.providers['odd'] ?? assert.fail();
  return { world: started, odd, to: to.sort(), lane: async (domain = '') => (await started.lanes('mx.odd.test')).find(({ key }) => key.dkimDomain === domain), whyOf: async (at: number) => (await started.why(ids[at] as string))[0] ?? assert.fail() };
}

async function nobodySuppressed({ world: { call } }: { readonly world: RogueWorld }): Promise<void> {
  assert.equal((await call<{ total: number }>('suppression.list')).total, 0);
}

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
  await nobodySuppressed(met);
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

test('blocked by a reply 550 for an hour: nobody bounces, one probe opens it again', async () => {
  let blockedAt = 0;
  const met = await meet({
    rcpt: (view) => {
      if (view.takenWithin(HOUR) >= 5) blockedAt ||= view.now;
      return blockedAt > 0 && view.now < blockedAt + HOUR ? `550 Service refused: your IP ${view.from} is listed in our reputation system` : undefined;
    },
  }, 15);
  assert.equal((await met.lane())?.state, 'blocked');
  assert.match((await met.whyOf(14)).reason, /Mail from 127\.21\.0\.9 is refused .* one message tries .*listed in our reputation system/);
  await met.world.passTime(90 * MINUTE, MINUTE);
  assert.deepEqual(met.odd.recipients, met.to);
  assert.equal(met.odd.refusals.length, 1);
  await nobodySuppressed(met);
});

test('one of our domains has a bad name: its mail waits, that of the other goes at once', async () => {
  const met = await meet({ content: (_view, text) => (text.includes('d=shop.test') ? '554 5.7.1 rejected due to low sender domain reputation' : undefined) }, 12, (at) => (at % 2 === 0 ? 'me@shop.test' : 'me@club.test'));
  assert.equal(met.odd.messages.length, 6);
  assert.ok(met.odd.messages.every(({ content }) => content.includes('d=club.test')));
  assert.equal(met.odd.refusals.length, 1);
  assert.deepEqual([(await met.lane('shop.test'))?.state, (await met.lane())?.state], ['blocked', 'steady']);
  await nobodySuppressed(met);
});

test('greylisted for 45 seconds: everybody comes back just after that', async () => {
  const seen = new Map<string, number>();
  const met = await meet({
    rcpt: ({ now }, address) => {
      const first = seen.get(address) ?? now;
      seen.set(address, first);
      return now < first + 45_000 ? '451 4.2.0 Greylisted for 45 seconds' : undefined;
    },
  }, 20);
  await met.world.passTime(MINUTE, 5_000);
  assert.deepEqual(met.odd.recipients, met.to);
  assert.equal(met.odd.refusals.length, met.to.length);
});
