/** Remote delivery end to end over real sockets: MX order, fall-back, TLS, extensions, reuse, partial acceptance, hostile peers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BufferSource, FileSource, type ByteSource } from '../../src/base/byte-source.ts';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Dns, DnsAnswer, RecordType } from '../../src/contract/dns.ts';
import type { DeliveryJob, DeliveryOutcome, QueueMessage, QueueRecipient, RoutePlan } from '../../src/contract/queue.ts';
import { createRemoteDeliverer, type RemoteDeliverer } from '../../src/flow/deliver/remote.ts';
import { createNetworkSet } from '../../src/net/cidr.ts';
import { createConnector } from '../../src/net/connector.ts';
import { ConnectionPool } from '../../src/net/connection-pool.ts';
import { openSmtp } from '../../src/net/smtp-client.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { clientTlsFrom } from '../../src/net/tls.ts';
import { startPeer, type Peer, type PeerOptions } from '../harness/scripted-peer.ts';

const ca = createCertificate({ subject: 'Test CA', isCa: true });
const certificate = createCertificate({ subject: 'mx.a.test', altNames: ['mx.a.test', 'relay.test'], issuer: ca });
const folder = mkdtempSync(join(tmpdir(), 'posthorn-delivery-'));
const cleanups: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

async function peer(options: PeerOptions = {}): Promise<Peer> {
  const started = await startPeer(options);
  cleanups.push(() => started.close());
  return started;
}

type Zone = Readonly<Record<string, readonly unknown[] | 'nodata' | 'servfail'>>;

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

const mx = (preference: number, exchange: string): { preference: number; exchange: string } => ({ preference, exchange });
const zoneFor = (address = '127.0.0.1'): Zone => ({ 'MX a.test': [mx(10, 'mx.a.test')], 'A mx.a.test': [address] });

interface Setup {
  readonly port: number;
  readonly zone?: Zone;
  readonly secure?: boolean;
  readonly ips?: { address: string; helo?: string }[];
  readonly listen?: string;
  readonly caKnown?: boolean;
}

function deliverer({ port, zone = zoneFor(), secure = false, ips = [], listen, caKnown = true }: Setup): RemoteDeliverer & { clock: AdjustableClock } {
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
  });
  cleanups.push(() => made.close());
  return Object.assign(made, { clock });
}

const TEXT = 'Subject: hello\r\n\r\nline\r\n.dot\r\n..\r\nend\r\n';

interface JobChanges {
  readonly content?: string | ByteSource;
  readonly options?: Partial<QueueMessage['options']>;
  readonly sender?: string;
  readonly recipients?: readonly (Partial<QueueRecipient> | string)[];
  readonly route?: RoutePlan;
}

function job({ content = TEXT, options = {}, sender = 'me@example.org', recipients = ['u@a.test'], route }: JobChanges = {}): DeliveryJob {
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

const signal = (): AbortSignal => new AbortController().signal;
const brief = (outcomes: readonly DeliveryOutcome[]): string[] => outcomes.map(({ status, scope, reply }) => `${status} ${scope} ${reply.code} ${reply.enhanced ?? '-'}`);
const verbs = (peerSession: { commands: readonly string[] } | undefined): string => (peerSession?.commands ?? []).map((line) => line.split(' ')[0]).join(' ');

test('a message arrives whole, with the facts of the attempt', async () => {
  const server = await peer();
  const [outcome] = await deliverer({ port: server.port, ips: [{ address: '127.0.0.10', helo: 'out.example.org' }] }).deliver(job(), signal());
  assert.ok(outcome);
  assert.deepEqual(brief([outcome]), ['delivered recipient 250 2.0.0']);
  assert.equal(server.messages[0]?.content, TEXT);
  assert.equal(server.messages[0]?.mail, `MAIL FROM:<me@example.org> SIZE=${TEXT.length}`);
  assert.equal(server.sessions[0]?.from, '127.0.0.10');
  assert.deepEqual(server.sessions[0]?.commands.slice(0, 1), ['EHLO out.example.org']);
  const { delays, ...facts } = outcome.attempt;
  assert.deepEqual(facts, {
    mx: 'mx.a.test', address: '127.0.0.1', port: server.port, helo: 'out.example.org', localAddress: '127.0.0.10', reused: false, peerDsn: true,
  });
  assert.ok(delays && delays.a === 10 && delays.b === 20 && delays.c >= 0 && delays.d >= 0);
});

test('connections are reused, and one that the peer closed while idle is replaced in silence', async () => {
  const server = await peer();
  const out = deliverer({ port: server.port });
  await out.deliver(job(), signal());
  const [second] = await out.deliver(job(), signal());
  assert.equal(second?.attempt.reused, true);
  assert.equal(verbs(server.sessions[0]), 'EHLO MAIL RCPT DATA MAIL RCPT DATA');
  server.sessions[0]?.drop();
  // At once, so that the end of the connection and the next message cross.
  const [third] = await out.deliver(job(), signal());
  assert.deepEqual([third?.status, third?.attempt.tried], ['delivered', undefined]);
  assert.equal(server.sessions.length, 2);
});

test('421 on a reused connection means: another connection', async () => {
  const server = await peer({ script: ({ command, count }) => (command.startsWith('MAIL') && count > 4 ? '421 4.7.0 enough for this connection' : undefined) });
  const out = deliverer({ port: server.port });
  for (const wanted of [false, false]) {
    const [outcome] = await out.deliver(job(), signal());
    assert.deepEqual([outcome?.status, outcome?.attempt.reused], ['delivered', wanted]);
  }
  assert.equal(server.sessions.length, 2);
});

test('an idle connection is left with QUIT after its time', async () => {
  const server = await peer();
  const out = deliverer({ port: server.port });
  await out.deliver(job(), signal());
  out.clock.advance(6_000);
  await out.deliver(job(), signal());
  assert.equal(server.sessions.length, 2);
  assert.equal(verbs(server.sessions[0]), 'EHLO MAIL RCPT DATA QUIT');
});

test('CHUNKING carries the content in one BDAT, also from a file', async () => {
  const server = await peer({ offers: ['PIPELINING', 'CHUNKING'] });
  const out = deliverer({ port: server.port });
  await out.deliver(job(), signal());
  const text = `Subject: big\r\n\r\n${'.0123456789\r\n'.repeat(100_000)}`;
  const file = join(folder, 'big');
  writeFileSync(file, text);
  const [outcome] = await out.deliver(job({ content: new FileSource(file, text.length) }), signal());
  assert.equal(outcome?.status, 'delivered');
  assert.deepEqual(server.messages.map(({ via, content }) => [via, content === TEXT || content === text]), [['BDAT', true], ['BDAT', true]]);
});

test('large content from a file goes by DATA too', async () => {
  const server = await peer();
  const text = `Subject: big\r\n\r\n${'.0123456789\r\n'.repeat(60_000)}`;
  const file = join(folder, 'big-data');
  writeFileSync(file, text);
  await deliverer({ port: server.port }).deliver(job({ content: new FileSource(file, text.length) }), signal());
  assert.equal(server.messages[0]?.content === text, true);
});

test('a stored message that is shorter than it should be never ends as a message', async () => {
  for (const offers of [['PIPELINING'], ['PIPELINING', 'CHUNKING'], []]) {
    const server = await peer({ offers });
    const file = join(folder, 'short');
    writeFileSync(file, TEXT);
    const outcomes = await deliverer({ port: server.port }).deliver(job({ content: new FileSource(file, TEXT.length + 50) }), signal());
    assert.deepEqual(brief(outcomes), ['deferred local 451 4.3.0']);
    assert.equal(server.messages.length, 0);
  }
});

test('a server without any extension, and one that knows only HELO', async () => {
  const plain = await peer({ offers: [] });
  assert.deepEqual(brief(await deliverer({ port: plain.port }).deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  const old = await peer({ script: ({ command }) => (command.startsWith('EHLO') ? '502 what?' : undefined) });
  assert.deepEqual(brief(await deliverer({ port: old.port }).deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  assert.equal(verbs(old.sessions[0]), 'EHLO HELO MAIL RCPT DATA');
});

test('each recipient has its own fate, those accepted get the message', async () => {
  const replies: Record<string, string> = { 'no@a.test': '550 5.1.1 who?', 'full@a.test': '452 4.2.2 full', 'big@a.test': '552 5.2.2 over quota' };
  const script: PeerOptions['script'] = ({ command }) => replies[/^RCPT TO:<(.*?)>/.exec(command)?.[1] ?? ''];
  for (const offers of [['PIPELINING'], ['PIPELINING', 'CHUNKING'], []]) {
    const server = await peer({ offers, script });
    const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients: ['u@a.test', 'no@a.test', 'full@a.test', 'big@a.test', 'v@a.test'] }), signal());
    assert.deepEqual(brief(outcomes), [
      'delivered recipient 250 2.0.0', 'failed recipient 550 5.1.1', 'deferred recipient 452 4.2.2', 'deferred recipient 552 5.2.2', 'delivered recipient 250 2.0.0',
    ]);
    assert.deepEqual(server.messages.map(({ rcpts }) => rcpts), [['RCPT TO:<u@a.test>', 'RCPT TO:<v@a.test>']]);
  }
});

test('when nobody is accepted no content is sent, even if the server would take it, and RSET comes before the next', async () => {
  const server = await peer({
    script: ({ command }) => (command.startsWith('RCPT TO:<no') ? '550 5.1.1 who?' : command === 'DATA' ? '354 go' : undefined),
  });
  const out = deliverer({ port: server.port });
  assert.deepEqual(brief(await out.deliver(job({ recipients: ['no@a.test'] }), signal())), ['failed recipient 550 5.1.1']);
  assert.deepEqual(server.messages.map(({ content }) => content), ['']);
  assert.deepEqual(brief(await out.deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  assert.equal(verbs(server.sessions[0]), 'EHLO MAIL RCPT DATA RSET MAIL RCPT DATA');
});

test('MAIL refused concerns the message, whatever is said to the pipelined rest', async () => {
  const server = await peer({ script: ({ command }) => (command.startsWith('MAIL') ? '550 5.7.1 bad sender' : command.startsWith('RCPT') ? '503 5.5.1 need MAIL' : undefined) });
  const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients: ['u@a.test', 'v@a.test'] }), signal());
  assert.deepEqual(brief(outcomes), ['failed message 550 5.7.1', 'failed message 550 5.7.1']);
});

test('452 4.5.3 splits into further transactions on the same connection; RCPTMAX does it beforehand', async () => {
  let inTransaction = 0;
  const counting: PeerOptions['script'] = ({ command }) => {
    if (command.startsWith('MAIL')) inTransaction = 0;
    return command.startsWith('RCPT') && ++inTransaction > 2 ? '452 4.5.3 too many' : undefined;
  };
  const recipients = Array.from({ length: 7 }, (_, index) => `u${index}@a.test`);
  for (const server of [await peer({ script: counting }), await peer({ offers: ['PIPELINING', 'LIMITS RCPTMAX=2'] })]) {
    const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients }), signal());
    assert.equal(outcomes.filter(({ status }) => status === 'delivered').length, 7);
    assert.deepEqual(outcomes.map(({ recipient }) => recipient), [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(server.messages.map(({ rcpts }) => rcpts.length), [2, 2, 2, 1]);
    assert.equal(server.sessions.length, 1);
  }
});

test('hosts are tried by preference; what the first said is kept with the outcome', async () => {
  const first = await peer({ script: ({ command }) => (command === 'greeting' ? '554 5.7.1 go away' : undefined) });
  const second = await peer({ address: '127.0.0.2', port: first.port });
  const zone = { 'MX a.test': [mx(20, 'two.a.test'), mx(10, 'one.a.test'), mx(5, 'dead.a.test')], 'A one.a.test': ['127.0.0.3', '127.0.0.1'], 'A two.a.test': ['127.0.0.2'] };
  const [outcome] = await deliverer({ port: first.port, zone }).deliver(job(), signal());
  assert.equal(outcome?.status, 'delivered');
  assert.equal(outcome?.attempt.mx, 'two.a.test');
  assert.deepEqual(outcome?.attempt.tried?.map((tried) => [tried.mx, tried.address, tried.error]), [
    ['dead.a.test', undefined, '550 5.4.4 dead.a.test has no ipv4 address'],
    ['one.a.test', '127.0.0.3', `451 4.4.1 connect to one.a.test[127.0.0.3]:${first.port}: Connection refused`],
    ['one.a.test', '127.0.0.1', '554 5.7.1 go away'],
  ]);
  assert.equal(second.messages.length, 1);
});

test('temporary refusals go on to the next host, permanent ones do not', async () => {
  const zone = { 'MX a.test': [mx(10, 'one.a.test'), mx(20, 'two.a.test')], 'A one.a.test': ['127.0.0.1'], 'A two.a.test': ['127.0.0.2'] };
  const first = await peer({ script: ({ command }) => (command.startsWith('RCPT TO:<grey') ? '450 4.2.0 later' : command.startsWith('RCPT TO:<no') ? '550 5.1.1 no' : undefined) });
  const second = await peer({ address: '127.0.0.2', port: first.port });
  const outcomes = await deliverer({ port: first.port, zone }).deliver(job({ recipients: ['grey@a.test', 'no@a.test', 'u@a.test'] }), signal());
  assert.deepEqual(brief(outcomes), ['delivered recipient 250 2.0.0', 'failed recipient 550 5.1.1', 'delivered recipient 250 2.0.0']);
  assert.deepEqual(outcomes.map(({ attempt }) => attempt.mx), ['two.a.test', 'one.a.test', 'one.a.test']);
  assert.deepEqual(second.messages.map(({ rcpts }) => rcpts), [['RCPT TO:<grey@a.test>']]);
});

test('domains that take no mail, and those nobody can tell about', async () => {
  const cases: [string, Zone, string][] = [
    ['null MX', { 'MX a.test': [mx(0, '')] }, 'failed recipient 556 5.1.10'],
    ['no domain', {}, 'failed recipient 550 5.1.2'],
    ['no MX, no address', { 'TXT a.test': ['x'] }, 'failed recipient 550 5.1.2'],
    ['MX fails', { 'MX a.test': 'servfail' }, 'deferred host 451 4.4.3'],
    ['MX has no address', { 'MX a.test': [mx(1, 'gone.a.test')] }, 'failed host 550 5.4.4'],
    ['address of the MX fails', { 'MX a.test': [mx(1, 'gone.a.test'), mx(2, 'mx.a.test')], 'A mx.a.test': 'servfail' }, 'deferred host 451 4.4.3'],
    ['MX is an address', { 'MX a.test': [mx(1, '127.0.0.1')] }, 'failed host 550 5.4.4'],
    ['MX is nowhere', { 'MX a.test': [mx(1, 'mx.a.test')], 'A mx.a.test': ['0.0.0.0', '255.255.255.255'] }, 'failed host 550 5.4.4'],
    ['MX is our name', { 'MX a.test': [mx(1, 'mail.example.org')], 'A mail.example.org': ['127.0.0.1'] }, 'failed host 554 5.4.6'],
    ['MX is our address', zoneFor('127.0.0.77'), 'failed host 554 5.4.6'],
  ];
  for (const [name, zone, wanted] of cases) {
    const out = deliverer({ port: 1, zone, listen: '127.0.0.77' });
    assert.deepEqual(brief(await out.deliver(job(), signal())), [wanted], name);
  }
});

test('as a backup MX we try the better hosts only, and wait for them', async () => {
  const zone = { 'MX a.test': [mx(10, 'one.a.test'), mx(20, 'mail.example.org'), mx(30, 'three.a.test')], 'A one.a.test': ['127.0.0.1'], 'A mail.example.org': ['127.0.0.77'], 'A three.a.test': ['127.0.0.3'] };
  const third = await peer({ address: '127.0.0.3' });
  assert.deepEqual(brief(await deliverer({ port: third.port, zone }).deliver(job(), signal())), ['deferred host 451 4.4.1']);
  assert.equal(third.sessions.length, 0);
});

test('a domain without MX gets its mail at its own address; an address literal too', async () => {
  const server = await peer();
  const zone = { 'A a.test': ['127.0.0.1'] };
  assert.equal((await deliverer({ port: server.port, zone }).deliver(job(), signal()))[0]?.status, 'delivered');
  const route = { kind: 'mx', key: 'mx:[127.0.0.1]', domain: '[127.0.0.1]' } as const;
  assert.equal((await deliverer({ port: server.port, zone: {} }).deliver(job({ route }), signal()))[0]?.status, 'delivered');
});

test('what the lab does not allow is refused by code', async () => {
  const outcomes = await deliverer({ port: 25, zone: zoneFor('192.0.2.1') }).deliver(job(), signal());
  assert.deepEqual(brief(outcomes), ['deferred local 451 4.3.0']);
  assert.match(outcomes[0]?.reply.text ?? '', /stays inside the lab/);
});

test('STARTTLS is used when offered, verified or not, and recorded', async () => {
  const server = await peer({ tls: certificate });
  const [known] = await deliverer({ port: server.port }).deliver(job(), signal());
  assert.deepEqual([known?.status, known?.attempt.tls?.version, known?.attempt.tls?.verified], ['delivered', 'TLSv1.3', true]);
  const [unknown] = await deliverer({ port: server.port, caKnown: false }).deliver(job(), signal());
  assert.deepEqual([unknown?.status, unknown?.attempt.tls?.verified], ['delivered', false]);
  assert.deepEqual(server.messages.map(({ tls }) => tls), [true, true]);
});

test('broken TLS: refused STARTTLS goes on in the clear, a broken handshake on a new connection', async () => {
  const refusing = await peer({ tls: certificate, script: ({ command }) => (command === 'STARTTLS' ? '454 4.7.0 not now' : undefined) });
  assert.equal((await deliverer({ port: refusing.port }).deliver(job(), signal()))[0]?.status, 'delivered');
  assert.equal(refusing.sessions.length, 1);
  const broken = await peer({
    offers: ['STARTTLS'],
    script: ({ command, session }) => {
      if (command === 'STARTTLS') setImmediate(() => session.drop());
      return undefined;
    },
  });
  const [outcome] = await deliverer({ port: broken.port }).deliver(job(), signal());
  assert.deepEqual([outcome?.status, outcome?.attempt.tls], ['delivered', undefined]);
  assert.equal(broken.sessions.length, 2);
});

test('bytes in the clear behind the go-ahead of STARTTLS are an attack', async () => {
  const server = await peer({ tls: certificate, script: ({ command, tls }) => (command === 'STARTTLS' && !tls ? '220 go\r\n250 injected' : undefined) });
  const outcomes = await deliverer({ port: server.port }).deliver(job(), signal());
  assert.deepEqual(brief(outcomes), ['deferred host 451 4.5.0']);
  assert.equal(server.messages.length, 0);
});

test('REQUIRETLS: delivered only with DNSSEC, a certificate that checks out and the offer, else 5.7.30', async () => {
  const options = { requireTls: true };
  const offering = await peer({ tls: certificate, offers: ['REQUIRETLS', 'PIPELINING'] });
  const good = await deliverer({ port: offering.port, secure: true }).deliver(job({ options }), signal());
  assert.deepEqual(brief(good), ['delivered recipient 250 2.0.0']);
  assert.equal(offering.messages[0]?.mail, 'MAIL FROM:<me@example.org> REQUIRETLS');
  const lacking = await peer({ tls: certificate });
  const clear = await peer();
  for (const out of [
    deliverer({ port: offering.port, secure: false }),
    deliverer({ port: offering.port, secure: true, caKnown: false }),
    deliverer({ port: lacking.port, secure: true }),
    deliverer({ port: clear.port, secure: true }),
  ]) assert.deepEqual(brief(await out.deliver(job({ options }), signal())), ['failed host 550 5.7.30']);
});

test('extensions are used where offered: DSN parameters in xtext, SIZE, SMTPUTF8', async () => {
  const server = await peer();
  const recipients = [{ notify: ['success', 'failure'] as const, originalRecipient: 'rfc822;a+b=c@a.test' }];
  await deliverer({ port: server.port }).deliver(job({ recipients, options: { returnContent: 'headers', envelopeId: 'x y+1' } }), signal());
  assert.equal(server.messages[0]?.mail, `MAIL FROM:<me@example.org> SIZE=${TEXT.length} RET=HDRS ENVID=x+20y+2B1`);
  assert.deepEqual(server.messages[0]?.rcpts, ['RCPT TO:<u@a.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb+3Dc@a.test']);
  await deliverer({ port: server.port }).deliver(job({ recipients: ['\u00fc@a.test'], sender: '' }), signal());
  assert.equal(server.messages[1]?.mail, `MAIL FROM:<> SIZE=${TEXT.length} SMTPUTF8`);
  const plain = await peer({ offers: ['PIPELINING'] });
  const [outcome] = await deliverer({ port: plain.port }).deliver(job({ recipients, options: { envelopeId: 'x' } }), signal());
  assert.deepEqual([plain.messages[0]?.mail, outcome?.attempt.peerDsn], ['MAIL FROM:<me@example.org>', false]);
});

test('UTF-8 addresses without SMTPUTF8: domains are rewritten, local parts fail alone, headers fail the message', async () => {
  const server = await peer({ offers: ['PIPELINING'] });
  const out = deliverer({ port: server.port });
  const outcomes = await out.deliver(job({ recipients: ['u@b\u00fccher.test', '\u00fc@a.test'], options: { smtpUtf8: true } }), signal());
  assert.deepEqual(brief(outcomes), ['delivered recipient 250 2.0.0', 'failed recipient 553 5.6.7']);
  assert.deepEqual(server.messages[0]?.rcpts, ['RCPT TO:<u@xn--bcher-kva.test>']);
  assert.deepEqual(brief(await out.deliver(job({ content: 'Subject: \u00fc\r\n\r\nx\r\n', options: { smtpUtf8: true } }), signal())), ['failed message 554 5.6.7']);
  assert.deepEqual(brief(await out.deliver(job({ sender: '\u00fc@a.test', options: { smtpUtf8: true } }), signal())), ['failed message 554 5.6.7']);
});

test('8-bit text: declared where offered, narrowed when it is ASCII, converted where not offered', async () => {
  const eight = 'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u00fc\r\n';
  const offering = await peer({ offers: ['PIPELINING', '8BITMIME'] });
  const out = deliverer({ port: offering.port });
  await out.deliver(job({ content: eight, options: { body: '8bitmime' } }), signal());
  assert.equal(offering.messages[0]?.mail, 'MAIL FROM:<me@example.org> BODY=8BITMIME');
  const plain = await peer({ offers: ['PIPELINING'] });
  const other = deliverer({ port: plain.port });
  await other.deliver(job({ options: { body: '8bitmime' } }), signal());
  assert.equal(plain.messages[0]?.content, TEXT);
  await other.deliver(job({ content: eight, options: { body: '8bitmime' } }), signal());
  assert.match(plain.messages[1]?.content ?? '', /Content-Transfer-Encoding: (quoted-printable|base64)[^]*(=C3=BC|w7w)/);
  const hopeless = 'Subject: \u00fc\r\n\r\nx\r\n';
  assert.deepEqual(brief(await other.deliver(job({ content: hopeless, options: { body: '8bitmime' } }), signal())), ['failed message 554 5.6.3']);
});

test('a message larger than the server takes is not sent', async () => {
  const server = await peer({ offers: ['SIZE 10'] });
  assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job(), signal())), ['failed message 554 5.3.4']);
  assert.equal(verbs(server.sessions[0]), 'EHLO');
});

test('an address with a line end in it is never put into a command', async () => {
  const server = await peer();
  const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients: ['u@a.test>\r\nRCPT TO:<x@b.test', 'v@a.test'] }), signal());
  assert.deepEqual(brief(outcomes), ['failed recipient 553 5.1.3', 'delivered recipient 250 2.0.0']);
  assert.deepEqual(server.messages[0]?.rcpts, ['RCPT TO:<v@a.test>']);
});

test('refusals by step: whom they concern', async () => {
  const cases: [string, string, string][] = [
    ['greeting', '554 5.7.1 listed', 'deferred host 554 5.7.1'],
    ['greeting', '521 no mail here', 'failed host 521 -'],
    ['greeting', '421 4.3.2 busy', 'deferred session 421 4.3.2'],
    ['EHLO', '550 5.5.4 bad name', 'failed host 550 5.5.4'],
    ['EHLO', '450 4.7.1 no PTR', 'deferred host 450 4.7.1'],
    ['MAIL', '451 4.7.1 greylisted', 'deferred message 451 4.7.1'],
    ['RCPT', '334 what', 'deferred recipient 334 -'],
    ['DATA', '554 5.5.1 no', 'failed message 554 5.5.1'],
    ['DATA', '451 4.3.0 no', 'deferred message 451 4.3.0'],
    ['content', '550 5.7.26 unauthenticated', 'failed message 550 5.7.26'],
    ['content', '421 4.7.28 rate', 'deferred session 421 4.7.28'],
  ];
  for (const offers of [['PIPELINING'], ['PIPELINING', 'CHUNKING'], []]) {
    for (const [step, reply, wanted] of cases) {
      if (step === 'DATA' && offers.includes('CHUNKING')) continue;
      const server = await peer({ offers, script: ({ command }) => (command.startsWith(step) ? reply : undefined) });
      assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job(), signal())), [wanted], `${step} ${reply} ${offers.join()}`);
      await server.close();
    }
  }
});

test('lost connections by step; after the content nobody else is asked', async () => {
  const zone = { 'MX a.test': [mx(10, 'one.a.test'), mx(20, 'two.a.test')], 'A one.a.test': ['127.0.0.1'], 'A two.a.test': ['127.0.0.2'] };
  for (const [step, wanted, secondSessions] of [
    ['greeting', 'delivered recipient 250 2.0.0', 1],
    ['MAIL', 'delivered recipient 250 2.0.0', 1],
    ['RCPT', 'delivered recipient 250 2.0.0', 1],
    ['content', 'deferred session 451 4.4.2', 0],
  ] as const) {
    const first = await peer({
      script: ({ command, session }) => {
        if (!command.startsWith(step)) return undefined;
        session.drop();
        return '';
      },
    });
    const second = await peer({ address: '127.0.0.2', port: first.port });
    assert.deepEqual(brief(await deliverer({ port: first.port, zone }).deliver(job(), signal())), [wanted], step);
    assert.equal(second.sessions.length, secondSessions, step);
    await Promise.all([first.close(), second.close()]);
  }
});

test('a silent peer is given up at the deadline of each step', async () => {
  for (const step of ['greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'content']) {
    const { promise: silent, resolve: reached } = Promise.withResolvers<void>();
    let isSilent = false;
    const server = await peer({
      script: ({ command }) => {
        isSilent ||= command.startsWith(step);
        if (!isSilent) return undefined;
        reached();
        return '';
      },
    });
    const out = deliverer({ port: server.port });
    const work = out.deliver(job(), signal());
    await silent;
    // The client may not have begun to wait for this step yet: the earlier replies are on their way.
    const pulse = setInterval(() => out.clock.advance(600_000), 5);
    const outcomes = await work;
    clearInterval(pulse);
    // The peer may have accepted the connection before we know that it is open.
    assert.match(brief(outcomes)[0] ?? '', step === 'greeting' ? /^deferred host 451 4\.4\.[12]$/ : /^deferred (host|session) 451 4\.4\.2$/, step);
    await server.close();
  }
});

test('a peer that answers each step at the last moment is given up within the hour', async () => {
  const time: { clock?: AdjustableClock } = {};
  const server = await peer({
    offers: [],
    script: ({ command }) => {
      if (command.startsWith('RCPT')) time.clock?.advance(290_000);
      return undefined;
    },
  });
  const out = deliverer({ port: server.port });
  time.clock = out.clock;
  const recipients = Array.from({ length: 30 }, (_, index) => `u${index}@a.test`);
  const outcomes = await out.deliver(job({ recipients }), signal());
  assert.deepEqual(new Set(brief(outcomes)), new Set(['deferred session 451 4.4.2']));
  assert.equal(server.messages.length, 0);
});

test('no more connections are kept than allowed, and none after close', async () => {
  const clock = new AdjustableClock();
  const server = await peer();
  const ports = { connector: createConnector({ clock }), clock, clientTls: clientTlsFrom() };
  const pool = new ConnectionPool(clock, { idleConnectionMs: 5000, idleConnectionsMax: 2 });
  for (let turn = 0; turn < 3; turn += 1) {
    const opened = await openSmtp(ports, { address: '127.0.0.1', port: server.port, host: 'x', helo: 'h', tls: 'none' });
    assert.ok(opened.kind === 'open');
    pool.give('key', opened.connection);
  }
  assert.equal(pool.size, 2);
  assert.equal(pool.take('other'), undefined);
  const taken = pool.take('key');
  assert.ok(taken);
  pool.closeAll();
  assert.equal(pool.size, 0);
  pool.give('key', taken);
  assert.equal(pool.size, 0);
  assert.equal(taken.reusable, false);
});

test('hostile peers are cut off', async () => {
  const cases: [string, string][] = [
    ['endless line', `220 ${'x'.repeat(300_000)}`],
    ['endless reply', '220-x\r\n'.repeat(300)],
    ['not SMTP', 'HTTP/1.1 400 Bad Request'],
    ['binary', '\x16\x03\x01\x02\x00'.repeat(100)],
    ['different codes', '220-a\r\n250 b'],
  ];
  for (const [name, text] of cases) {
    const server = await peer({ script: ({ command }) => (command === 'greeting' ? text : undefined) });
    assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job(), signal())), ['deferred host 451 4.5.0'], name);
  }
});

test('control characters and length of a reply do not get through', async () => {
  const server = await peer({ script: ({ command }) => (command.startsWith('RCPT') ? `550 5.1.1 a\x1b[31m\x00b${'c'.repeat(1900)}` : undefined) });
  const [outcome] = await deliverer({ port: server.port }).deliver(job(), signal());
  assert.ok(outcome?.reply.text.startsWith('a?[31m?b') && outcome.reply.text.length <= 2000);
});

test('an abort ends the delivery with a local deferral', async () => {
  const stop = new AbortController();
  const server = await peer({
    script: ({ command }) => {
      if (!command.startsWith('MAIL')) return undefined;
      stop.abort(new Error('bye'));
      return '';
    },
  });
  const out = deliverer({ port: server.port });
  assert.deepEqual(brief(await out.deliver(job(), stop.signal)), ['deferred local 451 4.3.0']);
  assert.deepEqual(brief(await out.deliver(job(), stop.signal)), ['deferred local 451 4.3.0']);
});

const script: PeerOptions['script'] = ({ command }) => (command.startsWith('AUTH PLAIN ') ? '235 2.7.0 ok' : undefined);

test('smarthost: log-in over verified TLS, and never without it', async () => {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'secret\n');
  const zone = { 'A relay.test': ['127.0.0.1'] };
  const server = await peer({ tls: certificate, offers: ['AUTH PLAIN', 'PIPELINING'], script });
  const route = (tls: 'verify' | 'opportunistic' | 'none', port: number): RoutePlan => ({ kind: 'smarthost', key: 's', host: 'relay.test', port, tls, username: 'u', passwordFile });
  const [outcome] = await deliverer({ port: 1, zone }).deliver(job({ route: route('verify', server.port) }), signal());
  assert.equal(outcome?.status, 'delivered');
  assert.ok(server.sessions[0]?.commands.includes(`AUTH PLAIN ${Buffer.from('\0u\0secret').toString('base64')}`));
  for (const tls of ['verify', 'opportunistic'] as const) {
    const clear = await peer({ offers: ['AUTH PLAIN'], script });
    const mitm = await peer({ tls: createCertificate({ subject: 'relay.test', altNames: ['relay.test'] }), offers: ['AUTH PLAIN'], script });
    for (const bad of [clear, mitm]) {
      const outcomes = await deliverer({ port: 1, zone }).deliver(job({ route: route(tls, bad.port) }), signal());
      assert.match(brief(outcomes)[0] ?? '', /^deferred host 451 4\.7\.[45]$/, tls);
      assert.ok(bad.sessions.every(({ commands }) => commands.every((line) => !line.startsWith('AUTH'))));
    }
  }
  const open = await peer({ offers: ['AUTH PLAIN'], script });
  assert.equal((await deliverer({ port: 1, zone }).deliver(job({ route: route('none', open.port) }), signal()))[0]?.status, 'delivered');
});

test('smarthost: a wrong password, a missing file and an unknown host are for the administrator, and wait', async () => {
  const zone = { 'A relay.test': ['127.0.0.1'] };
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'wrong\n');
  const server = await peer({ offers: ['AUTH LOGIN'], script: ({ command }) => (command === 'AUTH LOGIN' ? '334 VXNlcm5hbWU6' : command === 'dQ==' ? '334 UGFzc3dvcmQ6' : command === Buffer.from('wrong').toString('base64') ? '535 5.7.8 no' : undefined) });
  const route = { kind: 'smarthost', key: 's', host: 'relay.test', port: server.port, tls: 'none', username: 'u', passwordFile } as const;
  const out = deliverer({ port: 1, zone });
  assert.deepEqual(brief(await out.deliver(job({ route }), signal())), ['deferred host 535 5.7.8']);
  assert.deepEqual(brief(await out.deliver(job({ route: { ...route, passwordFile: join(folder, 'none') } }), signal())), ['deferred local 451 4.3.0']);
  assert.deepEqual(brief(await out.deliver(job({ route: { ...route, host: 'gone.test' } }), signal())), ['deferred local 451 4.3.5']);
});

test('many at once: connections are shared and nothing is mixed up', async () => {
  const server = await peer({ offers: ['PIPELINING', 'CHUNKING'] });
  const out = deliverer({ port: server.port });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let number = next++; number < 400; number = next++) {
      const outcomes = await out.deliver(job({ content: `Subject: ${number}\r\n\r\n${number}\r\n`, recipients: [`u${number}@a.test`] }), signal());
      assert.equal(outcomes[0]?.status, 'delivered');
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  assert.equal(server.messages.length, 400);
  for (const { rcpts, content } of server.messages) assert.equal(/u(\d+)@/.exec(rcpts[0] ?? '')?.[1], /Subject: (\d+)/.exec(content)?.[1]);
  assert.ok(server.sessions.length <= 16, `${server.sessions.length} sessions`);
});
