/** Which window a site counts by: told apart by what it takes and refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attempt, DAY, HOUR, MINUTE, request, shapeKit, siteFor, TAKEN, type Answer, type ShapeKit } from '../../../test/harness/shape-kit.ts';
import { NO_MEMORY } from './shaper.ts';
import { TakenMeter } from './taken-meter.ts';
import { believed, firstGuesses, guessFromStored, storedGuess, stillRefused, takenAgain } from './window-guess.ts';
import { afterRefusal, isClosed, type WindowQuota } from './window-quota.ts';
import type { WindowRule } from './window-rule.ts';
import { opensAt, startOf } from './windows.ts';

const NOW = Date.UTC(2026, 10, 20, 9, 5);
const SITE = siteFor('mx.large.test');
const SLOWER: Answer = { code: 421, enhanced: '4.7.0', text: 'Too many messages from your IP address due to its reputation', scope: 'session' };
const BULK = request(SITE, { stream: 'bulk' });
const WARM = [{ address: '192.0.2.1', warm: true }];

/** A site that takes so many in each clock hour; bulk mail all the time, a letter an hour. */
function offer(kit: ShapeKit, hours: number, perHour: number): { taken: number; refused: number; letters: number } {
  const result = { taken: 0, refused: 0, letters: 0 };
  let hour = 0;
  let count = 0;
  for (let minute = 0; minute < hours * 60; minute += 1, kit.clock.advance(MINUTE)) {
    const now = Math.floor(kit.clock.now() / HOUR);
    if (now !== hour) [hour, count] = [now, 0];
    for (let tries = 0; tries < 50; tries += 1) {
      const isLetter = minute % 60 === 59 && tries === 0;
      const sent = attempt(kit, isLetter ? request(SITE) : BULK, count < perHour ? { ...TAKEN, reused: true } : SLOWER) === 'sent';
      if (!sent && !isLetter) break;
      if (sent && count < perHour) result.taken += 1;
      else if (sent) result.refused += 1;
      if (sent && isLetter && count < perHour) result.letters += 1;
      if (sent) count += 1;
    }
  }
  return result;
}

test('a known address at a site that takes forty an hour is hardly put off, and letters find room', () => {
  const kit = shapeKit({ ips: WARM });
  offer(kit, 12, 40);
  const { taken, refused, letters } = offer(kit, 72, 40);
  assert.ok(refused * 100 < taken, `${refused} put off, ${taken} taken`);
  assert.ok(taken > 72 * 20, `${taken} taken`);
  assert.ok(letters > 50, `${letters} of 72 letters went at once`);
});

test('what a window bears is told in a sentence, and known after a restart', async () => {
  const kit = shapeKit({ ips: WARM });
  offer(kit, 24, 40);
  const view = kit.shaper.control.lanes()[0];
  assert.match(view?.next ?? '', /takes about \d+ messages within an hour, as it showed on .*, and (?:it counts anew from \d\d:00 UTC on|each counts for an hour)/);
  await kit.shaper.close();
  const lanes = kit.saved.flatMap((batch) => batch.lanes).filter(({ domain }) => domain === '').slice(-1);
  const again = shapeKit({ clock: kit.clock, ips: WARM, memory: { ...NO_MEMORY, lanes } });
  assert.deepEqual(again.shaper.control.lanes()[0]?.quota, view?.quota);
});

test('what was taken before a restart counts when nothing had been learnt yet', async () => {
  const kit = shapeKit({ ips: WARM });
  for (let sent = 0; sent < 30; sent += 1) attempt(kit, request(SITE), { ...TAKEN, reused: true });
  await kit.shaper.close();
  const lanes = kit.saved.flatMap((batch) => batch.lanes).filter(({ domain }) => domain === '');
  const again = shapeKit({ clock: kit.clock, ips: WARM, memory: { ...NO_MEMORY, lanes } });
  for (let step = 0; step < 40; step += 1, again.clock.advance(5 * MINUTE)) attempt(again, request(SITE, { queuedAt: step }), SLOWER);
  assert.equal(again.shaper.control.lanes()[0]?.quota?.messages, 30);
});

test('each probe tells windows apart', () => {
  const taken = new TakenMeter();
  taken.count(NOW, 40);
  const guesses = firstGuesses(NOW, NOW, taken);
  const afterFive = stillRefused(guesses, NOW + 5 * HOUR, taken);
  const left = (): readonly number[] => [...new Set(believed(takenAgain(afterFive, NOW + 6 * HOUR + 5 * MINUTE, taken)).map(({ lengthMs }) => lengthMs / HOUR))];
  assert.ok(believed(afterFive).every((guess) => opensAt(guess, NOW, taken, 40) > NOW + 4 * HOUR), 'those that had opened before are not believed');
  assert.ok(left().includes(6), 'the one that opens just then is');
  assert.ok(believed(takenAgain(afterFive, NOW + 6 * HOUR + 5 * MINUTE, taken)).every((guess) => guess.phaseMs !== undefined || guess.lengthMs === 6 * HOUR), 'and those that open later are not');
});

