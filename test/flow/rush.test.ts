/** The queue while mail comes in faster than the machine can take and deliver at once. Real store; how busy it is, the test says. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { BufferSource } from '../../src/base/byte-source.ts';
import { QUEUE_LIMITS } from '../../src/base/limits.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import { RUSH_LIMITS } from '../../src/base/rush-limits.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { DeliveryOutcome, NewQueueItem, QueueMessage, QueueRecipient } from '../../src/contract/queue.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import type { Queue } from '../../src/flow/queue/queue.ts';
import { openStore } from '../../src/store/store.ts';

const DAY_MS = 86_400_000;
const content = Buffer.from('Subject: hello\r\n\r\nhello\r\n');

function newItem(now: number, sender: string): NewQueueItem {
  return {
    message: {
      id: createQueueId(now), sender, options: { body: '8bitmime', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
      senderBelieved: true, contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: now, queuedAt: now, expiresAt: now + DAY_MS,
    },
    recipients: [{ index: 0, address: 'bob@example.net', state: 'queued', attempts: 0, nextAttemptAt: now }],
    content: new BufferSource(content),
    events: [],
  };
}

type Deliver = (job: { message: QueueMessage; recipients: readonly QueueRecipient[] }) => Promise<readonly DeliveryOutcome[]>;

interface Scene {
  readonly clock: VirtualClock;
  readonly queue: Queue;
  /** So many messages of a sender, committed; returns the last. */
  bring(sender: string, count: number): Promise<NewQueueItem>;
  /** Two looks at a machine that is busy, in which much comes in. */
  beginRush(): Promise<void>;
  endRush(): Promise<void>;
}

async function startScene(t: TestContext, deliver: Deliver): Promise<Scene> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-rush-'));
  const clock = new VirtualClock(Date.now());
  const store = await openStore(dir, { clock });
  let ticks = 0;
  const queue = createQueue({
    store: store.queue, router: { route: async () => ({ kind: 'mx', key: 'example.net', domain: 'example.net' }) }, clock, log: silentLog,
    deliverers: { local: { deliver }, remote: { deliver } }, feedback: { followUps: async () => [] }, random: () => 0,
    config: { queue: { lifetimeMs: DAY_MS, bounceLifetimeMs: DAY_MS, retryMinMs: 300_000, retryMaxMs: 14_400_000, delayNoticeMs: DAY_MS } },
    // All processors are at work all the time.
    processorTimes: () => ({ idle: 0, all: (ticks += 100) }),
  });
  await queue.start();
  t.after(async () => {
    await queue.stop(0);
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const bring = async (sender: string, count: number): Promise<NewQueueItem> => {
    const items = Array.from({ length: count }, () => newItem(clock.now(), sender));
    await Promise.all(items.map((item) => queue.enqueue(item)));
    return items.at(-1) as NewQueueItem;
  };
  return {
    clock, queue, bring,
    beginRush: async () => {
      for (let look = 0; look < 2; look++) {
        await bring('many@example.org', 50);
        await clock.runUntil(clock.now() + RUSH_LIMITS.lookEveryMs);
      }
      await bring('many@example.org', RUSH_LIMITS.fewMessages);
    },
    endRush: () => clock.runUntil(clock.now() + 3 * RUSH_LIMITS.lookEveryMs),
  };
}

/** Of what was delivered: waits for it by events. */
class Delivered {
  readonly bySender = new Map<string, number>();
  #tell = (): void => undefined;

  add(sender: string): void {
    this.bySender.set(sender, (this.bySender.get(sender) ?? 0) + 1);
    this.#tell();
  }

  until(expected: Readonly<Record<string, number>>): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = () => Object.entries(expected).every(([sender, count]) => (this.bySender.get(sender) ?? 0) === count) && resolve();
      this.#tell();
    });
  }
}

const outcome = ({ index }: QueueRecipient, status: 'delivered' | 'deferred'): DeliveryOutcome =>
  ({ recipient: index, status, scope: 'recipient', reply: { code: status === 'delivered' ? 250 : 450, text: 'as it is' }, attempt: {} });

test('in a rush who brings much is delivered when it is over, who brings little at once, and queue why says so', async (t) => {
  const delivered = new Delivered();
  const { clock, queue, bring, beginRush, endRush } = await startScene(t, async ({ message, recipients }) => {
    delivered.add(message.sender);
    return recipients.map((recipient) => outcome(recipient, 'delivered'));
  });
  await beginRush();
  const last = await bring('many@example.org', 1);
  await bring('few@example.org', 1);
  await delivered.until({ 'few@example.org': 1, 'many@example.org': 100 + RUSH_LIMITS.fewMessages });
  const wait = queue.control.explainWait?.(last.message.id, 0);
  assert.equal(wait?.phase, 'in-line');
  assert.match(wait.reason, /More mail comes in just now than this machine can take and deliver at once/);
  assert.ok((wait.until ?? 0) <= clock.now() + RUSH_LIMITS.longestMs);

  await endRush();
  await delivered.until({ 'many@example.org': 101 + RUSH_LIMITS.fewMessages });
});

test('after a rush a site with a long line has its mail tried again by what is in the store: attempts are counted on', async (t) => {
  // Nobody is answered until all stand in line; then everybody is put off.
  const attempts: number[] = [];
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  let tell = (): void => undefined;
  const { clock, queue, bring, beginRush, endRush } = await startScene(t, async ({ message, recipients }) => {
    await answered;
    if (message.sender === 'late@example.org') {
      for (const { attempts: before } of recipients) attempts.push(before);
      tell();
    }
    return recipients.map((recipient) => outcome(recipient, 'deferred'));
  });
  const tries = (count: number): Promise<void> =>
    new Promise((resolve) => {
      tell = () => attempts.length === count && resolve();
      tell();
    });
  await bring('late@example.org', 1);
  await bring('many@example.org', QUEUE_LIMITS.linedUpEnough + QUEUE_LIMITS.deliveriesInFlightMax);
  await beginRush();
  const last = await bring('late@example.org', RUSH_LIMITS.fewMessages + 50);
  await endRush();
  while (queue.control.explainWait?.(last.message.id, 0)?.site === undefined) await setImmediate();
  const all = RUSH_LIMITS.fewMessages + 51;
  answer();
  await tries(all);
  assert.ok(attempts.every((before) => before === 0));
  await clock.runUntil(clock.now() + 600_000);
  await tries(2 * all);
  assert.deepEqual([...new Set(attempts.slice(all))], [1]);
  assert.ok(queue.control.size.recipients > 0);
});
