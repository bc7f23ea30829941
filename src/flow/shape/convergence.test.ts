/** The closed loop against a provider that is told nothing about: converges, recovers, survives a restart, never sticks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom } from '../../../test/harness/seeded-random.ts';
import { attempt, DAY, finish, HOUR, ManualClock, MINUTE, request, SECOND, shapeKit, siteFor, TAKEN, type Answer, type ShapeKit } from '../../../test/harness/shape-kit.ts';
import type { LaneRow } from '../../store/clients/lanes.ts';
import { NO_MEMORY } from './shaper.ts';

const SITE = siteFor('mx.large.test');
const SLOWER: Answer = { code: 421, enhanced: '4.7.0', text: 'Too many messages from your IP address due to its reputation', scope: 'session' };

/** Takes so many a minute and puts the rest off. */
class Provider {
  readonly #perMinute: number;
  #minute = 0;
  #count = 0;
  taken = 0;
  refused = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  answer(now: number): Answer {
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.#minute) this.#count = 0;
    this.#minute = minute;
    this.#count += 1;
    if (this.#count > this.#perMinute) {
      this.refused += 1;
      return SLOWER;
    }
    this.taken += 1;
    return { ...TAKEN, reused: true };
  }
}

/** Offers as much as may go, second by second. */
function offer(kit: ShapeKit, provider: Provider, forMs: number, perSecond = 20): void {
  for (let passed = 0; passed < forMs; passed += SECOND) {
    for (let sent = 0; sent < perSecond; sent += 1) {
      const admission = kit.shaper.admit(request(SITE));
      if (admission.kind === 'wait') break;
      finish(kit, admission.permit, provider.answer(kit.clock.now()));
    }
    kit.clock.advance(SECOND);
  }
}

test('a provider that takes sixty a minute: nearly nothing is put off, and most of what it takes is used', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1' }] });
  const provider = new Provider(60);
  offer(kit, provider, 24 * HOUR);
  assert.ok(provider.refused < 40, `${provider.refused} put off`);
  const before = provider.taken;
  offer(kit, provider, 12 * HOUR);
  const share = (provider.taken - before) / (60 * 12 * 60);
  assert.ok(share > 0.3, `${Math.round(share * 100)}% used on the second day`);
  assert.ok(provider.refused < 60, `${provider.refused} put off`);
});

test('what was learnt is there after a restart', async () => {
  const clock = new ManualClock();
  const first = shapeKit({ clock, ips: [{ address: '192.0.2.1' }] });
  attempt(first, request(SITE), SLOWER);
  clock.advance(3 * SECOND);
  await first.shaper.close();
  const lanes = first.saved.flatMap((batch) => batch.lanes) as LaneRow[];
  assert.equal(first.saved[0]?.changes[0]?.to, 'hot');
  const second = shapeKit({ clock, ips: [{ address: '192.0.2.1' }], memory: { ...NO_MEMORY, lanes } });
  assert.deepEqual(second.shaper.control.lanes('192.0.2.1').map(({ state, why }) => [state, why]), first.shaper.control.lanes('192.0.2.1').map(({ state, why }) => [state, why]));
  assert.equal(attempt(second, request(SITE), TAKEN), 'lane-hot');
});

test('many messages are few writes', async () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  for (let sent = 0; sent < 1000; sent += 1) attempt(kit, request(siteFor('gmail-smtp-in.l.google.com')), { ...TAKEN, reused: true });
  kit.clock.advance(2 * SECOND);
  await kit.shaper.control.flush();
  assert.equal(kit.saved.length, 1);
  assert.deepEqual(kit.saved[0]?.days.find(({ site }) => site === '')?.sent, 1000);
});

const ANSWERS: readonly Answer[] = [
  TAKEN,
  SLOWER,
  { code: 451, enhanced: '4.3.2', text: 'Please try again later' },
  { code: 550, enhanced: '5.7.1', text: 'Your IP is on a block list' },
  { code: 554, text: 'no service: IP reputation', greeting: true },
  { code: 451, enhanced: '4.4.1', text: 'connect to mx.test[198.51.100.7]:25: Connection timed out', silent: true },
  { code: 451, enhanced: '4.3.0', text: 'local problem', local: true },
  { code: 550, enhanced: '5.1.1', text: 'no such user', scope: 'recipient' },
];

test('whatever a site has answered, mail goes again within two days of good answers', () => {
  const random = createSeededRandom();
  for (let round = 0; round < 60; round += 1) {
    const kit = shapeKit({ ips: [{ address: '192.0.2.1' }, { address: '192.0.2.2', standby: random.below(2) === 1 }] });
    const site = siteFor(random.pick(['mx.large.test', 'gmail-smtp-in.l.google.com', 'mta5.am0.yahoodns.net', 'mx00.gmx.net']));
    const open: NonNullable<Extract<ReturnType<ShapeKit['shaper']['admit']>, { kind: 'go' }>['permit']>[] = [];
    for (let step = 0; step < 300; step += 1) {
      const admission = kit.shaper.admit(request(site, { stream: random.pick(['urgent', 'transactional', 'bulk']), dkimDomain: random.pick(['', 'a.test', 'b.test']) }));
      if (admission.kind === 'go') open.push(admission.permit);
      else if (admission.until !== undefined) assert.ok(admission.until > kit.clock.now() - 1, `seed ${random.seed}: a wait ends in the future: ${admission.reason}`);
      else assert.ok(kit.shaper.control.sites().some(({ inFlight }) => inFlight > 0), `seed ${random.seed}: a wait without an end, and nothing under way: ${admission.reason}`);
      while (open.length > random.below(6)) finish(kit, open.splice(random.below(open.length), 1)[0] as never, random.pick(ANSWERS));
      // Now and then the clock is set back.
      kit.clock.advance(random.below(40) === 0 ? -random.below(HOUR) : random.below(20 * MINUTE));
    }
    for (const permit of open) finish(kit, permit, TAKEN);
    let sent = 0;
    for (let passed = 0; passed < 2 * DAY; passed += 10 * MINUTE) {
      if (attempt(kit, request(site), { ...TAKEN, reused: true }) === 'sent') sent += 1;
      kit.clock.advance(10 * MINUTE);
    }
    assert.ok(sent > 0, `seed ${random.seed}, round ${round}: ${JSON.stringify(kit.shaper.control.lanes())}`);
    assert.deepEqual(kit.shaper.control.sites().map(({ inFlight }) => inFlight), kit.shaper.control.sites().map(() => 0));
  }
});

test('every state leads back to steady while the site is content', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  const site = siteFor('mx.large.test');
  attempt(kit, request(site), ANSWERS[3] as Answer);
  assert.equal(kit.shaper.control.lanes()[0]?.state, 'blocked');
  for (let passed = 0; passed < 3 * DAY; passed += 10 * MINUTE) {
    attempt(kit, request(site), { ...TAKEN, reused: true });
    kit.clock.advance(10 * MINUTE);
  }
  assert.equal(kit.shaper.control.lanes()[0]?.state, 'steady');
});
