/** Sites that count by windows of all kinds, over ten days of mailings and letters: few refusals, nothing late, nothing lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, DayWorld, HOUR, START, type DayView, type SiteReply } from '../harness/day-world.ts';

const DAYS = 10;
const VAGUE: SiteReply = { code: 451, enhanced: '4.7.1', text: 'Please try again later' };
const TOO_MANY: SiteReply = { code: 421, enhanced: '4.7.0', text: 'Too many messages from your IP address, limit exceeded' };
const BLOCKED: SiteReply = { code: 550, enhanced: '5.7.1', text: 'Your IP address is blocked temporarily because of excessive mail' };

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

test('a site without a limit is back at full pace soon after a hiccup', async () => {
  const world = new DayWorld({ judge: ({ now }) => (now >= START + 10 * HOUR && now < START + 10.5 * HOUR ? VAGUE : undefined) });
  for (let hour = 8; hour < 20; hour += 1) world.send(hour * HOUR, 200, 'bulk');
  await world.run(13 * HOUR - 60_000);
  assert.equal(world.waiting, 0);
  await world.run(21 * HOUR);
  assert.equal(world.count('taken', 0, 21 * HOUR), 2400);
  assert.ok(world.count('refused', 0, 21 * HOUR) < 40);
});
