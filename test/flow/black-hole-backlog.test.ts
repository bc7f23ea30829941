/** A long backlog for a server that never answers, read back from the disk after a restart. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import type { DeliveryJob, DeliveryOutcome, NewQueueItem, QueueRecipient } from '../../src/contract/queue.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import { openStore } from '../../src/store/store.ts';
import { eventually } from '../harness/lab-process.ts';

const HOUR_MS = 3_600_000;
const config = { queue: { lifetimeMs: 24 * HOUR_MS, bounceLifetimeMs: 24 * HOUR_MS, retryMinMs: HOUR_MS, retryMaxMs: HOUR_MS, delayNoticeMs: 4 * HOUR_MS } };

function message(at: number, addresses: readonly string[], more: Partial<QueueRecipient> = {}): NewQueueItem {
  const now = Date.now();
  const content = Buffer.from(`Subject: ${at}\r\n\r\nhello\r\n`);
  return {
    message: {
      id: createQueueId(now), sender: `sender${at % 3}@example.org`, options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
      senderBelieved: true, contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: now, queuedAt: now, expiresAt: now + 24 * HOUR_MS,
    },
    recipients: addresses.map((address, index) => ({ index, address, state: 'queued', attempts: 1, nextAttemptAt: now, ...more })),
    content: new BufferSource(content),
    events: [],
  };
}

test('behind a thousand messages for a server that says nothing all others are delivered, and every one of the thousand says why it waits', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-test-'));
  const store = await openStore(dir);
  t.after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const toHole = Array.from({ length: 1000 }, (_, at) => message(at, at % 10 === 0 ? [`a${at}@hole.test`, `b${at}@hole.test`] : [`user${at}@Hole.test`]));
  const others = Array.from({ length: 40 }, (_, at) => message(at, at % 2 === 0 ? [`x${at}@h${at % 5}.test`] : [`x${at}@h${at % 5}.test`, `also${at}@hole.test`]));
  // Of the hole's domain, but with a way of its own.
  const rerouted = message(1, ['elsewhere@hole.test'], { reroute: { kind: 'relay', host: 'relay.test', port: 25 } });
  const all = [...toHole.slice(0, 500), ...others, rerouted, ...toHole.slice(500)];
  await Promise.all(all.map((item) => store.queue.insert(item)));

  let speaks = (): void => {};
  const spoken = new Promise<void>((resolve) => (speaks = resolve));
  const arrived: string[] = [];
  let read = 0;
  const deliver = async ({ recipients, permit }: DeliveryJob): Promise<readonly DeliveryOutcome[]> => {
    if (permit?.site.key === 'hole.test') await spoken;
    arrived.push(...recipients.map(({ address }) => address));
    return recipients.map(({ index }) => ({ recipient: index, status: 'delivered', scope: 'recipient', reply: { code: 250, text: 'ok' }, attempt: {} }));
  };
  const counted = new Proxy(store.queue, {
    get: (target, name) => {
      if (name === 'readMany') return (ids: readonly string[]) => ((read += ids.length), target.readMany(ids));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const queue = createQueue({
    store: counted, clock: new SystemClock(), log: silentLog, config, deliverers: { local: { deliver }, remote: { deliver } }, feedback: { followUps: async () => [] },
    router: {
      route: async (_message, { address, reroute }) => {
        const domain = reroute ? 'relay.test' : address.slice(address.indexOf('@') + 1).toLowerCase();
        return { kind: 'smarthost', key: domain, site: { key: domain, title: domain }, host: domain, port: 25, tls: 'none' };
      },
    },
    lengths: { longLine: 20, linedUpEnough: 50 },
  });
  await queue.start();
  t.after(() => queue.stop(0));

  await eventually('the others are there', async () => arrived.length === others.length + 1);
  assert.ok(arrived.every((address) => address.startsWith('x') || address === 'elsewhere@hole.test'), String(arrived.filter((address) => address.endsWith('hole.test'))));
  const waiting = toHole.flatMap(({ message: { id }, recipients }) => recipients.map(({ index }) => ({ id, index })));
  await eventually('all of the hole stand in line', async () => waiting.every(({ id, index }) => queue.control.explainWait?.(id, index)?.site === 'hole.test'));
  assert.ok(read < all.length / 2, `${read} of ${all.length} messages were read`);

  speaks();
  await eventually('nothing waits', async () => queue.control.size.recipients === 0);
  assert.deepEqual([...arrived].sort(), all.flatMap(({ recipients }) => recipients.map(({ address }) => address)).sort());
});
