/** The queue on a real store while mail comes in faster than the machine can take and deliver: how busy it is, the test says. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import { RUSH_LIMITS } from '../../src/base/rush-limits.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { DeliveryJob, DeliveryOutcome, NewQueueItem, QueueRecipient } from '../../src/contract/queue.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import type { Queue } from '../../src/flow/queue/queue.ts';
import { openStore, type Store } from '../../src/store/store.ts';

const DAY_MS = 86_400_000;
const content = Buffer.from('Subject: hello\r\n\r\nhello\r\n');

interface Change {
  readonly to?: string;
  readonly expiresAt?: number;
}

function newItem(now: number, sender: string, { to = 'bob@example.net', expiresAt = now + DAY_MS }: Change = {}): NewQueueItem {
  return {
    message: {
      id: createQueueId(now), sender, options: { body: '8bitmime', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
      senderBelieved: true, contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: now, queuedAt: now, expiresAt,
    },
    recipients: [{ index: 0, address: to, state: 'queued', attempts: 0, nextAttemptAt: now }],
    content: new BufferSource(content),
    events: [],
  };
}

type Deliver = (job: Pick<DeliveryJob, 'message' | 'recipients' | 'route'>) => Promise<readonly DeliveryOutcome[]>;

export interface Scene {
  readonly clock: VirtualClock;
  readonly queue: Queue;
  readonly store: Store;
  /** So many messages of a sender, committed; returns the last. */
  bring(sender: string, count: number, change?: Change): Promise<NewQueueItem>;
  /** Two looks at a machine that is busy, in which much comes in. */
  beginRush(): Promise<void>;
  endRush(): Promise<void>;
}

export async function startScene(t: TestContext, deliver: Deliver): Promise<Scene> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-rush-'));
  const clock = new VirtualClock(Date.now());
  const store = await openStore(dir, { clock });
  let ticks = 0;
  const queue = createQueue({
    store: store.queue, router: {
      route: async (_message, { reroute }) =>
        reroute?.kind === 'relay' ? { kind: 'smarthost', key: 'relay', host: reroute.host, port: reroute.port, tls: 'none' } : { kind: 'mx', key: 'example.net', domain: 'example.net' },
    }, clock, log: silentLog,
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
  const bring = async (sender: string, count: number, change?: Change): Promise<NewQueueItem> => {
    const items = Array.from({ length: count }, () => newItem(clock.now(), sender, change));
    await Promise.all(items.map((item) => queue.enqueue(item)));
    return items.at(-1) as NewQueueItem;
  };
  return {
    clock, queue, store, bring,
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
export class Delivered {
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

export const outcome = ({ index }: QueueRecipient, status: 'delivered' | 'deferred'): DeliveryOutcome =>
  ({ recipient: index, status, scope: 'recipient', reply: { code: status === 'delivered' ? 250 : 450, text: 'as it is' }, attempt: {} });
