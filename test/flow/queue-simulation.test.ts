/**
 * The queue's state machine under a seeded storm: submissions, outcomes of every kind, deliverers that throw or leave
 * recipients out, commits that fail, administrators' orders, restarts, days that pass. Checked all along: no recipient in
 * two deliveries at once, no destination over its share. Checked at the end: every recipient has met exactly one fate,
 * each failure was fed back, and nothing is left in the store's bodies.
 *
 * Repeat a failing run with SEED=….
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { AdjustableClock } from '../../src/base/clock.ts';
import { Failure } from '../../src/base/errors.ts';
import { QUEUE_LIMITS } from '../../src/base/limits.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import { RETURN_ORDERED_AT } from '../../src/contract/queue.ts';
import type { DeliveryJob, DeliveryOutcome, NewQueueItem, QueueStore } from '../../src/contract/queue.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import type { Queue } from '../../src/flow/queue/queue.ts';
import { openStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { generator } from './seeded.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1e6);
const STEPS = Number(process.env.STEPS ?? 400);
const HOUR_MS = 3_600_000;
/** Real time. */
const PATIENCE_MS = 60_000;
/** Two steps of the clock stay within the deadline of a delivery, so that none is given up while it runs. */
const LONGEST_STEP_MS = HOUR_MS / 40;
const queueConfig = { lifetimeMs: 120 * HOUR_MS, bounceLifetimeMs: 120 * HOUR_MS, retryMinMs: 300_000, retryMaxMs: 4 * HOUR_MS };
const DOMAINS = ['one.example', 'two.example', 'busy.example', 'busy.example', 'busy.example'];

class Storm {
  readonly random = generator(SEED);
  readonly clock = new AdjustableClock();
  readonly store: Store;
  readonly ids: string[] = [];
  readonly inDelivery = new Set<string>();
  readonly deliveredTimes = new Map<string, number>();
  readonly fedBack = new Set<string>();
  readonly faults: string[] = [];
  readonly perKey = new Map<string, number>();
  /** False in the end phase: everything succeeds. */
  raging = true;
  restarts = 0;
  queue!: Queue;

  constructor(store: Store) {
    this.store = store;
  }

  chance(share: number): boolean {
    return this.raging && this.random() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T;
  }

  async start(): Promise<void> {
    const { queue } = this.store;
    const store: QueueStore = {
      insert: (item) => queue.insert(item),
      read: (id) => queue.read(id),
      readMany: (ids) => queue.readMany(ids),
      aged: (...args) => queue.aged(...args),
      content: (digest) => (this.chance(0.02) ? Promise.reject(new Failure('store-failed', 'as the storm wants')) : queue.content(digest)),
      settle: (...args) => (this.chance(0.1) ? Promise.reject(new Failure('store-full', 'as the storm wants')) : queue.settle(...args)),
      dueRows: () => queue.dueRows(),
    };
    const deliverer = { deliver: (job: DeliveryJob, signal: AbortSignal) => this.deliver(job, signal) };
    this.queue = createQueue({
      store, clock: this.clock, log: silentLog, config: { queue: queueConfig }, random: this.random, deliverers: { local: deliverer, remote: deliverer },
      router: {
        route: async (_message, { address }) => {
          if (this.chance(0.02)) throw new Error('as the storm wants');
          const domain = address.slice(address.indexOf('@') + 1);
          return { kind: 'mx', key: domain, domain };
        },
      },
      feedback: {
        followUps: async (message, _content, finals) => {
          if (this.chance(0.05)) throw new Error('as the storm wants');
          for (const { recipient } of finals) this.fedBack.add(`${message.id} ${recipient.index}`);
          return [];
        },
      },
    });
    await this.queue.start();
  }

  async deliver(job: DeliveryJob, signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
    const keys = job.recipients.map(({ index }) => `${job.message.id} ${index}`);
    this.enter(job.route.key, keys);
    try {
      const turns = this.raging ? Math.floor(this.random() * 20) : 0;
      for (let turn = 0; turn < turns && !signal.aborted; turn++) await new Promise(setImmediate);
      if (signal.aborted || this.chance(0.03)) throw new Error('as the storm wants');
      const outcomes = job.recipients.map(({ index }) => this.outcome(job.message.id, index));
      return this.chance(0.03) ? outcomes.slice(1) : outcomes;
    } finally {
      for (const key of keys) this.inDelivery.delete(key);
      this.perKey.set(job.route.key, (this.perKey.get(job.route.key) ?? 0) - 1);
    }
  }

  enter(destination: string, keys: readonly string[]): void {
    for (const key of keys) {
      if (this.inDelivery.has(key)) this.faults.push(`${key} is in two deliveries at once`);
      this.inDelivery.add(key);
    }
    const count = (this.perKey.get(destination) ?? 0) + 1;
    this.perKey.set(destination, count);
    if (count > QUEUE_LIMITS.deliveriesPerDestinationMax) this.faults.push(`${count} deliveries at once to ${destination}`);
  }

