/**
 * One measurement in a process of its own: opens the store, starts queue and SMTP client as the server does, enqueues
 * messages to many domains, and tells what was seen. Arguments: data directory, sink port, black hole port, messages.
 * Domains under `hole.example` go to the black hole, all others to the sink, each a site of its own.
 */
import { createHash } from 'node:crypto';
import { BufferSource } from '../../src/base/byte-source.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import type { Dns } from '../../src/contract/dns.ts';
import type { DeliveryJob, NewQueueItem, RoutePlan } from '../../src/contract/queue.ts';
import { createRemoteDeliverer } from '../../src/flow/deliver/remote.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import { createConnector } from '../../src/net/connector.ts';
import { openStore } from '../../src/store/store.ts';
import { contentKey } from '../../src/mail/content-key.ts';

export interface Measured {
  readonly readyMs: number;
  /** Bytes resident, after a collection. */
  readonly idleBytes: number;
  readonly busyBytes: number;
  readonly deliveredPerSecond: number;
  /** Processor time of this process for each message, microseconds: the figure that a busy machine disturbs least. */
  readonly cpuMicros: number;
  readonly stillWaiting: number;
}

const [dataDir = '', sinkPort, holePort, count] = process.argv.slice(2);
const messages = Number(count);
const SITES = 40;
const WAITERS = 100;
const WARM_UP = 500;
const DOMAIN_OF_HOLE = 'hole.example';

const resident = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().rss;
};

function route(address: string): RoutePlan {
  const domain = address.slice(address.indexOf('@') + 1);
  const port = Number(domain === DOMAIN_OF_HOLE ? holePort : sinkPort);
  return { kind: 'smarthost', key: domain, site: { key: domain, title: domain }, host: '127.0.0.1', port, tls: 'none' };
}

function newItem(at: number): NewQueueItem {
  const now = Date.now();
  const id = createQueueId(now);
  const content = Buffer.alloc(4096, `Subject: ${id}\r\n\r\nhello\r\n`);
  return {
    message: {
      id, sender: 'alice@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA' },
      senderBelieved: true, contentDigest: contentKey(createHash('sha256').update(content).digest('hex'), now), sizeBytes: content.length, startedAt: now, queuedAt: now,
      expiresAt: now + 86_400_000, messageId: `<${id}@example.org>`,
    },
    recipients: [{ index: 0, address: `user${at}@d${at % SITES}.example`, state: 'queued', attempts: 0, nextAttemptAt: now }],
    content: new BufferSource(content),
    events: [{ at: now, name: 'message.accepted' }],
  };
}

let delivered = 0;
let onDelivered = (): void => {};
const clock = new SystemClock();
const config = {
  hostname: 'bench.example.org', listen: { smtp: [], submission: [], submissions: [] }, outbound: { protocols: ['ipv4'], port: 25, ips: [] },
  queue: { lifetimeMs: 86_400_000, bounceLifetimeMs: 86_400_000, retryMinMs: 300_000, retryMaxMs: 14_400_000, delayNoticeMs: 14_400_000 },
} as const;
const store = await openStore(dataDir);
const remote = createRemoteDeliverer({ config, dns: {} as Dns, connector: createConnector({ clock }), clock, log: silentLog });
const counted = {
  deliver: async (job: DeliveryJob, signal: AbortSignal) => {
    const outcomes = await remote.deliver(job, signal);
    delivered += outcomes.filter(({ status }) => status === 'delivered').length;
    onDelivered();
    return outcomes;
  },
};
const queue = createQueue({
  store: store.queue, router: { route: async (_message, { address }) => route(address) }, deliverers: { local: counted, remote: counted },
  feedback: { followUps: async () => [] }, clock, log: silentLog, config,
});
const startedAt = performance.now();
await queue.start();
const readyMs = performance.now() - startedAt;
const idleBytes = resident();

async function deliverAll(number: number): Promise<number> {
  const target = delivered + number;
  const done = new Promise<void>((resolve) => (onDelivered = () => void (delivered >= target && resolve())));
  const from = performance.now();
  let left = number;
  await Promise.all(Array.from({ length: WAITERS }, async () => {
    while (left-- > 0) await queue.enqueue(newItem(left));
  }));
  await done;
  return number / ((performance.now() - from) / 1000);
}

await deliverAll(WARM_UP);
const cpuBefore = process.cpuUsage();
const deliveredPerSecond = await deliverAll(messages);
const cpu = process.cpuUsage(cpuBefore);
const cpuMicros = (cpu.user + cpu.system) / messages;
const busyBytes = resident();
process.send?.({ readyMs, idleBytes, busyBytes, deliveredPerSecond, cpuMicros, stillWaiting: queue.control.size.recipients } satisfies Measured);
await queue.stop(0);
remote.close();
await store.close();
process.exit(0);
