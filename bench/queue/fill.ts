/** Fills a data directory with waiting messages, directly: through the doors a million would take an hour. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BufferSource } from '../../src/base/byte-source.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import type { NewQueueItem } from '../../src/contract/queue.ts';
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
const CONTENT = Buffer.from('Subject: one of many\r\n\r\nhello\r\n');
const DIGEST = '00'.repeat(32);
const LIFETIME_MS = 5 * 86_400_000;

export function fillQueue(options: FillOptions): void {
  mkdirSync(join(options.dataDir, 'bodies', 'new'), { recursive: true });
  const db = new Database(join(options.dataDir, 'posthorn.db'));
  migrate(db, migrations, Date.now());
  for (let from = 0; from < options.messages; from += BATCH) {
    db.begin();
    for (let at = from; at < Math.min(from + BATCH, options.messages); at++) {
      queueWrites.insert(db, packItem(waiting(options, at), { digest: DIGEST, sizeBytes: CONTENT.length, bytes: CONTENT }));
    }
    db.commit();
  }
  db.close();
}

function waiting({ domain, dueInMs }: FillOptions, at: number): NewQueueItem {
  const now = Date.now();
  const id = createQueueId(now);
  return {
    message: {
      id, sender: `sender${at % 50}@example.org`, options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
      senderBelieved: true, contentDigest: DIGEST, sizeBytes: CONTENT.length, startedAt: now, queuedAt: now, expiresAt: now + LIFETIME_MS, messageId: `<${id}@example.org>`,
    },
    recipients: [{ index: 0, address: `user${at}@${domain(at)}`, state: 'queued', attempts: 1, nextAttemptAt: now + dueInMs(at) }],
    content: new BufferSource(CONTENT),
    events: [{ at: now, name: 'message.accepted' }],
  };
}
