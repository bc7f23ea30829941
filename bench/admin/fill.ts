/** A data directory with a queue as a bad hour leaves it: many sites, senders and replies, some held, some never tried. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BufferSource } from '../../src/base/byte-source.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import type { NewQueueItem, QueueRecipient } from '../../src/contract/queue.ts';
import { contentKey } from '../../src/mail/content-key.ts';
import { packItem } from '../../src/store/clients/queue-rows.ts';
import { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { migrations } from '../../src/store/migrations/all.ts';
import { queueWrites } from '../../src/store/ops/queue.ts';

const BATCH = 20_000;
const HOUR_MS = 3_600_000;
const LIFETIME_MS = 120 * HOUR_MS;
export const SENDERS = 50;
export const DOMAINS: readonly string[] = Array.from({ length: 40 }, (_, at) => `site${at}.example`);

const REPLIES = [
  { code: 421, enhanced: '4.7.28', text: 'Our system has detected an unusual rate of unsolicited mail originating from your IP address; please slow down.', rule: 'google.rate-ip', culprit: 'source-ip' },
  { code: 451, enhanced: '4.7.1', text: 'Greylisted, please try again in 300 seconds', rule: 'generic.greylisted', culprit: 'policy' },
  { code: 452, enhanced: '4.2.2', text: 'The recipient is over quota at this moment', rule: 'generic.mailbox-full', culprit: 'recipient' },
] as const;

/** Messages of one recipient, spread over the last ten hours, due in an hour to two; returns the ids of some. */
export function fillTroubledQueue(dataDir: string, messages: number): readonly string[] {
  mkdirSync(join(dataDir, 'bodies', 'new'), { recursive: true });
  const db = new Database(join(dataDir, 'posthorn.db'));
  const some: string[] = [];
  try {
    migrate(db, migrations, Date.now());
    for (let from = 0; from < messages; from += BATCH) {
      db.begin();
      for (let at = from; at < Math.min(from + BATCH, messages); at++) {
        const item = waiting(at, messages);
        queueWrites.insert(db, packItem(item, { digest: item.message.contentDigest, sizeBytes: item.content.size, bytes: item.content.inMemory as Buffer }));
        noteLastTry(db, item, at);
        if (at % Math.ceil(messages / 10) === 0) some.push(item.message.id);
      }
      db.commit();
    }
  } finally {
    db.close();
  }
  return some;
}

function waiting(at: number, messages: number): NewQueueItem {
  const now = Date.now();
  const queuedAt = now - Math.floor(((messages - at) / messages) * 10 * HOUR_MS);
  const id = createQueueId(queuedAt);
  const content = Buffer.from(`Subject: one of many\r\nMessage-ID: <${id}@example.org>\r\n\r\nhello\r\n`);
  const sender = `sender${at % SENDERS}@example.org`;
  return {
    message: {
      id, sender, options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA', account: sender, clientAddress: '192.0.2.7' },
      senderBelieved: true, contentDigest: contentKey(createHash('sha256').update(content).digest('hex'), now), sizeBytes: content.length,
      startedAt: queuedAt, queuedAt, expiresAt: now + LIFETIME_MS, messageId: `<${id}@example.org>`, stream: at % 4 === 0 ? 'bulk' : 'transactional',
    },
    recipients: [recipient(at, now + HOUR_MS + (at % 1000) * 3600)],
    content: new BufferSource(content),
    events: [{ at: queuedAt, name: 'message.accepted', data: { clientAddress: '192.0.2.7', helo: 'laptop', protocol: 'ESMTPSA' } }],
  };
}

/** One of five was never tried, one of ten is held. */
function recipient(at: number, nextAttemptAt: number): QueueRecipient {
  const address = `user${at}@${DOMAINS[at % DOMAINS.length]}`;
  if (at % 5 === 1) return { index: 0, address, state: 'queued', attempts: 0, nextAttemptAt };
  const { code, enhanced, text } = replyOf(at);
  const tried = { index: 0, address, attempts: 1 + (at % 7), nextAttemptAt, lastReply: { code, enhanced, text }, reason: `mx.${DOMAINS[at % DOMAINS.length]} said: ${code} ${enhanced} ${text}` } as const;
  return { ...tried, state: at % 10 === 0 ? 'held' : 'queued' };
}

function noteLastTry(db: Database, { message, recipients }: NewQueueItem, at: number): void {
  if (recipients[0]?.attempts === 0) return;
  const { rule, culprit } = replyOf(at);
  db.run('UPDATE recipients SET site = ?, rule = ?, culprit = ? WHERE message_id = ?', `mx:${DOMAINS[at % DOMAINS.length]}`, rule, culprit, message.id);
}

function replyOf(at: number): (typeof REPLIES)[number] {
  return REPLIES[at % REPLIES.length] as (typeof REPLIES)[number];
}
