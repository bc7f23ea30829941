/** Fills a data directory with waiting messages, directly: through the doors a million would take an hour. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BufferSource } from '../../src/base/byte-source.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import type { NewQueueItem } from '../../src/contract/queue.ts';
import { contentKey } from '../../src/mail/content-key.ts';
import { packItem } from '../../src/store/clients/queue-rows.ts';
import { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { migrations } from '../../src/store/migrations/all.ts';
import { queueWrites } from '../../src/store/ops/queue.ts';

export interface FillOptions {
  readonly dataDir: string;
  readonly messages: number;
  /** Recipient domain of each. */
  readonly domain: (at: number) => string;
  /** Milliseconds from now until it is due. */
  readonly dueInMs: (at: number) => number;
}

const BATCH = 20_000;
const LIFETIME_MS = 5 * 86_400_000;

export function fillQueue(options: FillOptions): void {
  mkdirSync(join(options.dataDir, 'bodies', 'new'), { recursive: true });
  const db = new Database(join(options.dataDir, 'posthorn.db'));
  migrate(db, migrations, Date.now());
  for (let from = 0; from < options.messages; from += BATCH) {
    db.begin();
    for (let at = from; at < Math.min(from + BATCH, options.messages); at++) {
      const item = waiting(options, at);
      queueWrites.insert(db, packItem(item, { digest: item.message.contentDigest, sizeBytes: item.content.size, bytes: item.content.inMemory as Buffer }));
    }
    db.commit();
  }
  db.close();
}

function waiting({ domain, dueInMs }: FillOptions, at: number): NewQueueItem {
  const now = Date.now();
  const id = createQueueId(now);
  // As in life, no two messages have the same bytes.
  const content = Buffer.from(`Subject: one of many\r\nMessage-ID: <${id}@example.org>\r\n\r\nhello\r\n`);
  return {
    message: {
      id, sender: `sender${at % 50}@example.org`, options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
      senderBelieved: true, contentDigest: contentKey(createHash('sha256').update(content).digest('hex'), now), sizeBytes: content.length, startedAt: now, queuedAt: now, expiresAt: now + LIFETIME_MS, messageId: `<${id}@example.org>`,
    },
    recipients: [{ index: 0, address: `user${at}@${domain(at)}`, state: 'queued', attempts: 1, nextAttemptAt: now + dueInMs(at) }],
    content: new BufferSource(content),
    events: [{ at: now, name: 'message.accepted' }],
  };
}
