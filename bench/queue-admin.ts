/**
 * npm run bench -- queue-admin [--messages 100000] [--dir D]: how long an administrator waits at a long queue: listings,
 * counts and orders over all of it, and how long a message that comes in meanwhile waits for its commit.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BufferSource } from '../src/base/byte-source.ts';
import { SystemClock } from '../src/base/clock.ts';
import { silentLog } from '../src/base/log.ts';
import { createQueueId } from '../src/base/queue-id.ts';
import type { Deliverer, NewQueueItem } from '../src/contract/queue.ts';
import { createQueue, type Queue, type QueueOptions } from '../src/flow/queue/queue.ts';
import { domainOf } from '../src/mail/address.ts';
import { openStore, type Store } from '../src/store/store.ts';

const HOUR_MS = 3_600_000;
const DOMAINS = ['gmail.com', 'outlook.com', 'yahoo.com', 'gmx.net', 'example.net', 't-online.de'];
const WAITERS = 200;
const PROBE_EVERY_MS = 20;

export async function runQueueAdminBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { messages: { type: 'string', default: '100000' }, dir: { type: 'string', default: tmpdir() } } });
  const messages = Number(values.messages);
  const dir = mkdtempSync(join(values.dir, 'posthorn-bench-'));
  const store = await openStore(dir);
  try {
    const filling = await seconds(() => fill(store, messages));
    console.log(`${messages} messages of one recipient, 1 KB each, stored in ${filling.toFixed(1)} s`);
    const queue = await startQueue(store);
    console.log(`${''.padEnd(44)} seconds   longest wait of other mail, ms`);
    for (const [name, work] of tasks(store, queue)) await measure(store, name, work);
    await queue.stop(0);
  } finally {
    await store.close();
    rmSync(dir, { recursive: true });
  }
  return 0;
}

/** With the queue as it is in the server; what is due is deferred at once. */
async function startQueue(store: Store): Promise<Queue> {
  const deliverer: Deliverer = {
    deliver: async ({ recipients }) => recipients.map(({ index }) => ({ recipient: index, status: 'deferred', scope: 'host', reply: { code: 421, text: 'later' }, attempt: {} })),
  };
  const queue = createQueue({
    store: store.queue,
    router: { route: async (_message, { address }) => ({ kind: 'mx', key: `mx:${domainOf(address)}`, domain: domainOf(address) }) },
    deliverers: { local: deliverer, remote: deliverer },
    feedback: { followUps: async () => [] },
    clock: new SystemClock(),
    log: silentLog,
    config: { queue: { lifetimeMs: 120 * HOUR_MS, bounceLifetimeMs: 120 * HOUR_MS, retryMinMs: HOUR_MS, retryMaxMs: HOUR_MS } } as QueueOptions['config'],
  });
  const spent = await seconds(() => queue.start());
  console.log(`the queue read its rows in ${spent.toFixed(1)} s`);
  return queue;
}

/** The last one leaves nothing. */
function tasks({ queueAdmin }: Store, { control }: Queue): readonly (readonly [name: string, work: () => Promise<number>])[] {
  const ordered = async (...[filter, order]: Parameters<typeof queueAdmin.order>): Promise<number> => {
    let count = 0;
    for await (const changed of queueAdmin.order(filter, order)) {
      control.changed(changed);
      count += changed.length;
    }
    return count;
  };
  const by = { by: 'administrator' };
  return [
    ['list, the first 100', async () => (await queueAdmin.page({}, 100)).rows.length],
    ['list, 100 that stand in the last tenth', async () => (await queueAdmin.page({ queuedAfter: Date.now() - HOUR_MS }, 100)).rows.length],
    ['list, sorted by next try', async () => (await queueAdmin.top({}, 'next', 100)).length],
    ['count by domain', async () => (await queueAdmin.count({ domain: 'gmail.com' })).recipients],
    ['stats by domain and age', async () => {
      let count = 0;
      for await (const rows of queueAdmin.groups({}, 'domain')) for (const row of rows) count += row.recipients;
      return count;
    }],
    ['hold all', () => ordered({}, { state: 'held', reason: 'held', event: { name: 'recipient.held', data: by } })],
    ['release all', () => ordered({}, { state: 'queued', nextAttemptAt: Date.now() + HOUR_MS, event: { name: 'recipient.released', data: by } })],
    ['retry one domain', () => ordered({ domain: 'gmail.com' }, { nextAttemptAt: Date.now() + HOUR_MS, event: { name: 'recipient.retried', data: by } })],
    ['delete all', () => ordered({}, { state: 'deleted', event: { name: 'recipient.deleted', data: by } })],
  ];
}

/** While the work is done, a message comes in every 20 ms: the longest of their commits is what mail waits for. */
async function measure(store: Store, name: string, work: () => Promise<number>): Promise<void> {
  let longest = 0;
  const probe = setInterval(() => {
    const from = performance.now();
    void store.call('timeline.append', { id: 'probe', entries: '[]' }).then(() => (longest = Math.max(longest, performance.now() - from)));
  }, PROBE_EVERY_MS);
  let count = 0;
  const spent = await seconds(async () => void (count = await work()));
  clearInterval(probe);
  console.log(`${`${name} (${count})`.padEnd(44)} ${spent.toFixed(2).padStart(7)} ${longest.toFixed(0).padStart(20)}`);
}

async function fill(store: Store, messages: number): Promise<void> {
  let left = messages;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await store.queue.insert(newItem(left, messages));
  };
  await Promise.all(Array.from({ length: WAITERS }, worker));
}

/** Spread over ten hours. */
function newItem(number: number, all: number): NewQueueItem {
  const now = Date.now();
  const queuedAt = now - Math.floor((number / all) * 10 * HOUR_MS);
  const id = createQueueId(now);
  const content = Buffer.alloc(1024, id);
  return {
    message: {
      id, sender: `sender${number % 50}@example.org`, options: { body: '8bitmime', smtpUtf8: false, requireTls: false },
      origin: { kind: 'submission', protocol: 'ESMTPSA', account: `sender${number % 50}@example.org`, clientAddress: '127.0.0.1' }, senderBelieved: true,
      contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: queuedAt, queuedAt, expiresAt: now + 120 * HOUR_MS,
    },
    recipients: [{ index: 0, address: `user${number}@${DOMAINS[number % DOMAINS.length]}`, state: 'queued', attempts: 1, nextAttemptAt: now + HOUR_MS + (number % 1000) * 1000, reason: 'It was busy.' }],
    content: new BufferSource(content),
    events: [{ at: queuedAt, name: 'message.queued', data: {} }],
  };
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}
