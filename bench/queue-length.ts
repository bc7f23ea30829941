/**
 * What a long queue costs: fills a store with waiting messages, then measures how long the due-index takes to load, what
 * it takes in memory, and how fast inserts are with that queue behind them.
 *
 *   node bench/queue-length.ts [messages]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferSource } from '../src/base/byte-source.ts';
import { SystemClock } from '../src/base/clock.ts';
import { silentLog } from '../src/base/log.ts';
import { createQueueId } from '../src/base/queue-id.ts';
import type { NewQueueItem } from '../src/contract/queue.ts';
import { createQueue } from '../src/flow/queue/queue.ts';
import { packItem } from '../src/store/clients/queue-rows.ts';
import { Database } from '../src/store/database.ts';
import { migrate } from '../src/store/migrate.ts';
import { migrations } from '../src/store/migrations/all.ts';
import { queueWrites } from '../src/store/ops/queue.ts';
import { openStore } from '../src/store/store.ts';

const messages = Number(process.argv[2] ?? 1_000_000);
const dir = mkdtempSync(join(tmpdir(), 'posthorn-bench-'));
const content = Buffer.from('Subject: one of many\r\n\r\nhello\r\n');
const later = Date.now() + 86_400_000;

function newItem(digest: string, bytes = content): NewQueueItem {
  const now = Date.now();
  const id = createQueueId(now);
  return {
    message: {
      id, sender: 'alice@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
      senderBelieved: true, contentDigest: digest, sizeBytes: bytes.length, startedAt: now, queuedAt: now, expiresAt: later, messageId: `<${id}@example.org>`,
    },
    recipients: [{ index: 0, address: `user${id}@example.net`, state: 'queued', attempts: 1, nextAttemptAt: later }],
    content: new BufferSource(bytes),
    events: [{ at: now, name: 'message.accepted' }],
  };
}

function fill(): void {
  mkdirSync(join(dir, 'bodies', 'new'), { recursive: true });
  const db = new Database(join(dir, 'posthorn.db'));
  migrate(db, migrations, Date.now());
  const digest = '00'.repeat(32);
  for (let done = 0; done < messages; done += 20_000) {
    db.begin();
    for (let count = 0; count < Math.min(20_000, messages - done); count++) {
      queueWrites.insert(db, packItem(newItem(digest), { digest, sizeBytes: content.length, bytes: content }));
    }
    db.commit();
  }
  db.close();
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;
const megabytes = (): number => {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().rss / 1e6);
};

let from = performance.now();
fill();
say(`filled with ${messages} messages in ${seconds(from)}`);
from = performance.now();
const store = await openStore(dir);
say(`opened in ${seconds(from)}, ${megabytes()} MB resident`);
const never = { deliver: () => new Promise<never>(() => {}) };
const queue = createQueue({
  store: store.queue, router: { route: async () => ({ kind: 'mx', key: 'x', domain: 'x' }) }, deliverers: { local: never, remote: never },
  feedback: { followUps: async () => [] }, clock: new SystemClock(), log: silentLog,
  config: { queue: { lifetimeMs: 1e9, bounceLifetimeMs: 1e9, retryMinMs: 1e6, retryMaxMs: 1e7 } },
});
from = performance.now();
await queue.start();
say(`due-index of ${queue.control.size.recipients} recipients loaded in ${seconds(from)}, ${megabytes()} MB resident`);
from = performance.now();
let left = 10_000;
await Promise.all(
  Array.from({ length: 100 }, async () => {
    while (left-- > 0) await store.queue.insert(newItem(createQueueId(Date.now()).padStart(64, '0').replace(/[g-z]/g, '0'), Buffer.alloc(4096, 'x')));
  }),
);
say(`10,000 inserts of 4 KB behind it: ${Math.round(10_000 / ((performance.now() - from) / 1000))}/s`);
await queue.stop(0);
await store.close();
rmSync(dir, { recursive: true });
