/**
 * A whole server between sites that answer at once and sites that hardly do, each in a way of its own: names that no name
 * server answers for, and servers that keep silent at one step of a session. Everything is on loopback.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferSource } from '../../src/base/byte-source.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import { startServer, type RunningServer } from '../../src/compose/server.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { NewQueueItem } from '../../src/contract/queue.ts';
import type { Stream } from '../../src/contract/sending.ts';
import { startDnsServer } from '../../src/lab/dns/server.ts';
import { Zones } from '../../src/lab/dns/zones.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { createNetworkSet } from '../../src/net/cidr.ts';
import { eventually } from './lab-process.ts';
import { RunningClock } from './running-clock.ts';
import { startPeer } from './scripted-peer.ts';
import { freePort } from './serve-process.ts';

/** How a domain keeps its senders waiting; `healthy` does not. */
export const SLOW_KINDS = ['mx-silent', 'mx-servfail', 'address-silent', 'banner', 'tarpit', 'tls-stall', 'no-final-reply'] as const;
export type SlowKind = (typeof SLOW_KINDS)[number];
const PEERS: Readonly<Record<string, string>> = { healthy: '1', banner: '2', tarpit: '3', 'tls-stall': '4', 'no-final-reply': '5' };
const TARPIT_BYTE_MS = 1_000;

export interface SlowWorld {
  readonly server: RunningServer;
  /** Recipients of healthy sites, in the order in which their mail arrived. */
  readonly arrived: readonly string[];
  /** Until so many healthy recipients have their mail. */
  arrivals(count: number): Promise<void>;
  /** One message each; resolves when all are committed. */
  enqueue(recipients: readonly string[], more?: { readonly sender?: string; readonly stream?: Stream }): Promise<void>;
  /** Stops and starts the server with the same data. */
  restart(): Promise<RunningServer>;
  close(): Promise<void>;
}

/** Domains: `h0.test`, `h1.test` … are healthy, `banner3.test` is a slow one of that kind. */
export async function startSlowWorld(domains: { readonly healthy: number; readonly slow: number; readonly slowSenders?: readonly string[] }, more = ''): Promise<SlowWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-slow-'));
  const clock = new RunningClock();
  const [outPort, inPort] = [await freePort(), await freePort()];
  const arrived: string[] = [];
  const peers = await startPeers(outPort, arrived);
  const zones = new Zones();
  zones.load([
    { apex: 'shop.test', records: [{ name: 'shop.test', type: 'TXT', value: 'v=spf1 ip4:127.0.0.0/8 -all' }] },
    ...Array.from({ length: domains.healthy }, (_, at) => zone(`h${at}.test`, 'healthy')),
    ...SLOW_KINDS.flatMap((kind) => Array.from({ length: Math.ceil(domains.slow / SLOW_KINDS.length) }, (_, at) => zone(`${kind}${at}.test`, kind))),
  ]);
  const dns = await startDnsServer({
    host: '127.27.0.1', port: 0, zones, clock, log: silentLog,
    fault: ({ name, type }) => {
      if ((domains.slowSenders ?? []).some((sender) => name === sender || name.endsWith(`.${sender}`))) return 'drop';
      if (type === 'MX' && name.startsWith('mx-silent')) return 'drop';
      if (type === 'MX' && name.startsWith('mx-servfail')) return 'servfail';
      return type !== 'MX' && name.startsWith('mx.address-silent') ? 'drop' : 'none';
    },
  });
  const toml = `hostname = "mail.shop.test"\ndata-dir = "${join(folder, 'data')}"\n[listen]\nsmtp = ["127.27.0.1:${inPort}"]\n`
    + `[dns]\nservers = ["127.27.0.1:${dns.port}"]\n[outbound]\nport = ${outPort}\nprotocols = ["ipv4"]\n[[outbound.ip]]\naddress = "127.27.0.9"\n${more}`;
  const config = parseConfig(toml, join(folder, 'posthorn.toml'));
  const start = (): Promise<RunningServer> =>
    startServer({ config: { ...config, shutdownTimeoutMs: 0 }, clock, log: silentLog, verbs, connectAllowed: createNetworkSet(['127.0.0.0/8']).has });
  let server = await start();
  return {
    get server() {
      return server;
    },
    arrived,
    arrivals: async (count) => {
      // While some of it arrives the machine is slow and nothing is stuck.
      while (arrived.length < count) {
        const before = arrived.length;
        await eventually(`more mail of healthy recipients than ${before} of ${count}`, async () => arrived.length > before);
      }
    },
    enqueue: async (recipients, options = {}) => {
      await Promise.all(recipients.map((recipient) => server.context.queue?.enqueue(newItem(recipient, clock.now(), options))));
    },
    restart: async () => {
      await server.stop();
      return (server = await start());
    },
    close: async () => {
      await server.stop();
      await Promise.all(peers.map((close) => close()));
      await dns.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function zone(apex: string, kind: SlowKind | 'healthy') {
  const address = `127.27.1.${PEERS[kind] ?? PEERS['healthy']}`;
  return { apex, records: [{ name: apex, type: 'MX' as const, value: `10 mx.${apex}` }, { name: `mx.${apex}`, type: 'A' as const, value: address }] };
}

async function startPeers(port: number, arrived: string[]): Promise<readonly (() => Promise<void>)[]> {
  const healthy = await startPeer({
    address: '127.27.1.1', port,
    script: ({ command, session }) => {
      if (command === 'content') arrived.push(...lastRecipients(session.commands));
      return undefined;
    },
  });
  const stall = await startPeer({
    address: '127.27.1.4', port, offers: ['STARTTLS'],
    script: ({ command, session }) => (command !== 'STARTTLS' && session.commands.includes('STARTTLS') ? '' : undefined),
  });
  const silent = await startPeer({ address: '127.27.1.5', port, script: ({ command }) => (command === 'content' ? '' : undefined) });
  const banner = await startMute(2, port, () => {});
  const tarpit = await startMute(3, port, (socket) => {
    const timer = setInterval(() => socket.write('2'), TARPIT_BYTE_MS);
    socket.on('close', () => clearInterval(timer));
  });
  return [healthy.close, stall.close, silent.close, banner, tarpit];
}

/** Of the transaction that ends now. */
function lastRecipients(commands: readonly string[]): string[] {
  const from = commands.findLastIndex((line) => line.startsWith('MAIL'));
  return commands.slice(from).flatMap((line) => /^RCPT TO:<([^>]+)>/.exec(line)?.[1] ?? []);
}

async function startMute(last: number, port: number, greet: (socket: Socket) => void): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket)).resume();
    greet(socket);
  });
  server.listen(port, `127.27.1.${last}`);
  await once(server, 'listening');
  return async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
}

let made = 0;

function newItem(recipient: string, now: number, { sender = 'news@shop.test', stream = 'transactional' }: { readonly sender?: string; readonly stream?: Stream }): NewQueueItem {
  const id = createQueueId(now);
  const content = Buffer.from(`From: <${sender}>\r\nTo: <${recipient}>\r\nSubject: ${id}\r\nMessage-ID: <${id}.${++made}@shop.test>\r\nDate: ${new Date(now).toUTCString().replace('GMT', '+0000')}\r\n\r\nhello\r\n`);
  return {
    message: {
      id, sender, stream, options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA' },
      senderBelieved: true, contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: now, queuedAt: now,
      expiresAt: now + 86_400_000,
    },
    recipients: [{ index: 0, address: recipient, state: 'queued', attempts: 0, nextAttemptAt: now }],
    content: new BufferSource(content),
    events: [{ at: now, name: 'message.accepted' }],
  };
}
