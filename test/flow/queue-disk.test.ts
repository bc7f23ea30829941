/** The queue when the store does not take what came of deliveries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { Failure } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { Deliverer, NewQueueItem } from '../../src/contract/queue.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import type { Queue } from '../../src/flow/queue/queue.ts';
import { MemoryQueueStore } from '../harness/memory-queue-store.ts';

const HOUR_MS = 3_600_000;
const config = { queue: { lifetimeMs: 48 * HOUR_MS, bounceLifetimeMs: 48 * HOUR_MS, retryMinMs: 300_000, retryMaxMs: HOUR_MS } };

class FailingStore extends MemoryQueueStore {
  /** Settlements of these are refused; all when true. */
  refuses: true | string | undefined;

  override async settle(...args: Parameters<MemoryQueueStore['settle']>): ReturnType<MemoryQueueStore['settle']> {
    if (this.refuses === true || this.refuses === args[0]) throw new Failure('store-failed', 'the store could not do this now');
    return super.settle(...args);
  }
}

interface Bench {
  readonly clock: VirtualClock;
  readonly store: FailingStore;
  readonly queue: Queue;
  /** Ids in the order in which they were delivered. */
  readonly delivered: string[];
  submit(): Promise<string>;
  pass(ms: number): Promise<void>;
}

async function open(): Promise<Bench> {
  const [clock, store, delivered] = [new VirtualClock(1.8e12), new FailingStore(), [] as string[]];
  const remote: Deliverer = {
    deliver: async ({ message, recipients }) => {
      delivered.push(message.id);
      return recipients.map(({ index }) => ({ recipient: index, status: 'delivered', scope: 'recipient', reply: { code: 250, text: 'ok' }, attempt: {} }));
    },
  };
  const queue = createQueue({
    store, clock, log: silentLog, config, random: () => 0, deliverers: { local: remote, remote },
    router: { route: async () => ({ kind: 'mx', key: 'example.net', domain: 'example.net' }) },
    feedback: { followUps: async () => [] },
  });
  await queue.start();
  const pass = (ms: number): Promise<void> => clock.runUntil(clock.now() + ms);
  const submit = async (): Promise<string> => {
    const item = newItem(clock.now());
    await queue.enqueue(item);
    await pass(10);
    return item.message.id;
  };
  return { clock, store, queue, delivered, submit, pass };
}

function newItem(now: number): NewQueueItem {
  const id = createQueueId(now);
  const message: NewQueueItem['message'] = {
    id, sender: 'alice@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA' },
    senderBelieved: true, contentDigest: id, sizeBytes: 1, startedAt: now, queuedAt: now, expiresAt: now + config.queue.lifetimeMs,
  };
  return { message, recipients: [{ index: 0, address: 'b@example.net', state: 'queued', attempts: 0, nextAttemptAt: now }], content: new BufferSource(Buffer.alloc(0)), events: [] };
}

test('while the disk takes no outcome hardly anything is delivered, and nothing twice; all goes on when it does', async () => {
  const { store, queue, delivered, submit, pass } = await open();
  store.refuses = true;
  const first = await submit();
  const second = await submit();
  assert.match(queue.control.explainWait?.(first, 0)?.reason ?? '', /was tried.*The disk of the data directory does not take/);
  await pass(60_000);
  assert.deepEqual(delivered, [first]);
  await pass(6 * HOUR_MS);
  assert.deepEqual(delivered, [first, second], 'one more was tried to see whether it is the disk; nothing came twice');
  assert.equal(store.rows.size, 2);
  store.refuses = undefined;
  await pass(60_000);
  assert.deepEqual(delivered, [first, second]);
  assert.equal(store.rows.size, 0);
});

test('one outcome that cannot be written down holds the others up for minutes, not for ever', async () => {
  const { store, delivered, submit, pass } = await open();
  store.refuses = true;
  const bad = await submit();
  store.refuses = bad;
  const good = await submit();
  assert.deepEqual(delivered, [bad]);
  await pass(10 * 60_000);
  assert.ok(delivered.includes(good));
  assert.ok(!store.rows.has(good));
});
