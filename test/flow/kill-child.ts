/**
 * The process that kill.test.ts kills: store and queue under load, until it is ended from outside.
 *
 *   node kill-child.ts DIRECTORY LOG-FILE SEED ROUND
 *
 * Every acknowledgement and every delivery is a line of the log file, written with one system call, so that the lines
 * outlive the process: `ready`, `ack ID RECIPIENTS`, `sent ID INDEX`. With SEED `drain` it submits nothing and ends when
 * the queue is empty.
 */
import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { BufferSource } from '../../src/base/byte-source.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { Failure } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, NewQueueItem, QueueRecipient, RoutePlan } from '../../src/contract/queue.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import { openStore } from '../../src/store/store.ts';
import { generator } from './seeded.ts';

const [dir = '', logFile = '', seed = '', round = '0'] = process.argv.slice(2);
const log = openSync(logFile, 'a');
const random = generator(Number.parseInt(seed, 10) * 1000 + Number(round) || 1);
const say = (line: string): void => void writeSync(log, `${line}\n`);

const ACCOUNT = 'alice@example.org';
const DOMAINS = ['example.org', 'one.example', 'two.example', 'three.example'];
const SHARED = Buffer.from('the same content in many messages');
const LARGE_BYTES = 300_000;

function newItem(): NewQueueItem {
  const now = Date.now();
  const id = createQueueId(now);
  const kind = random();
  const content = kind < 0.2 ? SHARED : kind < 0.25 ? Buffer.alloc(LARGE_BYTES, id) : Buffer.from(`Subject: ${id}\r\n\r\nhello\r\n`);
  const count = 1 + Math.floor(random() * 4);
  return {
    message: {
      id, sender: 'sender@example.com', options: { body: '8bitmime', smtpUtf8: false, requireTls: false }, origin: { kind: 'trusted', protocol: 'ESMTP' },
      senderBelieved: true, contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: now, queuedAt: now,
      expiresAt: now + 86_400_000,
    },
    recipients: Array.from({ length: count }, (_, index) => ({
      index, address: `user${index}@${DOMAINS[Math.floor(random() * DOMAINS.length)]}`, state: 'queued', attempts: 0, nextAttemptAt: now,
    })),
    content: new BufferSource(content),
    events: [{ at: now, name: 'message.accepted' }],
  };
}

function outcome(job: DeliveryJob, recipient: QueueRecipient): DeliveryOutcome {
  const common = { recipient: recipient.index, scope: 'recipient', attempt: {} } as const;
  if (random() < 0.2) return { ...common, status: 'deferred', reply: { code: 450, text: 'again' } };
  say(`sent ${job.message.id} ${recipient.index}`);
  const delivered = { ...common, status: 'delivered', reply: { code: 250, text: 'ok' } } as const;
  if (job.route.kind !== 'local') return delivered;
  const { contentDigest, sizeBytes, id } = job.message;
  const prefix = Buffer.from(`X-Recipient: ${id} ${recipient.index}\r\n`);
  return {
    ...delivered,
    deposit: {
      account: ACCOUNT, folder: 'INBOX', contentDigest, prefix, internalDate: Date.now(), flags: [], sizeBytes: prefix.length + sizeBytes, structure: '{}',
    },
  };
}

const deliverer: Deliverer = {
  deliver: async (job) => {
    // The content must be readable whenever a recipient waits.
    const bytes = await job.content.read();
    if (createHash('sha256').update(bytes).digest('hex') !== job.message.contentDigest) say(`damaged ${job.message.id}`);
    if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, Math.floor(random() * 20)));
    return job.recipients.map((recipient) => outcome(job, recipient));
  },
};

function routeOf(address: string): RoutePlan {
  const domain = address.slice(address.indexOf('@') + 1);
  return domain === 'example.org' ? { kind: 'local', key: 'local', account: ACCOUNT, folder: 'INBOX' } : { kind: 'mx', key: domain, domain };
}

const store = await openStore(dir);
if (Number(round) === 0 && seed !== 'drain') {
  const empty = Buffer.alloc(32);
  await store.directory.addDomain('example.org', { at: Date.now() });
  await store.directory.addAccount(ACCOUNT, { hash: 'x', scramSalt: empty, scramIterations: 4096, scramStoredKey: empty, scramServerKey: empty }, Date.now());
}
const queue = createQueue({
  store: store.queue, router: { route: async (_message, recipient) => routeOf(recipient.address) }, deliverers: { local: deliverer, remote: deliverer },
  feedback: { followUps: async () => [] }, clock: new SystemClock(), log: silentLog,
  config: { queue: { lifetimeMs: 86_400_000, bounceLifetimeMs: 86_400_000, retryMinMs: 10, retryMaxMs: 50 } },
});
await queue.start();
say('ready');

async function submitForEver(): Promise<never> {
  for (;;) {
    const item = newItem();
    await queue.enqueue(item);
    say(`ack ${item.message.id} ${item.recipients.length}`);
  }
}

if (seed === 'drain') {
  while (queue.control.size.recipients > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await queue.stop(5000);
  await store.close();
} else {
  await Promise.all(Array.from({ length: 20 }, () => submitForEver().catch((error: unknown) => say(`failed ${error instanceof Failure ? error.code : String(error)}`))));
}
