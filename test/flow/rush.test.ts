/** The queue while mail comes in faster than the machine can take and deliver at once. Real store; how busy it is, the test says. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import { RUSH_LIMITS } from '../../src/base/rush-limits.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { NewQueueItem } from '../../src/contract/queue.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
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

test('in a rush who brings much is delivered when it is over, who brings little at once, and queue why says so', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-rush-'));
  const clock = new VirtualClock(Date.now());
  const store = await openStore(dir, { clock });
  const delivered = new Map<string, number>();
  let tell = (): void => undefined;
  let ticks = 0;
  const deliverer = {
    deliver: async ({ message, recipients }: { message: { sender: string }; recipients: readonly { index: number }[] }) => {
      delivered.set(message.sender, (delivered.get(message.sender) ?? 0) + 1);
      tell();
      return recipients.map(({ index }) => ({ recipient: index, status: 'delivered' as const, scope: 'recipient' as const, reply: { code: 250, text: 'ok' }, attempt: {} }));
    },
  };
  const queue = createQueue({
    store: store.queue, router: { route: async () => ({ kind: 'mx', key: 'example.net', domain: 'example.net' }) }, clock, log: silentLog,
    deliverers: { local: deliverer, remote: deliverer }, feedback: { followUps: async () => [] }, random: () => 0,
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
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      tell = () => holds() && resolve();
      tell();
    });
  const bring = (sender: string, count: number): Promise<unknown> => Promise.all(Array.from({ length: count }, () => queue.enqueue(newItem(clock.now(), sender))));

  for (let look = 0; look < 2; look++) {
    await bring('many@example.org', 50);
    await clock.runUntil(clock.now() + RUSH_LIMITS.lookEveryMs);
  }
  await bring('many@example.org', RUSH_LIMITS.fewMessages);
  const last = newItem(clock.now(), 'many@example.org');
  await queue.enqueue(last);
  await bring('few@example.org', 1);
  await until(() => delivered.get('few@example.org') === 1 && delivered.get('many@example.org') === 100 + RUSH_LIMITS.fewMessages);
  const wait = queue.control.explainWait?.(last.message.id, 0);
  assert.equal(wait?.phase, 'in-line');
  assert.match(wait.reason, /More mail comes in just now than this machine can take and deliver at once/);
  assert.ok((wait.until ?? 0) <= clock.now() + RUSH_LIMITS.longestMs);

  await clock.runUntil(clock.now() + 3 * RUSH_LIMITS.lookEveryMs);
  await until(() => delivered.get('many@example.org') === 101 + RUSH_LIMITS.fewMessages);
});
