/** The queue with its real store: outcomes, retries, fairness, orders, restart. Time is an AdjustableClock. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { AdjustableClock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import type { LogEntry } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import type { DeliveryJob, DeliveryOutcome, FinalOutcome, MessageEvent, NewQueueItem, RoutePlan } from '../../src/contract/queue.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import type { Queue } from '../../src/flow/queue/queue.ts';
import { openStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const queueConfig = { lifetimeMs: 5 * DAY_MS, bounceLifetimeMs: 5 * DAY_MS, retryMinMs: 5 * MINUTE_MS, retryMaxMs: 240 * MINUTE_MS };

type Deliver = (job: DeliveryJob, signal: AbortSignal) => Promise<readonly DeliveryOutcome[]>;

interface Bench {
  readonly store: Store;
  readonly clock: AdjustableClock;
  readonly finals: FinalOutcome[];
  readonly logged: LogEntry[];
  queue: Queue;
  /** Resolves when `holds` is true after some log entry; fails after half a minute. */
  until(what: string, holds: () => boolean): Promise<void>;
  restart(deliver: Deliver): Promise<void>;
  submit(recipients: readonly string[], change?: Partial<NewQueueItem['message']>): Promise<string>;
}

function route(address: string): RoutePlan {
  const domain = address.slice(address.indexOf('@') + 1);
  if (domain === 'nowhere.example') return { kind: 'undeliverable', key: 'undeliverable', reply: { code: 550, enhanced: '5.1.2', text: 'no such domain' } };
  return { kind: 'mx', key: domain, domain };
}

