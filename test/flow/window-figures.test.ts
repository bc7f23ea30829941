/** Sites that count by windows of all kinds, over ten days of mailings and letters: few refusals, nothing late, nothing lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSiteProfile } from '../../src/mail/sites/find-site.ts';
import { DAY, DayWorld, HOUR, START, type DayView, type SiteReply } from '../harness/day-world.ts';

const DAYS = 10;
const VAGUE: SiteReply = { code: 451, enhanced: '4.7.1', text: 'Please try again later' };
const TOO_MANY: SiteReply = { code: 421, enhanced: '4.7.0', text: 'Too many messages from your IP address, limit exceeded' };
const BLOCKED: SiteReply = { code: 550, enhanced: '5.7.1', text: 'Your IP address is blocked temporarily because of excessive mail' };

const GMAIL_PROFILE = findSiteProfile(['gmail-smtp-in.l.google.com']);
assert.ok(GMAIL_PROFILE);
const GMAIL = { key: GMAIL_PROFILE.key, title: GMAIL_PROFILE.title, profile: GMAIL_PROFILE };

const sliding = (hours: number) => ({ now }: DayView): number => now - hours * HOUR;
const fixed = (hours: number, fromMs = 0) => ({ now }: DayView): number => Math.floor((now - fromMs) / (hours * HOUR)) * hours * HOUR + fromMs;

/** Name, beginning of the window, figure, reply, and how many refusals are too many in all and after five days. */
const RULES: readonly (readonly [name: string, start: (view: DayView) => number, limit: number, reply: SiteReply, all: number, later: number])[] = [
  ['any hour', sliding(1), 20, TOO_MANY, 50, 20],
  ['each hour, in vague words', fixed(1), 20, VAGUE, 80, 30],
  ['any four hours, in vague words', sliding(4), 60, VAGUE, 90, 20],
  ['each six hours', fixed(6), 60, TOO_MANY, 40, 15],
  ['each eight hours from one o\'clock', fixed(8, HOUR), 70, TOO_MANY, 50, 20],
  ['any twelve hours', sliding(12), 80, TOO_MANY, 40, 15],
  ['any hour, as a block', sliding(1), 20, BLOCKED, 60, 20],
  ['each day, as a block', fixed(24), 100, BLOCKED, 40, 15],
];

for (const [name, start, limit, reply, all, later] of RULES) {
  test(`a figure for ${name}`, async () => {
    const world = new DayWorld({ judge: (view) => (view.takenSince(start(view)) >= limit ? reply : undefined) });
    for (let day = 0; day < DAYS - 2; day += 1) {
      world.send(day * DAY + 9 * HOUR, 80, 'bulk');
      for (let hour = 0; hour < 24; hour += 3) world.send(day * DAY + hour * HOUR + 60_000, 1);
    }
    await world.run(DAYS * DAY);
    assert.equal(world.waiting, 0);
    assert.equal(world.count('taken', 0, DAYS * DAY), 88 * (DAYS - 2), 'nothing is lost');
    const refused = [world.count('refused', 0, DAYS * DAY), world.count('refused', 5 * DAY, DAYS * DAY)];
    assert.ok((refused[0] as number) <= all && (refused[1] as number) <= later, `${refused} refusals`);
  });
}

for (const reply of [TOO_MANY, VAGUE]) {
  test(`forty an hour and two hundred a day, "${reply.text}": each is learnt, and what fits is delivered`, async () => {
    const [anyHour, day] = [sliding(1), fixed(24)];
    const judge = (view: DayView): SiteReply | undefined => (view.takenSince(anyHour(view)) >= 40 || view.takenSince(day(view)) >= 200 ? reply : undefined);
    const within = new DayWorld({ judge });
    for (let at = 0; at < DAYS - 2; at += 1) {
      within.send(at * DAY + 9 * HOUR, 170, 'bulk');
      for (let hour = 0; hour < 24; hour += 3) within.send(at * DAY + hour * HOUR + 60_000, 1);
    }
    await within.run(DAYS * DAY);
    assert.equal(within.waiting, 0);
    assert.equal(within.count('taken', 0, DAYS * DAY), 178 * (DAYS - 2), 'nothing is lost');
    assert.ok(within.count('refused', 5 * DAY, DAYS * DAY) <= 30, `${within.count('refused', 5 * DAY, DAYS * DAY)} refusals`);

    const beyond = new DayWorld({ judge });
    for (let at = 0; at < DAYS; at += 1) beyond.send(at * DAY + 9 * HOUR, 260, 'bulk');
    await beyond.run(DAYS * DAY);
    for (let at = 3; at < DAYS; at += 1) assert.ok(beyond.count('taken', at * DAY, (at + 1) * DAY) >= 180, `${beyond.count('taken', at * DAY, (at + 1) * DAY)} of 200 on day ${at}`);
    assert.match(beyond.lane()?.next ?? '', /takes about \d+ messages within a day,.*takes about \d+ messages within an hour,|within an hour,.*within a day,/);
  });
}

test('a limit that is lifted is found out within a day', async () => {
  for (const reply of [TOO_MANY, VAGUE]) {
    const day = fixed(24);
    const world = new DayWorld({ judge: (view) => (view.now < START + 5 * DAY && view.takenSince(day(view)) >= 80 ? reply : undefined) });
    for (let at = 0; at < 8; at += 1) world.send(at * DAY + 9 * HOUR, 110, 'bulk');
    await world.run(6.5 * DAY);
    assert.equal(world.waiting, 0, 'what had gathered is gone');
    await world.run(8 * DAY);
    assert.equal(world.count('taken', 0, 8 * DAY), 8 * 110, 'nothing is lost');
    assert.equal(world.count('refused', 5 * DAY, 8 * DAY), 0);
  }
});

test('warm-up at a provider that takes 120 a day and says so in vague words comes near them each day', async () => {
  const day = fixed(24);
  const world = new DayWorld({ site: GMAIL, ips: [{ address: '192.0.2.1' }], judge: (view) => (view.takenSince(day(view)) >= 120 ? VAGUE : undefined) });
  for (let at = 0; at < 12; at += 1) {
    world.send(at * DAY + 9 * HOUR, 150, 'bulk');
    for (let hour = 0; hour < 24; hour += 3) world.send(at * DAY + hour * HOUR + 60_000, 1);
  }
  await world.run(12 * DAY);
  for (let at = 3; at < 12; at += 1) assert.ok(world.count('taken', at * DAY, (at + 1) * DAY) >= 108, `${world.count('taken', at * DAY, (at + 1) * DAY)} of 120 on day ${at}`);
  assert.ok(world.count('refused', 6 * DAY, 12 * DAY) <= 20, `${world.count('refused', 6 * DAY, 12 * DAY)} refusals`);
});

test('a site without a limit is back at full pace soon after a hiccup', async () => {
  const world = new DayWorld({ judge: ({ now }) => (now >= START + 10 * HOUR && now < START + 10.5 * HOUR ? VAGUE : undefined) });
  for (let hour = 8; hour < 20; hour += 1) world.send(hour * HOUR, 200, 'bulk');
  await world.run(13 * HOUR - 60_000);
  assert.equal(world.waiting, 0);
  await world.run(21 * HOUR);
  assert.equal(world.count('taken', 0, 21 * HOUR), 2400);
  assert.ok(world.count('refused', 0, 21 * HOUR) < 40);
});
