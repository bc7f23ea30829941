/** A site that takes so many an hour and no more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attempt, HOUR, MINUTE, request, shapeKit, siteFor, TAKEN, type Answer, type ShapeKit } from '../../../test/harness/shape-kit.ts';
import { afterComplaint, grownQuota, growsAt } from './hour-quota.ts';
import { heated, newStatus } from './lane-status.ts';
import { recoveryFor } from './recovery.ts';
import { NO_MEMORY } from './shaper.ts';
import { hourMeter } from './taken-meter.ts';

const NOW = Date.UTC(2026, 10, 20, 8);
const SITE = siteFor('mx.large.test');
const SLOWER: Answer = { code: 421, enhanced: '4.7.0', text: 'Too many messages from your IP address due to its reputation', scope: 'session' };
const BULK = request(SITE, { stream: 'bulk' });

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
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  offer(kit, 12, 40);
  const { taken, refused, letters } = offer(kit, 72, 40);
  assert.ok(refused * 100 < taken, `${refused} put off, ${taken} taken`);
  assert.ok(taken > 72 * 20, `${taken} taken`);
  assert.ok(letters > 60, `${letters} of 72 letters went at once`);
});

test('what an hour bears is told in a sentence, and known after a restart', async () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  offer(kit, 12, 40);
  const view = kit.shaper.control.lanes()[0];
  assert.match(view?.next ?? '', /about \d+ messages an hour went through before the site complained .* now at most \d+ an hour go, more from/);
  await kit.shaper.close();
  const lanes = kit.saved.flatMap((batch) => batch.lanes).filter(({ domain }) => domain === '').slice(-1);
  const again = shapeKit({ clock: kit.clock, ips: [{ address: '192.0.2.1', warm: true }], memory: { ...NO_MEMORY, lanes } });
  assert.equal(again.shaper.control.lanes()[0]?.perHour, view?.perHour);
});

test('a complaint in the busiest minute is about the minute, one at a trickle afterwards is about the hour', () => {
  const first = afterComplaint(undefined, { now: NOW, took: 40, rate: 40, busiestMinute: 40, knee: 0 });
  assert.equal(first?.perHour, 0);
  const second = afterComplaint(first, { now: NOW + 5 * MINUTE, took: 40, rate: 1, busiestMinute: 40, knee: 0 });
  assert.deepEqual([second?.took, second?.perHour], [40, 36]);
  assert.equal(afterComplaint(undefined, { now: NOW, took: 3, rate: 1, busiestMinute: 3, knee: 0 }), undefined);
});

test('the figure grows only after hours of patience and when it is used, and is forgotten in the end', () => {
  const quota = { took: 40, perHour: 36, since: NOW, grownAt: NOW, times: 1 };
  assert.equal(grownQuota(quota, NOW + 5 * HOUR, 36), quota);
  assert.equal(grownQuota(quota, growsAt(quota), 36)?.perHour, 39);
  assert.equal(grownQuota(quota, growsAt(quota), 2)?.perHour, 36);
  assert.ok(growsAt({ ...quota, times: 2 }) > growsAt(quota));
  assert.equal(grownQuota(quota, NOW + 8 * 24 * HOUR, 0), undefined);
});

test('the meter tells when there is room, and forgets a clock that was ahead', () => {
  const meter = hourMeter();
  meter.count(NOW, 5);
  meter.count(NOW + 10 * MINUTE, 3);
  assert.deepEqual([meter.total(NOW + 10 * MINUTE), meter.roomAt(NOW + 10 * MINUTE, 8)], [8, NOW + 61 * MINUTE]);
  assert.equal(meter.total(NOW - HOUR), 0);
});

test('a reply that names three minutes is believed where the provider documents nothing', () => {
  const complaint = { now: NOW, admittedAt: NOW, why: '', rule: 'any.rate', retryAfterMs: 3 * MINUTE, rate: 10 };
  assert.equal(heated(newStatus(NOW - HOUR, false), { ...complaint, recovery: recoveryFor('any.rate', 3 * MINUTE) }).until, NOW + 3 * MINUTE);
  assert.ok(recoveryFor('google.rate', MINUTE).restMs > MINUTE);
});
