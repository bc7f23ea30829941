/** What delivery tests share: a zone as DNS, a deliverer around it, jobs, and outcomes in short. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { BufferSource, type ByteSource } from '../../src/base/byte-source.ts';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Dns, DnsAnswer, RecordType } from '../../src/contract/dns.ts';
import type { DeliveryJob, DeliveryOutcome, QueueMessage, QueueRecipient, RoutePlan } from '../../src/contract/queue.ts';
import { createRemoteDeliverer, type RemoteDeliverer, type RemoteDelivererOptions } from '../../src/flow/deliver/remote.ts';
import { createNetworkSet } from '../../src/net/cidr.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { clientTlsFrom } from '../../src/net/tls.ts';
import { startPeer, type Peer, type PeerOptions } from './scripted-peer.ts';

export const ca = createCertificate({ subject: 'Test CA', isCa: true });
export const certificate = createCertificate({ subject: 'mx.a.test', altNames: ['mx.a.test', 'relay.test'], issuer: ca });
export const folder = mkdtempSync(join(tmpdir(), 'posthorn-delivery-'));
const cleanups: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

export async function peer(options: PeerOptions = {}): Promise<Peer> {
  const started = await startPeer(options);
  cleanups.push(() => started.close());
  return started;
}

export type Zone = Readonly<Record<string, readonly unknown[] | 'nodata' | 'servfail'>>;

function zoneDns(zone: Zone, secure = false): Dns {
  return {
    async query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> {
      const entry = zone[`${type} ${name}`];
      if (entry === 'servfail') return { kind: 'failure', reason: 'servfail', detail: 'test' };
      if (entry && entry !== 'nodata') return { kind: 'found', records: entry as never, ttlSeconds: 60, secure, canonicalName: name };
      const exists = Object.keys(zone).some((key) => key.endsWith(` ${name}`));
      return exists ? { kind: 'nodata', secure } : { kind: 'nxdomain', secure };
    },
  };
}

export const mx = (preference: number, exchange: string): { preference: number; exchange: string } => ({ preference, exchange });
export const zoneFor = (address = '127.0.0.1'): Zone => ({ 'MX a.test': [mx(10, 'mx.a.test')], 'A mx.a.test': [address] });

export interface Setup {
  readonly port: number;
  readonly zone?: Zone;
  readonly secure?: boolean;
  readonly ips?: { address: string; helo?: string }[];
  readonly listen?: string;
  readonly caKnown?: boolean;
  readonly signAgain?: RemoteDelivererOptions['signAgain'];
  readonly httpsFetch?: RemoteDelivererOptions['httpsFetch'];
}

export function deliverer({ port, zone = zoneFor(), secure = false, ips = [], listen, caKnown = true, signAgain, httpsFetch }: Setup): RemoteDeliverer & { clock: AdjustableClock } {
  const clock = new AdjustableClock();
  const made = createRemoteDeliverer({
    config: {
      hostname: 'mail.example.org',
      listen: { smtp: listen ? [{ address: listen, port }] : [], submission: [], submissions: [] },
      outbound: { protocols: ['ipv4'], port, ips },
    },
    dns: zoneDns(zone, secure),
    connector: createConnector({ clock, allow: createNetworkSet(['127.0.0.0/8']).has }),
    clock,
    log: silentLog,
    clientTls: clientTlsFrom(caKnown ? ca.certificatePem : undefined),
    ...(signAgain && { signAgain }),
    ...(httpsFetch && { httpsFetch }),
  });
  cleanups.push(() => made.close());
  return Object.assign(made, { clock });
}

export const TEXT = 'Subject: hello\r\n\r\nline\r\n.dot\r\n..\r\nend\r\n';

export interface JobChanges {
  readonly content?: string | ByteSource;
  readonly options?: Partial<QueueMessage['options']>;
  readonly sender?: string;
  readonly recipients?: readonly (Partial<QueueRecipient> | string)[];
  readonly route?: RoutePlan;
}

export function job({ content = TEXT, options = {}, sender = 'me@example.org', recipients = ['u@a.test'], route }: JobChanges = {}): DeliveryJob {
  const source = typeof content === 'string' ? new BufferSource(Buffer.from(content)) : content;
  const now = Date.now();
  return {
    message: {
      id: 'id1',
      sender,
      options: { body: '7bit', smtpUtf8: false, requireTls: false, ...options },
      origin: { kind: 'submission', protocol: 'ESMTPSA' },
      senderBelieved: true,
      contentDigest: '00',
      sizeBytes: source.size,
      startedAt: now - 30,
      queuedAt: now - 20,
      expiresAt: now + 1e9,
    },
    recipients: recipients.map((one, index) => ({
      index, address: 'u@a.test', state: 'queued', attempts: 0, nextAttemptAt: now, ...(typeof one === 'string' ? { address: one } : one),
    })),
    route: route ?? { kind: 'mx', key: 'mx:a.test', domain: 'a.test' },
    content: source,
    leasedAt: now,
  };
}

export const signal = (): AbortSignal => new AbortController().signal;
export const brief = (outcomes: readonly DeliveryOutcome[]): string[] => outcomes.map(({ status, scope, reply }) => `${status} ${scope} ${reply.code} ${reply.enhanced ?? '-'}`);
export const verbs = (peerSession: { commands: readonly string[] } | undefined): string => (peerSession?.commands ?? []).map((line) => line.split(' ')[0]).join(' ');

