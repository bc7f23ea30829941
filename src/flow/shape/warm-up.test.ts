import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attempt, DAY, HOUR, MINUTE, request, shapeKit, siteFor, TAKEN, type Answer, type ShapeKit } from '../../../test/harness/shape-kit.ts';
import type { LaneView } from '../../contract/shaping-control.ts';
import { afterDay, dayLimit, setBack } from './warm-up.ts';
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
    days.push(sendAll(kit, { ...TAKEN, reused: true }, 100_000, { stream: 'bulk' }));
    nextMorning(kit);
  }
  assert.deepEqual(days, [80, 160, 320, 560]);
  assert.equal(laneOf(kit).state, 'warming');
  for (let day = 0; day < 12; day += 1) {
    sendAll(kit, { ...TAKEN, reused: true }, 100_000, { stream: 'bulk' });
    nextMorning(kit);
  }
  kit.shaper.preview(request(GOOGLE));
  assert.equal(laneOf(kit).state, 'steady');
});

test('the wait says why, and ends at midnight UTC; letters have a reserve and as many again', () => {
  const kit = shapeKit(NEW);
  assert.equal(sendAll(kit, { ...TAKEN, reused: true }, 1000, { stream: 'bulk' }), 80);
  assert.equal(sendAll(kit), 120);
  const wait = kit.shaper.admit(request(GOOGLE));
  assert.ok(wait.kind === 'wait' && wait.rule === 'warm-up-day');
  assert.equal(wait.until, Date.UTC(2026, 10, 21));
  assert.match(wait.reason, /198\.51\.100\.1 is new to Gmail.*100 messages of today.*2026-11-21 00:00 UTC/);
});

const TOO_FAST: Answer = { code: 421, enhanced: '4.7.28', text: 'unusual rate of unsolicited mail originating from your IP address', mx: 'gmail-smtp-in.l.google.com' };
const BULK = { stream: 'bulk' } as const;

test('a bad day is repeated; one complaint costs no step, a second one within a day does', () => {
  const kit = shapeKit(NEW);
  sendAll(kit, { ...TAKEN, reused: true }, 1000, BULK);
  nextMorning(kit);
  assert.equal(sendAll(kit, { ...TAKEN, reused: true }, 1000, BULK), 160);
  nextMorning(kit);
  // 20% put off: not enough to rest, too much to get more.
  for (let step = 0; step < 400; step += 1) {
    if (attempt(kit, request(GOOGLE, BULK), step % 5 === 4 ? BUSY : { ...TAKEN, reused: true }) === 'warm-up-day') break;
    kit.clock.advance(2 * MINUTE);
  }
  nextMorning(kit);
  assert.equal(laneOf(kit).limitToday, 400, 'repeated');
  attempt(kit, request(GOOGLE), TOO_FAST);
  assert.equal(laneOf(kit).limitToday, 400, 'one complaint');
  kit.clock.advance(HOUR);
  attempt(kit, request(GOOGLE), TOO_FAST);
  assert.equal(laneOf(kit).limitToday, 200, 'stepped back');
  kit.clock.advance(HOUR);
  attempt(kit, request(GOOGLE), TOO_FAST);
  assert.equal(laneOf(kit).limitToday, 200, 'once a day');
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
  while (attempt(kit, request(GOOGLE, BULK), { ...TAKEN, reused: true }) === 'sent') atOnce += 1;
  assert.equal(atOnce, 5);
  const wait = kit.shaper.admit(request(GOOGLE, BULK));
  assert.ok(wait.kind === 'wait' && wait.rule === 'warm-up-pace');
  assert.ok((wait.until ?? 0) - kit.clock.now() < 4 * MINUTE);
});

test('letters need not wait behind a mailing that is spread over the day', () => {
  const kit = shapeKit(NEW);
  while (attempt(kit, request(GOOGLE, BULK), { ...TAKEN, reused: true }) === 'sent');
  for (let letter = 0; letter < 5; letter += 1) assert.equal(attempt(kit, request(GOOGLE), { ...TAKEN, reused: true }), 'sent');
});