async function openBench(t: TestContext, deliver: Deliver): Promise<Bench> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-queue-'));
  const clock = new AdjustableClock();
  const finals: FinalOutcome[] = [];
  const logged: LogEntry[] = [];
  const watchers = new Set<() => void>();
  const log = new Log((entry) => {
    logged.push(entry);
    for (const watcher of watchers) watcher();
  });
  const store = await openStore(dir, { clock });
  const start = async (deliverNow: Deliver): Promise<Queue> => {
    const deliverer = { deliver: deliverNow };
    const queue = createQueue({
      store: store.queue, router: { route: async (_message, recipient) => route(recipient.address) }, clock, log,
      deliverers: { local: deliverer, remote: deliverer },
      feedback: { followUps: async (_message, _content, ended) => (finals.push(...ended), []) },
      config: { queue: queueConfig }, random: () => 0,
    });
    await queue.start();
    return queue;
  };
  const bench: Bench = {
    store, clock, finals, logged, queue: await start(deliver),
    until: (what, holds) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), 30_000);
        const look = (): void => {
          if (!holds()) return;
          clearTimeout(timer);
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    restart: async (deliverNow) => {
      await bench.queue.stop(0);
      bench.queue = await start(deliverNow);
    },
    submit: async (recipients, change = {}) => {
      const item = newItem(clock.now(), recipients, change);
      await bench.queue.enqueue(item);
      return item.message.id;
    },
  };
  t.after(async () => {
    await bench.queue.stop(0);
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return bench;
}

function newItem(now: number, recipients: readonly string[], change: Partial<NewQueueItem['message']>): NewQueueItem {
  const id = createQueueId(now);
  const content = Buffer.from(`Subject: ${id}\r\n\r\nhello\r\n`);
  return {
    message: {
      id, sender: 'alice@example.org', options: { body: '8bitmime', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
      senderBelieved: true, contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: now,
      queuedAt: now, expiresAt: now + queueConfig.lifetimeMs, ...change,
    },
    recipients: recipients.map((address, index) => ({ index, address, state: 'queued', attempts: 0, nextAttemptAt: now })),
    content: new BufferSource(content),
    events: [],
  };
}

function answer(job: DeliveryJob, code: number, text = 'as the test says'): readonly DeliveryOutcome[] {
  const status = code < 400 ? 'delivered' : code < 500 ? 'deferred' : 'failed';
  return job.recipients.map(({ index }) => ({
    recipient: index, status, scope: 'recipient', reply: { code, enhanced: `${Math.floor(code / 100)}.2.0`, text },
    attempt: { mx: 'mx.example.net', address: '127.0.0.21' },
  }));
}

const outcomes = (bench: Bench, status?: string): LogEntry[] =>
  bench.logged.filter((entry) => entry.event === 'delivery.outcome' && (status === undefined || entry.fields.status === status));

async function eventNames(bench: Bench, id: string): Promise<string[]> {
  return (await bench.store.timeline.events(id)).map((event: MessageEvent) => event.name);
}

test('delivers, tells nobody, and frees the content', async (t) => {
  const bench = await openBench(t, async (job) => answer(job, 250));
  const id = await bench.submit(['bob@example.net']);
  await bench.until('removal', () => bench.logged.some((entry) => entry.event === 'queue.removed'));
  assert.deepEqual(await eventNames(bench, id), ['recipient.delivered', 'message.done']);
  assert.equal(bench.finals.length, 0);
  const digest = (await bench.store.queue.read(id))?.message.contentDigest as string;
  assert.equal(await bench.store.call('bodies.references', digest), 0);
});

test('a deferral is stored with reason, reply and next try, and tried again when due', async (t) => {
  let code = 450;
  const bench = await openBench(t, async (job) => answer(job, code, 'mailbox busy'));
  const submittedAt = bench.clock.now();
  const id = await bench.submit(['bob@example.net']);
  await bench.until('deferral', () => outcomes(bench, 'deferred').length === 1);
  const recipient = (await bench.store.queue.read(id))?.recipients[0];
  assert.equal(recipient?.state, 'queued');
  assert.equal(recipient?.attempts, 1);
  assert.deepEqual(recipient?.lastReply, { code: 450, enhanced: '4.2.0', text: 'mailbox busy' });
  assert.match(recipient?.reason ?? '', /mx\.example\.net \[127\.0\.0\.21\] .*450 4\.2\.0 mailbox busy/);
  const triedAt = (recipient?.nextAttemptAt ?? 0) - 5 * MINUTE_MS;
  assert.ok(triedAt >= submittedAt && triedAt <= bench.clock.now(), `${triedAt}`);
  code = 250;
  bench.clock.advance(5 * MINUTE_MS);
  await bench.until('delivery', () => outcomes(bench, 'sent').length === 1);
});

test('a deferral at the end of its life has expired, with feedback', async (t) => {
  const bench = await openBench(t, async (job) => answer(job, 450));
  const id = await bench.submit(['bob@example.net']);
  for (let attempts = 1; bench.finals.length === 0; attempts++) {
    await bench.until(`attempt ${attempts}`, () => outcomes(bench).length === attempts);
    bench.clock.advance(240 * MINUTE_MS);
    assert.ok(attempts < 60);
  }
  assert.equal(bench.finals[0]?.state, 'expired');
  assert.equal((await bench.store.queue.read(id))?.recipients[0]?.state, 'expired');
});

test('an undeliverable route and a 5xx bounce; a deliverer that throws only defers', async (t) => {
  const bench = await openBench(t, async (job) => {
    if (job.route.key === 'broken.example') throw new Error('bug');
    return answer(job, 550);
  });
  const id = await bench.submit(['x@nowhere.example', 'y@example.net', 'z@broken.example']);
  await bench.until('three outcomes', () => outcomes(bench).length === 3);
  const recipients = (await bench.store.queue.read(id))?.recipients ?? [];
  assert.deepEqual(recipients.map((recipient) => recipient.state), ['bounced', 'bounced', 'queued']);
  assert.deepEqual([recipients[2]?.lastReply?.code, recipients[2]?.lastReply?.enhanced], [451, '4.3.0']);
  assert.deepEqual(bench.finals.map((final) => final.recipient.index).sort(), [0, 1]);
});

test('recipients with the same next hop go in one job, others apart', async (t) => {
  const jobs: string[][] = [];
  const bench = await openBench(t, async (job) => {
    jobs.push(job.recipients.map(({ address }) => address));
    return answer(job, 250);
  });
  await bench.submit(['a@one.example', 'b@two.example', 'c@one.example']);
  await bench.until('removal', () => bench.logged.some((entry) => entry.event === 'queue.removed'));
  assert.deepEqual(jobs.sort(), [['a@one.example', 'c@one.example'], ['b@two.example']]);
});

test('a destination that hangs takes its own share and delays nobody else', async (t) => {
  let hanging = 0;
  let most = 0;
  const release: (() => void)[] = [];
  const bench = await openBench(t, async (job) => {
    if (job.route.key !== 'slow.example') return answer(job, 250);
    most = Math.max(most, ++hanging);
    await new Promise<void>((resolve) => release.push(resolve));
    hanging -= 1;
    return answer(job, 250);
  });
  const slow = 300;
  await Promise.all(Array.from({ length: slow }, (_, at) => bench.submit([`u${at}@slow.example`])));
  await Promise.all(Array.from({ length: 50 }, (_, at) => bench.submit([`u${at}@quick.example`, `v${at}@slow.example`])));
  await bench.until('the quick ones', () => outcomes(bench).length === 50);
  assert.equal(most, 20);
  assert.equal(bench.queue.control.size.recipients >= slow, true);
  const drain = setInterval(() => release.splice(0).forEach((resolve) => resolve()), 1);
  t.after(() => clearInterval(drain));
  await bench.until('the slow ones', () => outcomes(bench).length === slow + 100);
  assert.equal(most, 20);
  await bench.queue.stop(60_000);
  assert.deepEqual(bench.queue.control.size, { recipients: 0, inFlight: 0 });
});

test('stop drains within its limit, leaves the rest queued, and a restart takes it up', async (t) => {
  let aborted = 0;
  const started: string[] = [];
  const bench = await openBench(t, (job, signal) => {
    started.push(job.message.id);
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => (aborted++, reject(signal.reason))));
  });
  const id = await bench.submit(['bob@example.net']);
  await bench.queue.stop(20);
  assert.equal(aborted, started.length);
  const later = await bench.submit(['carol@example.net']);
  bench.clock.advance(10 * MINUTE_MS);
  await bench.restart(async (job) => answer(job, 250));
  await bench.until('both', () => outcomes(bench, 'sent').length === 2);
  for (const one of [id, later]) assert.equal((await bench.store.queue.read(one))?.recipients[0]?.state, 'delivered');
});