  outcome(id: string, recipient: number): DeliveryOutcome {
    const common = { recipient, scope: 'recipient', attempt: {} } as const;
    if (this.chance(0.4)) return { ...common, status: 'deferred', reply: { code: 450, text: 'later' } };
    if (this.chance(0.1)) return { ...common, status: 'failed', reply: { code: 550, text: 'never' } };
    const key = `${id} ${recipient}`;
    this.deliveredTimes.set(key, (this.deliveredTimes.get(key) ?? 0) + 1);
    return { ...common, status: 'delivered', reply: { code: 250, text: 'ok' } };
  }

  async submit(): Promise<void> {
    const item = this.newItem();
    await this.queue.enqueue(item);
    this.ids.push(item.message.id);
  }

  newItem(): NewQueueItem {
    const now = this.clock.now();
    const id = createQueueId(now);
    const content = Buffer.from(this.random() < 0.3 ? 'shared' : id);
    return {
      message: {
        id, sender: 'alice@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
        senderBelieved: true, contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: now, queuedAt: now,
        expiresAt: now + queueConfig.lifetimeMs,
      },
      recipients: Array.from({ length: 1 + Math.floor(this.random() * 5) }, (_, index) => ({
        index, address: `u${index}@${this.pick(DOMAINS)}`, state: 'queued', attempts: 0, nextAttemptAt: now,
      })),
      content: new BufferSource(content),
      events: [],
    };
  }

  async order(): Promise<void> {
    const id = this.pick(this.ids.slice(-12));
    const item = await this.store.queue.read(id);
    const { index } = this.pick(item?.recipients ?? []);
    const now = this.clock.now();
    const orders = [
      { state: 'held' },
      { state: 'queued', nextAttemptAt: now },
      { state: 'deleted' },
      { state: 'queued', nextAttemptAt: RETURN_ORDERED_AT, lastReply: { code: 554, text: 'returned' } },
    ] as const;
    await this.store.queue.order(id, [index], this.pick(orders), []);
    await this.queue.control.refresh([id]);
  }

  async step(): Promise<void> {
    const what = this.random();
    if (this.ids.length === 0 || what < 0.5) await Promise.all(Array.from({ length: 1 + Math.floor(this.random() * 8) }, () => this.submit()));
    else if (what < 0.75) this.clock.advance(Math.floor(this.random() * LONGEST_STEP_MS));
    else if (what < 0.95) await this.order();
    else await this.restart();
    for (let turn = Math.floor(this.random() * 30); turn > 0; turn--) await new Promise(setImmediate);
  }

  async restart(): Promise<void> {
    this.restarts += 1;
    await this.queue.stop(0);
    await this.start();
  }

  async calm(): Promise<void> {
    this.raging = false;
    for (const id of this.ids) {
      const held = (await this.store.queue.read(id))?.recipients.filter(({ state }) => state === 'held').map(({ index }) => index) ?? [];
      if (held.length === 0) continue;
      await this.store.queue.order(id, held, { state: 'queued', nextAttemptAt: this.clock.now() }, []);
      await this.queue.control.refresh([id]);
    }
    for (const until = performance.now() + PATIENCE_MS; this.queue.control.size.recipients > 0 && performance.now() < until;) {
      // What is under way ends by itself; the store's thread may get little of a busy machine.
      if (this.queue.control.size.inFlight === 0) this.clock.advance(HOUR_MS / 4);
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    }
  }
}

test(`every recipient meets one fate, whatever happens (SEED=${SEED})`, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-storm-'));
  const store = await openStore(dir);
  const storm = new Storm(store);
  t.after(async () => {
    await storm.queue.stop(0);
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  await storm.start();
  for (let step = 0; step < STEPS; step++) await storm.step();
  await storm.calm();
  assert.deepEqual(storm.faults, []);
  assert.deepEqual(await store.queue.stats(), [], 'recipients wait for ever');
  const fates = new Map<string, number>();
  for (const id of storm.ids) {
    const item = await store.queue.read(id);
    const names = (await store.timeline.events(id)).map(({ name }) => name);
    assert.equal(names.filter((name) => name === 'message.done').length, 1, id);
    assert.equal(await store.call('bodies.references', item?.message.contentDigest ?? ''), 0, id);
    for (const { index, state } of item?.recipients ?? []) {
      fates.set(state, (fates.get(state) ?? 0) + 1);
      const key = `${id} ${index}`;
      if (state === 'delivered') assert.ok(storm.deliveredTimes.has(key), `${key} was never delivered`);
      if (state === 'bounced' || state === 'expired') assert.ok(storm.fedBack.has(key), `${key} failed and nobody was told`);
    }
  }
  for (const state of ['delivered', 'bounced']) assert.ok(fates.has(state), `the storm made nothing ${state}`);
  t.diagnostic(`${storm.ids.length} messages, ${storm.restarts} restarts, ${JSON.stringify(Object.fromEntries(fates))}`);
});