test('a letter finds out whether a long rest is over: taken, it ends the rest; put off, it does not make it longer', () => {
  const kit = shapeKit(NEW);
  const YAHOO = siteFor('mta5.am0.yahoodns.net');
  const slower: Answer = { code: 421, enhanced: '4.7.0', text: '[TSS04] Messages from 198.51.100.1 temporarily deferred due to unexpected volume or user complaints', mx: 'mta5.am0.yahoodns.net' };
  const lane = (): LaneView => kit.shaper.control.lanes().find(({ key }) => key.site === 'yahoo') as LaneView;
  attempt(kit, request(YAHOO, BULK), slower);
  const until = lane().nextChangeAt;
  assert.equal(attempt(kit, request(YAHOO), TAKEN), 'lane-hot');
  kit.clock.advance(20 * MINUTE);
  assert.equal(attempt(kit, request(YAHOO, BULK), TAKEN), 'lane-hot', 'a mailing does not knock');
  assert.equal(attempt(kit, request(YAHOO), slower), 'sent');
  assert.equal(lane().nextChangeAt, until);
  assert.equal(attempt(kit, request(YAHOO), slower), 'lane-hot', 'not again at once');
  kit.clock.advance(20 * MINUTE);
  assert.equal(attempt(kit, request(YAHOO), TAKEN), 'sent');
  assert.equal(lane().state, 'cooling');
});

test('a figure that nobody uses does not grow; the address is known all the same', () => {
  const figures = [100, 200];
  let status = newStatus(0, true);
  for (let day = 0; day < 7; day += 1) {
    assert.notEqual(status.state, 'steady');
    status = afterDay(status, { sent: 3, deferred: 0, complaints: 0 }, figures, HOUR);
    status = afterDay(status, { sent: 0, deferred: 0, complaints: 0 }, figures, HOUR);
  }
  assert.equal(status.warmDay, 0);
  assert.equal(status.state, 'steady');
  assert.match(status.why, /up to 100 messages a day/);
});

test('figures grow beyond the table, as long as they are used', () => {
  let status = newStatus(0, true);
  for (let day = 0; day < 4; day += 1) status = afterDay(status, { sent: dayLimit(status, [100, 200]) ?? 0, deferred: 0, complaints: 0 }, [100, 200], HOUR);
  assert.equal(dayLimit(status, [100, 200]), 675);
  assert.equal(status.state, 'steady');
});

test('a figure that fails again and again is tried more and more seldom', () => {
  const figures = [100, 200, 400];
  let status = { ...newStatus(0, true), warmDay: 1 };
  const waits: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const now = (10 + round * 20) * DAY;
    status = setBack(status, now, true);
    let good = 0;
    for (; status.warmDay < 1; good += 1) status = afterDay(status, { sent: 90, deferred: 0, complaints: 0 }, figures, now);
    waits.push(good);
  }
  assert.deepEqual(waits, [2, 3, 5]);
});

test('a block that lasts for days costs one step of the warm-up, not one for each probe', () => {
  const kit = shapeKit(NEW);
  for (let day = 0; day < 3; day += 1) {
    sendAll(kit, { ...TAKEN, reused: true }, 1000, BULK);
    nextMorning(kit);
  }
  kit.shaper.preview(request(GOOGLE));
  assert.equal(laneOf(kit).limitToday, 700);
  const refused: Answer = { code: 550, enhanced: '5.7.1', text: 'Your IP is on a block list' };
  for (let probe = 0; probe < 4; probe += 1) {
    attempt(kit, request(GOOGLE), refused);
    assert.equal(laneOf(kit).state, 'blocked');
    kit.clock.advance(25 * HOUR);
  }
  assert.equal(laneOf(kit).limitToday, 400);
});
