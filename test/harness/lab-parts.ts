/**
 * The simulated internet alone, without our server: a sender with a key of its own stands in for example.org. For tests
 * of the lab's parts.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { insideLab } from '../../src/lab/address-plan.ts';
import { dkimRecordOf } from '../../src/lab/dns/internet.ts';
import { createLab, type Lab } from '../../src/lab/lab.ts';
import { sendMail, type SendResult } from '../../src/lab/outside/send.ts';
import { createOutsideSigner } from '../../src/lab/outside/signing.ts';
import { createConnector } from '../../src/net/connector.ts';
import type { ZoneRecord } from '../../src/lab/dns/zone-record.ts';

/** Of this process's own: two test runs on one machine must not meet. */
const PORT_BASE = 10_000 + (process.pid % 200) * 100;
/** Generated once: it is slow, and every lab may share it. */
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

export interface LetterOptions {
  readonly sender?: string;
  readonly from?: string;
  readonly helo?: string;
  /** d= of the signature; false for none. Default example.org. */
  readonly sign?: string | false;
  readonly body?: string;
  /** Replaces the header; lines without line ends. */
  readonly header?: readonly string[];
  readonly extra?: readonly string[];
  readonly localAddress?: string;
  readonly mailParameters?: string;
}

export interface LabParts {
  readonly lab: Lab;
  readonly clock: AdjustableClock;
  readonly dir: string;
  /** Our sending address. */
  readonly ip: string;
  records: ZoneRecord[];
  /** Sends one message from our address to that recipient at its provider. */
  send(to: string, options?: LetterOptions): Promise<SendResult>;
}

let serial = 0;

/** `block` is N of 127.N.0.0, one per test file. */
export async function withLab(block: number, work: (parts: LabParts) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'posthorn-lab-'));
  const clock = new AdjustableClock();
  const ip = `127.${block}.0.10`;
  const parts = { records: ourRecords(ip) };
  const lab = createLab({
    loopback: `127.${block}.0.0`,
    portBase: PORT_BASE,
    dir,
    clock,
    log: silentLog,
    serverHost: { hostname: 'mail.example.org', ip, mxAddress: `127.${block}.0.1` },
    ourRecords: async () => parts.records,
  });
  const signer = createOutsideSigner(privateKey, () => clock.now());
  const connector = createConnector({ clock, allow: insideLab });
  const send = async (to: string, options: LetterOptions = {}): Promise<SendResult> => {
    const domain = to.slice(to.lastIndexOf('@') + 1);
    const mx = lab.providers.find((provider) => provider.domains.includes(domain))?.mx;
    if (!mx) throw new Error(`no provider for ${to}`);
    const plain = letter(to, options, clock.now());
    const content = options.sign === false ? plain : await signer.dkim(plain, options.sign ?? 'example.org');
    return sendMail(connector, clock, {
      address: mx.address,
      port: mx.port,
      localAddress: options.localAddress ?? ip,
      helo: options.helo ?? 'mail.example.org',
      sender: options.sender ?? 'alice@example.org',
      recipient: to,
      content,
      ...(options.mailParameters === undefined ? {} : { mailParameters: options.mailParameters }),
    });
  };
  await lab.start();
  try {
    await work(Object.assign(parts, { lab, clock, dir, ip, send }));
  } finally {
    await lab.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

function ourRecords(ip: string): ZoneRecord[] {
  return [
    { name: 'example.org', type: 'MX', value: '10 mail.example.org.' },
    { name: 'example.org', type: 'TXT', value: `"v=spf1 ip4:${ip} ~all"` },
    { name: '_dmarc.example.org', type: 'TXT', value: 'v=DMARC1; p=none' },
    { name: 'lab._domainkey.example.org', type: 'TXT', value: dkimRecordOf(createPublicKey(privateKey)) },
    { name: 'mail.example.org', type: 'TXT', value: 'v=spf1 a -all' },
  ];
}

function letter(to: string, options: LetterOptions, now: number): Buffer {
  const header = options.header ?? [
    `From: Alice <${options.from ?? 'alice@example.org'}>`,
    `To: <${to}>`,
    'Subject: Hello',
    `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${now}.${serial++}@example.org>`,
  ];
  return Buffer.from([...header, ...(options.extra ?? []), '', options.body ?? 'Hello there.', ''].join('\r\n'));
}