test('a delivery past its deadline is told to stop, and its recipient is tried again', async (t) => {
  let reason: unknown;
  const beginning = Promise.withResolvers<void>();
  const bench = await openBench(t, (_job, signal) => {
    beginning.resolve();
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject((reason = signal.reason))));
  });
  const id = await bench.submit(['bob@example.net']);
  await beginning.promise;
  bench.clock.advance(61 * MINUTE_MS);
  await bench.until('deferral', () => outcomes(bench, 'deferred').length === 1);
  assert.match(String(reason), /took longer/);
  const recipient = (await bench.store.queue.read(id))?.recipients[0];
  assert.deepEqual([recipient?.state, recipient?.lastReply?.code], ['queued', 451]);
});

test('an order to hold keeps it, a release lets it go', async (t) => {
  const bench = await openBench(t, async (job) => answer(job, job.recipients[0]?.attempts === 0 ? 450 : 250));
  const id = await bench.submit(['bob@example.net']);
  await bench.until('deferral', () => outcomes(bench, 'deferred').length === 1);
  await bench.store.queue.order(id, [0], { state: 'held' }, []);
  await bench.queue.control.refresh([id]);
  bench.clock.advance(DAY_MS);
  await bench.submit(['other@example.net']);
  await bench.until('the other', () => outcomes(bench, 'deferred').length === 2);
  assert.equal((await bench.store.queue.read(id))?.recipients[0]?.state, 'held');
  await bench.store.queue.order(id, [0], { state: 'queued', nextAttemptAt: bench.clock.now() }, []);
  await bench.queue.control.refresh([id]);
  await bench.until('delivery', () => outcomes(bench, 'sent').length === 1);
});

test('a follow-up is committed with the failure and delivered itself', async (t) => {
  const bench = await openBench(t, async (job) => answer(job, job.message.sender === '' ? 250 : 550));
  await bench.queue.stop(0);
  const deliverer = { deliver: async (job: DeliveryJob) => answer(job, job.message.sender === '' ? 250 : 550) };
  const dsn = newItem(bench.clock.now(), ['alice@example.org'], { sender: '' });
  bench.queue = createQueue({
    store: bench.store.queue, router: { route: async (_message, recipient) => route(recipient.address) }, clock: bench.clock,
    log: new Log((entry) => bench.logged.push(entry)), deliverers: { local: deliverer, remote: deliverer }, config: { queue: queueConfig },
    feedback: {
      followUps: async (message) =>
        message.sender === '' ? [] : [{ enqueue: dsn, event: { at: bench.clock.now(), name: 'dsn.sent', data: { dsnId: dsn.message.id } } }],
    },
  });
  await bench.queue.start();
  const id = await bench.submit(['bob@example.net']);
  const done = async (which: string): Promise<boolean> => (await eventNames(bench, which)).includes('message.done');
  while (!(await done(dsn.message.id))) await new Promise(setImmediate);
  assert.deepEqual(await eventNames(bench, id), ['recipient.bounced', 'dsn.sent', 'message.done']);
});