test('a day of its own begins at its phase, and one that slides opens bit by bit', () => {
  assert.equal(startOf({ lengthMs: DAY, phaseMs: 7 * HOUR }, NOW), Date.UTC(2026, 10, 20, 7));
  const taken = new TakenMeter([[NOW / MINUTE, 5], [NOW / MINUTE + 10, 3]]);
  assert.equal(opensAt({ lengthMs: HOUR }, NOW + 20 * MINUTE, taken, 8), NOW + 61 * MINUTE);
  assert.equal(opensAt({ lengthMs: HOUR, phaseMs: 0 }, NOW + 20 * MINUTE, taken, 8), Date.UTC(2026, 10, 20, 10));
});

test('the meter counts any window of a day, stays small, and forgets a clock that was ahead', () => {
  const meter = new TakenMeter();
  for (let minute = 0; minute < 40 * 60; minute += 1) meter.count(NOW + minute * MINUTE, 1);
  const now = NOW + 40 * HOUR - MINUTE;
  assert.ok(meter.counts(now).length <= 256);
  assert.ok(Math.abs(meter.total(now, DAY) - 24 * 60) <= 10);
  assert.equal(meter.total(now, 30 * MINUTE), 31, 'the minute in which it began counts whole');
  assert.equal(meter.total(NOW - HOUR, DAY), 0);
});

test('one message refused again and again, or several within a moment, close nothing', () => {
  const taken = new TakenMeter();
  taken.count(NOW, 40);
  const refusal = { admittedAt: NOW, domain: 'example.org', taken, named: false, block: false, atTrickle: false };
  let quota = afterRefusal(undefined, { ...refusal, now: NOW, queuedAt: 1 });
  for (let step = 1; step < 12; step += 1) quota = afterRefusal(quota, { ...refusal, now: NOW + step * 10 * MINUTE, queuedAt: 1 });
  assert.equal(isClosed(quota), false);
  let other = afterRefusal(undefined, { ...refusal, now: NOW, queuedAt: 1 });
  for (let step = 2; step < 12; step += 1) other = afterRefusal(other, { ...refusal, now: NOW + step, queuedAt: step });
  assert.equal(isClosed(other), false);
  assert.equal(isClosed(afterRefusal(other, { ...refusal, now: NOW + 30 * MINUTE, queuedAt: 20 })), true);
});

const HOURLY: WindowRule = { guesses: [{ lengthMs: HOUR, took: 40, figure: 40, hits: 3, misses: 0 }], since: NOW - DAY, grownAt: 0, growth: 0.25, fails: 0 };
const DAILY: WindowRule = { ...HOURLY, guesses: [{ lengthMs: DAY, phaseMs: 0, took: 200, figure: 200, hits: 3, misses: 0 }] };

/** Refused just now, so soon after it opened that one refusal is enough. */
function refused(quota: WindowQuota, taken: TakenMeter): WindowQuota {
  return afterRefusal({ ...quota, openedAt: NOW - MINUTE }, { now: NOW, admittedAt: NOW, queuedAt: 1, domain: 'example.org', taken, named: true, block: false, atTrickle: false }) as WindowQuota;
}

test('the rule that is used up explains a refusal, and the other one stays as it is', () => {
  const quota = { rules: [HOURLY, DAILY], openedAt: 0 };
  const atDays = refused(quota, new TakenMeter([[NOW / MINUTE - 300, 190], [NOW / MINUTE - 3, 10]]));
  assert.deepEqual(atDays.rules.map(({ guesses: [guess] }) => [guess?.lengthMs, guess?.hits]), [[DAY, 4], [HOUR, 3]]);
  assert.equal(atDays.rules[1], HOURLY);
  const atHours = refused(quota, new TakenMeter([[NOW / MINUTE - 3, 40]]));
  assert.deepEqual(atHours.rules.map(({ guesses: [guess] }) => [guess?.lengthMs, guess?.hits]), [[HOUR, 4], [DAY, 3]]);
  assert.equal(atHours.rules[1], DAILY);
});

test('what no known rule explains is one more, also when a probe shows it', () => {
  const taken = new TakenMeter([[NOW / MINUTE - 300, 80], [NOW / MINUTE - 3, 20]]);
  const more = refused({ rules: [HOURLY], openedAt: 0 }, taken);
  assert.equal(more.rules.length, 2);
  assert.equal(more.rules[1], HOURLY);
  const full = new TakenMeter([[NOW / MINUTE - 300, 160], [NOW / MINUTE - 3, 40]]);
  const closed = refused({ rules: [HOURLY], openedAt: 0 }, full);
  assert.equal(closed.rules.length, 1, 'the hour explains it');
  const probed = afterRefusal(closed, { now: NOW + 2 * HOUR, admittedAt: NOW + 2 * HOUR, queuedAt: 2, domain: 'example.org', taken: full, named: true, block: false, atTrickle: false });
  assert.equal(probed?.rules.length, 2, 'not two hours later');
  assert.equal(probed?.rules[1]?.guesses[0]?.took, 40);
});

test('guesses are stored short and read again as they were', () => {
  for (const guess of [...HOURLY.guesses, ...DAILY.guesses]) assert.deepEqual(guessFromStored(storedGuess(guess)), guess);
});
