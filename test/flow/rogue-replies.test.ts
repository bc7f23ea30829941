/**
 * Providers with words of their own: who is to blame is seen through the words, nobody who is not dead is suppressed, and
 * what is put off comes when it may.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meetings } from '../harness/rogue-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const meet = meetings();

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
  assert.deepEqual(await met.suppressed(), []);
});

test('one of our domains has a bad name: its mail waits, that of the other goes at once', async () => {
  const met = await meet({ content: (_view, text) => (text.includes('d=shop.test') ? '554 5.7.1 rejected due to low sender domain reputation' : undefined) }, 12, (at) => (at % 2 === 0 ? 'me@shop.test' : 'me@club.test'));
  assert.equal(met.odd.messages.length, 6);
  assert.ok(met.odd.messages.every(({ content }) => content.includes('d=club.test')));
  assert.equal(met.odd.refusals.length, 1);
  assert.deepEqual([(await met.lane('shop.test'))?.state, (await met.lane())?.state], ['blocked', 'steady']);
  assert.deepEqual(await met.suppressed(), []);
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

test('dead, full, busy and refused, each in its own words: those who are dead are suppressed and nobody else', async () => {
  const words: Readonly<Record<string, string>> = {
    'de@odd.test': '550 Benutzer unbekannt',
    'ru@odd.test': '550 5.1.1 Пользователь не найден',
    'ja@odd.test': '550 ユーザーが存在しません',
    'gone@odd.test': '550 5.2.1 Compte désactivé',
    'full@odd.test': '552 5.2.2 Postvak vol',
    'busy@odd.test': '451 Too many messages for this user, try again in 10 minutes',
    'strange@odd.test': '550 computer says no',
    'barred@odd.test': '550 5.1.1 Recipient rejected: sending host has been banned',
  };
  const met = await meet({ rcpt: (_view, address) => words[address] }, 0);
  const started = met.world;
  const id = await started.send({ to: [...Object.keys(words), 'well@odd.test'] });
  await started.quiet();
  assert.deepEqual(met.odd.recipients, ['well@odd.test']);
  const states = Object.fromEntries((await started.why(id)).map(({ recipient, state }) => [recipient.replace('@odd.test', ''), state]));
  assert.deepEqual(states, { de: 'bounced', ru: 'bounced', ja: 'bounced', gone: 'bounced', full: 'queued', busy: 'queued', strange: 'bounced', barred: 'queued', well: 'delivered' });
  const busy = (await started.why(id)).find(({ recipient }) => recipient === 'busy@odd.test');
  const waits = (busy?.nextAttemptAt ?? 0) - started.clock.now();
  assert.ok(waits > 9 * MINUTE && waits < 12 * MINUTE, `${waits} ms`);
  assert.deepEqual(await met.suppressed(), ['de@odd.test', 'gone@odd.test', 'ja@odd.test', 'ru@odd.test']);
});

test('a link that is not liked comes back to its sender, who is told why; other mail goes on', async () => {
  const met = await meet({ content: (_view, text) => (text.includes('bit.example') ? '554 5.7.1 Message contains http://bit.example/x which is on our list of bad links' : undefined) }, 1);
  const id = await met.world.send({ to: 'linked@odd.test', body: 'See http://bit.example/x' });
  await met.world.quiet();
  const [row] = await met.world.why(id);
  assert.deepEqual([row?.state, row?.explanation?.culprit, row?.actor], ['bounced', 'content', 'sender']);
  assert.equal((await met.lane())?.state, 'steady');
  assert.deepEqual(await met.suppressed(), []);
});

test('greylisted for seven minutes, in words that nobody knows: everybody begins at once, none waits for another', async () => {
  const seen = new Map<string, number>();
  const met = await meet({
    rcpt: ({ now }, address) => {
      const first = seen.get(address) ?? now;
      seen.set(address, first);
      return now < first + 7 * MINUTE ? '450 frobnicate the quux' : undefined;
    },
  }, 15);
  assert.equal(seen.size, met.to.length);
  await met.world.passTime(20 * MINUTE, MINUTE);
  assert.deepEqual(met.odd.recipients, met.to);
  assert.ok(met.odd.refusals.length <= 2 * met.to.length, String(met.odd.refusals.length));
  assert.equal((await met.lane())?.state, 'steady');
});

test('mail of one domain is put off in words that nobody knows: that domain rests, and the address goes on for the other', async () => {
  const met = await meet({ content: (_view, text) => (text.includes('d=shop.test') ? '450 4.7.1 frobnicate the quux' : undefined) }, 30, (at) => (at % 2 === 0 ? 'me@shop.test' : 'me@club.test'));
  assert.equal(met.odd.messages.length, 15);
  assert.ok(met.odd.messages.every(({ content }) => content.includes('d=club.test')));
  assert.equal((await met.lane('shop.test'))?.state, 'hot');
  assert.equal((await met.lane())?.state, 'steady');
});

test('the domain of one sender is not found there: its mail waits for it, the address is not slowed down', async () => {
  const met = await meet({ mail: (_view, sender) => (sender.endsWith('@shop.test') ? '450 4.1.8 Die Absenderdomain shop.test konnte nicht aufgeloest werden' : undefined) }, 24, (at) => (at % 2 === 0 ? 'me@shop.test' : 'me@club.test'));
  assert.equal(met.odd.messages.length, 12);
  assert.deepEqual([(await met.lane('shop.test'))?.state, (await met.lane())?.state], ['hot', 'steady']);
});

test('a day\'s figure is used up, and tomorrow is named: it is not asked for every hour', async () => {
  const met = await meet({ mail: (view) => (view.takenWithin(24 * HOUR) >= 12 ? '452 4.7.1 Tagesgrenze erreicht, morgen wieder' : undefined) }, 20);
  await met.world.passTime(32 * HOUR, 20 * MINUTE);
  assert.deepEqual(met.odd.recipients, met.to);
  assert.ok(met.odd.refusals.length <= 48, String(met.odd.refusals.length));
  assert.deepEqual(await met.suppressed(), []);
});
