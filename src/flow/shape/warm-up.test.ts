import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attempt, DAY, HOUR, MINUTE, request, shapeKit, siteFor, TAKEN, type Answer, type ShapeKit } from '../../../test/harness/shape-kit.ts';
import type { LaneView } from '../../contract/shaping-control.ts';
import { afterDay } from './warm-up.ts';
import { newStatus } from './lane-status.ts';

const GOOGLE = siteFor('gmail-smtp-in.l.google.com');
const SMALL = siteFor('mx.small.test');
const NEW = { ips: [{ address: '198.51.100.1' }] };
const BUSY: Answer = { code: 451, enhanced: '4.3.2', text: 'temporary system problem', mx: 'gmail-smtp-in.l.google.com' };

/** As much as may go until the day's figure is reached, minute by minute. */
function sendAll(kit: ShapeKit, answer: Answer = { ...TAKEN, reused: true }, most = 100_000, more: Parameters<typeof request>[1] = {}): number {
  let sent = 0;
  for (;;) {
    const said = sent < most ? attempt(kit, request(GOOGLE, more), answer) : 'enough';
    if (said === 'sent') sent += 1;
    else if (said === 'warm-up-pace') kit.clock.advance(MINUTE);
    else return sent;
  }
}

/** To the next morning, 8:00 UTC. */
function nextMorning(kit: ShapeKit): void {
  kit.clock.advance(DAY - (kit.clock.now() % DAY) + 8 * HOUR);
}

const laneOf = (kit: ShapeKit): LaneView => kit.shaper.control.lanes().find(({ key }) => key.site === 'google') as LaneView;

test('a new address sends the day\'s figure, and more every good day until it is known', () => {
  const kit = shapeKit(NEW);
  assert.equal(kit.shaper.preview(request(GOOGLE)).kind, 'go');
  assert.equal(laneOf(kit).state, 'cold');
  const days: number[] = [];
  for (let day = 0; day < 4; day += 1) {
    days.push(sendAll(kit));
    nextMorning(kit);
  }
  assert.deepEqual(days, [100, 200, 400, 700]);
  assert.equal(laneOf(kit).state, 'warming');
  for (let day = 0; day < 12; day += 1) {
    sendAll(kit);
    nextMorning(kit);
  }
  kit.shaper.preview(request(GOOGLE));
  assert.equal(laneOf(kit).state, 'steady');
});

test('the wait says why, and ends at midnight UTC; bulk leaves a reserve', () => {
  const kit = shapeKit(NEW);
  assert.equal(sendAll(kit, { ...TAKEN, reused: true }, 1000, { stream: 'bulk' }), 80);
  assert.equal(sendAll(kit), 20);
  const wait = kit.shaper.admit(request(GOOGLE));
  assert.ok(wait.kind === 'wait' && wait.rule === 'warm-up-day');
  assert.equal(wait.until, Date.UTC(2026, 10, 21));
  assert.match(wait.reason, /198\.51\.100\.1 is new to Gmail.*100 messages of today.*2026-11-21 00:00 UTC/);
});

test('a bad day is repeated, a complaint steps back', () => {
  const kit = shapeKit(NEW);
  sendAll(kit);
  nextMorning(kit);
  assert.equal(sendAll(kit), 200);
  nextMorning(kit);
  // 20% put off: not enough to rest, too much to get more.
  for (let step = 0; step < 400; step += 1) {
    if (attempt(kit, request(GOOGLE), step % 5 === 4 ? BUSY : { ...TAKEN, reused: true }) === 'warm-up-day') break;
    kit.clock.advance(2 * MINUTE);
  }
  nextMorning(kit);
  assert.equal(laneOf(kit).limitToday, 400, 'repeated');
  attempt(kit, request(GOOGLE), { code: 421, enhanced: '4.7.28', text: 'unusual rate of unsolicited mail originating from your IP address', mx: 'gmail-smtp-in.l.google.com' });
  assert.equal(laneOf(kit).limitToday, 200, 'stepped back');
});

test('no warm-up: known addresses, private ones, the system\'s choice, sites without figures, and when it is off', () => {
  const warm = [
    shapeKit({ ips: [{ address: '198.51.100.1', warm: true }] }),
    shapeKit({ ips: [{ address: '127.0.0.9' }] }),
    shapeKit(),
    shapeKit({ ...NEW, config: { shaping: { enabled: true, warmUp: false, lowVolume: 0 } } }),
  ];
  for (const kit of warm) assert.equal(sendAll(kit, { ...TAKEN, reused: true }, 500), 500);
  const kit = shapeKit(NEW);
  for (let sent = 0; sent < 500; sent += 1) assert.equal(attempt(kit, request(SMALL), { ...TAKEN, reused: true }), 'sent');
});

test('a day\'s figure is spread over the day; a few go at once', () => {
  const kit = shapeKit(NEW);
  let atOnce = 0;
  while (attempt(kit, request(GOOGLE), { ...TAKEN, reused: true }) === 'sent') atOnce += 1;
  assert.equal(atOnce, 5);
  const wait = kit.shaper.admit(request(GOOGLE));
  assert.ok(wait.kind === 'wait' && wait.rule === 'warm-up-pace');
  assert.ok((wait.until ?? 0) - kit.clock.now() < 4 * MINUTE);
});

test('little mail is promoted, too, only later; no mail is not', () => {
  const figures = [100, 200];
  let status = newStatus(0, true);
  const quiet = { sent: 3, deferred: 0, complaints: 0 };
  for (let day = 0; day < 2; day += 1) status = afterDay(status, quiet, figures, HOUR);
  assert.equal(status.warmDay, 0);
  status = afterDay(status, { sent: 0, deferred: 0, complaints: 0 }, figures, HOUR);
  assert.equal(status.warmDay, 0);
  status = afterDay(status, quiet, figures, HOUR);
  assert.equal(status.warmDay, 1);
});
