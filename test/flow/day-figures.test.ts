/** Sites that take so many messages a day, in days of the real queue and shaper: few refusals, nothing late for long, told truly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSiteProfile } from '../../src/mail/sites/find-site.ts';
import { DAY, DayWorld, HOUR, START, type DaySetup, type DayView, type SiteReply } from '../harness/day-world.ts';

const BUSY: SiteReply = { code: 451, enhanced: '4.7.1', text: 'Please try again later' };
const TOO_MANY: SiteReply = { code: 421, enhanced: '4.7.0', text: 'Too many messages from your IP address, limit exceeded' };
const UNHEARD: SiteReply = { code: 450, enhanced: '4.7.1', text: 'zzz' };

function midnightOf({ now }: DayView, offsetMs = 0): number {
  return Math.floor((now - offsetMs) / DAY) * DAY + offsetMs;
}

/** So many a day, which begins that much after midnight UTC. */
function perDay(limit: number, reply: SiteReply, offsetMs = 0): DaySetup['judge'] {
  return (view) => (view.takenSince(midnightOf(view, offsetMs)) >= limit ? reply : undefined);
}

async function sixty(judge: DaySetup['judge']): Promise<DayWorld> {
  const world = new DayWorld({ judge });
  world.send(8 * HOUR, 60);
  await world.run(42 * HOUR);
  return world;
}

test('sixty letters to a site that takes forty a day: few refusals in words that say nothing, fewer in words about us', async () => {
  for (const [reply, refusals] of [[BUSY, 40], [UNHEARD, 31], [TOO_MANY, 22]] as const) {
    for (const offsetMs of [0, 7 * HOUR]) {
      const world = await sixty(perDay(40, reply, offsetMs));
      const label = `${reply.text}, ${offsetMs / HOUR} h`;
      assert.equal(world.waiting, 0, label);
      assert.ok(world.count('refused', 0, 2 * DAY) <= refusals, `${label}: ${world.count('refused', 0, 2 * DAY)} refusals`);
      assert.ok(world.mostRefusals <= 3, `${label}: one message was refused ${world.mostRefusals} times`);
      // A few hours late at most.
      assert.equal(world.count('taken', 0, DAY + offsetMs + 5 * HOUR), 60, label);
    }
  }
});

test('each message counts for 24 hours: the same', async () => {
  const world = await sixty((view) => (view.takenSince(view.now - DAY) >= 40 ? TOO_MANY : undefined));
  assert.equal(world.waiting, 0);
  assert.ok(world.count('refused', 0, 2 * DAY) <= 23, String(world.count('refused', 0, 2 * DAY)));
});

test('a full day at such a site every day: learnt within two days, then hardly refused, also after restarts', async () => {
  for (const judge of [perDay(40, TOO_MANY), perDay(40, TOO_MANY, 7 * HOUR), (view: DayView) => (view.takenSince(view.now - DAY) >= 40 ? TOO_MANY : undefined)]) {
    const world = new DayWorld({ judge });
    for (let quarter = 0; quarter < 6 * 24; quarter += 1) world.send(quarter * HOUR + 10, quarter % 8 === 0 ? 3 : 2);
    for (const hours of [10, 20, 33, 50, 71, 72]) {
      await world.run(hours * HOUR);
      await world.restart();
    }
    await world.run(6 * DAY);
    assert.ok(world.count('taken', 0, 6 * DAY) >= 6 * 32, `${world.count('taken', 0, 6 * DAY)} taken`);
    const later = world.count('refused', 3 * DAY, 6 * DAY);
    assert.ok(later <= 12, `${later} refusals on three days`);
    assert.ok(world.mostRefusals <= 6, `one message was refused ${world.mostRefusals} times`);
  }
});

test('what the day bears is told: while all is refused, when the figure is used, and what comes next', async () => {
  const world = new DayWorld({ judge: perDay(40, TOO_MANY) });
  for (let day = 0; day < 4; day += 1) world.send(day * DAY + 9 * HOUR, 60);
  await world.run(13 * HOUR);
  assert.equal(world.lane()?.state, 'hot');
  assert.match(world.lane()?.next ?? '', /^The site took 40 messages within a day and then refused everything, from 2026-11-23 09:0\d UTC on: it seems to take so many and no more; at .* one message tries/);
  assert.match(world.whyWait(), /^lane-closed: Mail from 192\.0\.2\.1: mx\.odd\.test took 40 messages .* and the others follow when it is taken\. The receiver takes fewer messages from our address .*Too many messages/);
  await world.run(3 * DAY + 12 * HOUR);
  assert.ok((world.lane()?.perDay ?? 0) >= 40);
  assert.match(world.lane()?.next ?? '', /the site takes about \d+ messages within a day, as it showed on .*, and its day begins at about \d\d:\d\d UTC/);
});

test('one domain has used its figure up: mail of others goes on', async () => {
  const taken = new Map<string, number>();
  const limited = new DayWorld({
    judge: (view) => {
      const key = `${midnightOf(view)}`;
      const count = taken.get(key) ?? 0;
      if (count >= 40) return { code: 450, enhanced: '4.7.1', text: 'Too much mail from domain example.org today' };
      taken.set(key, count + 1);
      return undefined;
    },
  });
  limited.send(9 * HOUR, 60);
  await limited.run(14 * HOUR);
  assert.equal(limited.lane()?.state, 'steady', 'the address is not blamed');
  assert.ok(limited.count('refused', 0, 14 * HOUR) <= 17, String(limited.count('refused', 0, 14 * HOUR)));
});

