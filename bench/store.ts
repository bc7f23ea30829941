/**
 * How fast the storage thread is: inserts, then inserts with their settlement, by many waiters at once.
 *
 *   node bench/store.ts [messages] [waiters] [content bytes] [directory]
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferSource } from '../src/base/byte-source.ts';
import { createQueueId } from '../src/base/queue-id.ts';
import type { NewQueueItem } from '../src/contract/queue.ts';
import { contentKey } from '../src/mail/content-key.ts';
import { openStore } from '../src/store/store.ts';
import type { Store } from '../src/store/store.ts';

const [messages = 20_000, waiters = 100, contentBytes = 4096] = process.argv.slice(2, 5).map(Number);
const dir = mkdtempSync(join(process.argv[5] ?? tmpdir(), 'posthorn-bench-'));

function newItem(): NewQueueItem {
  const content = randomBytes(contentBytes);
  const now = Date.now();
  const id = createQueueId(now);
  return {
    message: {
      id, sender: 'alice@example.org', options: { body: '8bitmime', smtpUtf8: false, requireTls: false },
      origin: { kind: 'trusted', protocol: 'ESMTP', clientAddress: '127.0.0.1', clientPort: 12345, helo: 'client.example.org', listener: '127.0.0.1:25' },
      senderBelieved: true, contentDigest: contentKey(createHash('sha256').update(content).digest('hex'), now), sizeBytes: content.length, startedAt: now,
      queuedAt: now, expiresAt: now + 432_000_000, messageId: `<${id}@example.org>`, headerFrom: 'alice@example.org',
    },
    recipients: [{ index: 0, address: `user${id}@example.net`, state: 'queued', attempts: 0, nextAttemptAt: now }],
    content: new BufferSource(content),
    events: [
      { at: now, name: 'message.accepted', data: { client: '127.0.0.1', helo: 'client.example.org', protocol: 'ESMTP', sizeBytes: contentBytes } },
      { at: now, name: 'message.queued', data: { expiresAt: now + 432_000_000 } },
    ],
  };
}

async function measure(name: string, one: () => Promise<void>): Promise<void> {
  let left = messages;
  const started = performance.now();
  const delays: number[] = [];
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const from = performance.now();
      await one();
      delays.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: waiters }, worker));
  const seconds = (performance.now() - started) / 1000;
  delays.sort((a, b) => a - b);
  const at = (share: number): string => (delays[Math.floor(delays.length * share)] ?? 0).toFixed(1);
  process.stdout.write(`${name}: ${Math.round(messages / seconds)}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`);
}

async function insertAndSettle(store: Store): Promise<void> {
  const item = newItem();
  await store.queue.insert(item);
  const now = Date.now();
  const reply = { code: 250, enhanced: '2.0.0', text: 'ok' };
  await store.queue.settle(
    item.message.id, [{ recipient: 0, state: 'delivered', attempts: 1, nextAttemptAt: now, lastReply: reply }], [], [],
    [{ at: now, name: 'recipient.delivered', recipient: 0, data: { mx: 'mx.example.net', address: '127.0.0.21', reply } }],
  );
}

const store = await openStore(dir);
await measure('make only', async () => void newItem());
await measure('insert', async () => store.queue.insert(newItem()));
await measure('insert and settle', async () => insertAndSettle(store));
await store.close();
rmSync(dir, { recursive: true });
