/** The brake on a real store, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { AdjustableClock } from '../../base/clock.ts';
import { BRAKE_LIMITS } from '../../base/limits.ts';
import { silentLog } from '../../base/log.ts';
import { openStore, type Store } from '../../store/store.ts';
import { createBrake, type Brake, type BrakeAlarm } from './brake.ts';

const ACCOUNT = 'alice@example.org';
const quota = { messagesPerHour: 100_000, recipientsPerHour: 100_000, recipientsPerDay: 100_000, brake: true };

interface Bench {
  readonly store: Store;
  readonly clock: AdjustableClock;
  readonly alarms: BrakeAlarm[];
  brake: Brake;
  /** As after a crash: what was not written is gone. */
  restart(): void;
  send(recipients: number, from?: number): ReturnType<Brake['judge']>;
}

async function openBench(t: TestContext): Promise<Bench> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-brake-'));
  const clock = new AdjustableClock();
  const store = await openStore(dir, { clock });
  const alarms: BrakeAlarm[] = [];
  const create = (): Brake => createBrake({ store: store.usage, config: { quota }, clock, log: silentLog, onBraked: async (alarm) => void alarms.push(alarm) });
  const bench: Bench = {
    store,
    clock,
    alarms,
    brake: create(),
    restart: () => (bench.brake = create()),
    send: (recipients, from = 0) =>
      bench.brake.judge({ account: 'Alice@Example.org', clientAddress: '192.0.2.1', recipients: Array.from({ length: recipients }, (_, at) => `someone${from + at}@example.net`) }),
  };
  t.after(async () => {
    await bench.brake.close();
    await store.close();
    rmSync(dir, { recursive: true });
  });
  return bench;
}

test('what is counted survives a restart', async (t) => {
  const bench = await openBench(t);
  assert.equal((await bench.send(BRAKE_LIMITS.strangersPerHourMin)).kind, 'pass');
  await bench.brake.flush();
  bench.restart();
  assert.equal((await bench.send(BRAKE_LIMITS.strangersPerHourMin)).kind, 'pass', 'the same ones');
  assert.equal((await bench.send(1, 10_000)).kind, 'hold');
  assert.deepEqual(bench.alarms.map(({ account, rule }) => [account, rule]), [[ACCOUNT, 'many-strangers']]);
});

test('a braked account stays braked until it is released, and is refused when too much is held', async (t) => {
  const bench = await openBench(t);
  await bench.send(BRAKE_LIMITS.strangersPerHourMin + 1);
  bench.restart();
  for (let sent = 0; sent < BRAKE_LIMITS.heldMessagesMax; sent += 1) assert.equal((await bench.send(1)).kind, 'hold');
  const last = await bench.send(1);
  assert.ok(last.kind === 'refuse');
  assert.deepEqual([last.reply.code, last.reply.enhanced], [450, '4.7.1']);
  const [row] = await bench.store.usage.brakes(10);
  assert.ok(row);
  await bench.store.usage.setBrake({ ...row, state: 'released', releasedAt: bench.clock.now() });
  await bench.brake.reload(ACCOUNT);
  assert.equal((await bench.send(500, 1000)).kind, 'pass');
  assert.equal(bench.alarms.length, 1);
});

test('two messages at once pull the brake once', async (t) => {
  const bench = await openBench(t);
  const verdicts = await Promise.all([bench.send(300), bench.send(300, 300), bench.send(1, 900)]);
  assert.deepEqual(verdicts.map(({ kind }) => kind), ['hold', 'hold', 'hold']);
  assert.equal(bench.alarms.length, 1);
});

test('an account without brake only has its quota', async (t) => {
  const bench = await openBench(t);
  await bench.store.usage.setQuota({ account: ACCOUNT, messagesPerHour: 2, recipientsPerHour: null, recipientsPerDay: null, brake: 'off' });
  assert.equal((await bench.send(5000)).kind, 'pass');
  assert.equal((await bench.send(1)).kind, 'pass');
  assert.equal((await bench.send(1)).kind, 'refuse');
});

test('after an attack its hours are no measure of what is usual', async (t) => {
  const bench = await openBench(t);
  await bench.send(5000);
  await bench.brake.flush();
  await bench.store.usage.forgetBrake(ACCOUNT, Math.floor(bench.clock.now() / 3_600_000));
  await bench.brake.reload(ACCOUNT);
  bench.clock.advance(3_600_000);
  // Of so many a few are taken for known ones (known-recipients.ts).
  assert.equal((await bench.send(BRAKE_LIMITS.strangersPerHourMin * 2, 100_000)).kind, 'hold');
});

test('old hours are removed', async (t) => {
  const bench = await openBench(t);
  await bench.send(1);
  await bench.brake.flush();
  const later = bench.clock.now() + 40 * 86_400_000;
  assert.equal(await bench.store.usage.prune({ hour: Math.floor(later / 3_600_000), at: later }, 100), 2);
});

test('what a script sends has the same limits, by itself: it stops neither its owner nor pulls the brake, and is held with the rest', async (t) => {
  const bench = await openBench(t);
  const sendByScript = (recipients: number): ReturnType<Brake['judge']> =>
    bench.brake.judge({ account: ACCOUNT, recipients: Array.from({ length: recipients }, (_, at) => `writer${at}@example.net`), automatic: true });
  const most = Math.min(quota.recipientsPerHour, quota.recipientsPerDay);
  assert.equal((await sendByScript(most)).kind, 'pass');
  const more = await sendByScript(1);
  assert.ok(more.kind === 'refuse');
  assert.equal(more.reply.code, 450);
  assert.deepEqual(bench.alarms, []);
  assert.equal((await bench.send(1)).kind, 'pass');
  bench.clock.advance(24 * 3_600_000);
  assert.equal((await sendByScript(1)).kind, 'pass');
  assert.equal((await bench.send(BRAKE_LIMITS.strangersPerHourMin + 100)).kind, 'hold');
  assert.equal((await sendByScript(1)).kind, 'hold');
});