test('a site that raises its figure is followed without many refusals', async () => {
  const world = new DayWorld({ judge: (view) => (view.takenSince(midnightOf(view)) >= (view.now < START + 3 * DAY ? 40 : 200) ? UNHEARD : undefined) });
  for (let day = 0; day < 9; day += 1) world.send(day * DAY + 9 * HOUR, day < 3 ? 50 : 70, 'bulk');
  await world.run(10 * DAY);
  assert.equal(world.waiting, 0);
  assert.ok(world.count('refused', 3 * DAY, 10 * DAY) <= 6, `${world.count('refused', 3 * DAY, 10 * DAY)} refusals afterwards`);
});

test('an outage of some hours after a busy morning is over some hours after it ended', async () => {
  const world = new DayWorld({ judge: ({ now }) => (now > START + 10 * HOUR && now < START + 14 * HOUR ? BUSY : undefined) });
  for (let hour = 0; hour < 24; hour += 1) world.send(hour * HOUR, 16);
  await world.run(25 * HOUR);
  assert.equal(world.waiting, 0);
  assert.ok(world.count('refused', 0, DAY) < 40, String(world.count('refused', 0, DAY)));
  assert.ok(world.count('taken', 0, 16 * HOUR) >= 15 * 16, 'two hours after the end most is there');
});

const RECEIVERS: readonly (readonly [mx: string, reply: SiteReply])[] = [
  ['gmail-smtp-in.l.google.com', { code: 421, enhanced: '4.7.28', text: 'Gmail has detected an unusual rate of unsolicited mail originating from your IP address [192.0.2.1]. - gsmtp' }],
  ['outlook-com.olc.protection.outlook.com', { code: 451, enhanced: '4.7.650', text: 'The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. (S775)' }],
  ['mta5.am0.yahoodns.net', { code: 421, enhanced: '4.7.0', text: '[TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints' }],
];

function newcomer(mx: string, judge: DaySetup['judge'], days: number): DayWorld {
  const profile = findSiteProfile([mx]);
  assert.ok(profile);
  const world = new DayWorld({ site: { key: profile.key, title: profile.title, profile }, ips: [{ address: '192.0.2.1' }], judge });
  for (let day = 0; day < days; day += 1) {
    world.send(day * DAY + 9 * HOUR, Math.min(400, Math.round(80 * 1.5 ** day)), 'bulk');
    world.send(day * DAY + 15 * HOUR, 5);
  }
  return world;
}

test('warm-up at a receiver that takes sixty a day: no promotion beyond, few refusals, and it goes on when it takes more', async () => {
  for (const [mx, reply] of RECEIVERS) {
    const world = newcomer(mx, (view) => (view.takenSince(midnightOf(view)) >= (view.now < START + 6 * DAY ? 60 : 5000) ? reply : undefined), 10);
    await world.run(6 * DAY - HOUR);
    assert.ok((world.lane()?.limitToday ?? 0) <= 200, `${mx}: ${world.lane()?.limitToday}`);
    assert.ok(world.count('refused', 0, 6 * DAY) < 40, `${mx}: ${world.count('refused', 0, 6 * DAY)} refusals`);
    assert.notEqual(world.lane()?.state, 'steady', `${mx}: not known while it is held back`);
    await world.run(11 * DAY);
    assert.ok(world.count('taken', 10 * DAY, 11 * DAY) > 66, `${mx}: ${world.count('taken', 10 * DAY, 11 * DAY)} on the last day`);
  }
});

test('two bad days in a warm-up set it back, and it goes on after them', async () => {
  for (const [mx, reply] of RECEIVERS) {
    let asked = 0;
    const world = newcomer(mx, ({ now }) => (now >= START + 3 * DAY && now < START + 5 * DAY && (asked += 1) % 3 === 0 ? reply : undefined), 11);
    await world.run(3 * DAY + 60_000);
    const before = world.lane()?.limitToday ?? 0;
    await world.run(5 * DAY + 60_000);
    assert.ok((world.lane()?.limitToday ?? 0) < before, `${mx}: ${world.lane()?.limitToday} after ${before}`);
    assert.ok(world.count('refused', 0, 10 * DAY) < 40, `${mx}: ${world.count('refused', 0, 10 * DAY)} refusals`);
    await world.run(11 * DAY);
    assert.ok((world.lane()?.limitToday ?? 0) > before, `${mx}: ${world.lane()?.limitToday} in the end, ${before} before`);
  }
});

test('the figure of one address is used up: the other one of the pool goes on, and a standby has a figure of its own', async () => {
  for (const standby of [false, true]) {
    const world = new DayWorld({ ips: [{ address: '192.0.2.1', warm: true }, { address: '192.0.2.2', warm: true, standby }], judge: perDay(40, TOO_MANY) });
    for (let day = 0; day < 3; day += 1) world.send(day * DAY + 9 * HOUR, 70);
    await world.run(4 * DAY);
    assert.equal(world.waiting, 0, `standby ${standby}`);
    assert.ok(world.count('refused', 0, 4 * DAY) < 30, `standby ${standby}: ${world.count('refused', 0, 4 * DAY)} refusals`);
  }
});

test('the same wishes give the same days', async () => {
  const runs = [await sixty(perDay(40, BUSY)), await sixty(perDay(40, BUSY))];
  assert.deepEqual(runs[0]?.attempts, runs[1]?.attempts);
});
