/**
 * The frame of users' sessions with a protocol made for this test: lines and counted bytes in any pieces, TLS and
 * compression, limits and deadlines, and clients that mean harm.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createSecureContext } from 'node:tls';
import { constants, createInflateRaw, deflateRawSync } from 'node:zlib';
import type { ClientConnection } from '../../src/access/connection/client-connection.ts';
import { createAccessFrame, type AccessFrame } from '../../src/access/connection/listener.ts';
import type { AccessProtocol } from '../../src/access/connection/protocol.ts';
import { ACCESS_LIMITS } from '../../src/base/access-limits.ts';
import { AdjustableClock } from '../../src/base/clock.ts';
import { Log, type LogEntry } from '../../src/base/log.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { eventually } from '../harness/lab-process.ts';
import { RawClient } from '../harness/raw-client.ts';

const HOST = '127.32.0.1';
const LINE_MAX = 1000;
const IDLE_MS = 600_000;

/** A source that is never in memory and counts what is read of it. */
class Endless {
  readonly inMemory = undefined;
  readonly size: number;
  readBytes = 0;

  constructor(size: number) {
    this.size = size;
  }

  async *chunks(): AsyncIterable<Buffer> {
    for (; this.readBytes < this.size; this.readBytes += 64 * 1024) yield Buffer.alloc(64 * 1024, 0x61);
  }

  async read(): Promise<Buffer> {
    throw new Error('not wanted');
  }
}

type Verb = (connection: ClientConnection, argument: string) => Promise<void> | void;

const endless = new Endless(256 * 1024 * 1024);

const VERBS: Readonly<Record<string, Verb>> = {
  ECHO: (connection, text) => connection.write(`echo ${text}\r\n`),
  LOGIN: (connection, account) => connection.write(connection.enter(account) ? 'in\r\n' : 'full\r\n'),
  LEAVE: (connection) => connection.leaveAccount(),
  FAIL: () => {
    throw new Error('a bug');
  },
  TLS: async (connection) => {
    connection.write('go\r\n');
    await connection.startTls();
  },
  DEFLATE: (connection) => {
    connection.write('go\r\n');
    connection.startCompression();
  },
  GET: async (connection, size) => {
    const source = size === 'endless' ? endless : { inMemory: undefined, size: Number(size), chunks: async function* () { yield Buffer.alloc(Number(size), 0x62); }, read: async () => Buffer.alloc(0) };
    await connection.writeSource(source);
  },
  PUT: async (connection, size) => {
    const received = await connection.receive(Number(size));
    if (received === 'closed') return;
    const hash = createHash('sha256');
    for await (const chunk of received.content.chunks()) hash.update(chunk);
    connection.write(`${received.content.size} ${hash.digest('hex')} ${received.content.inMemory ? 'memory' : 'file'}\r\n`);
    await received.discard();
  },
  READ: async (connection, size) => {
    const bytes = await connection.readBytes(Number(size));
    if (bytes !== 'closed') connection.write(`read ${bytes.toString()}\r\n`);
  },
  SKIP: async (connection, size) => connection.write(`${await connection.skip(Number(size))}\r\n`),
  WHO: (connection) =>
    connection.write(`${connection.client.address} trusted=${connection.client.trusted} secure=${connection.isSecure} plain=${connection.plaintextAllowed} starttls=${connection.canStartTls} bindings=${[...connection.channelBindings.keys()].join(',')}\r\n`),
};

const echo: AccessProtocol = {
  service: 'pop3',
  idleTimeoutMs: IDLE_MS,
  farewell: (reason) => `bye ${reason}\r\n`,
  serve: async (connection) => {
    connection.write('hello\r\n');
    for (;;) {
      const line = await connection.readLine(LINE_MAX);
      if (line === 'closed' || line.toString() === 'QUIT') return;
      const [verb = '', argument = ''] = line.toString().split(' ', 2);
      if (line === 'too-long') connection.write('too long\r\n');
      else await (VERBS[verb] ?? (() => connection.write('what?\r\n')))(connection, argument);
    }
  },
};

interface Site {
  readonly frame: AccessFrame;
  readonly clock: AdjustableClock;
  readonly log: LogEntry[];
  readonly port: number;
  readonly uploads: string;
  readonly tls: { readonly ca: string; readonly servername: string };
  open(): Promise<RawClient>;
}

const certificate = createCertificate({ subject: 'mail.example.org', altNames: ['mail.example.org'] });

async function site(context: TestContext, { trusted = [] as string[], proxies = [] as string[], atOnce = false } = {}): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-frame-'));
  const uploads = join(dir, 'uploads');
  const clock = new AdjustableClock();
  const log: LogEntry[] = [];
  const secureContext = createSecureContext({ cert: certificate.certificatePem, key: certificate.keyPem });
  const frame = await createAccessFrame({ config: { networks: { trusted, cleartextLogin: [], proxies } }, clock, log: new Log((entry) => log.push(entry)), secureContext: () => secureContext, uploadsDir: uploads });
  const [where] = await frame.listen(echo, [{ address: HOST, port: 0 }], atOnce ? 'at-once' : 'on-request');
  const { port } = where as { port: number };
  const tls = { ca: certificate.certificatePem, servername: 'mail.example.org' };
  const clients: RawClient[] = [];
  context.after(async () => {
    for (const client of clients) client.destroy();
    await frame.close(0);
    rmSync(dir, { recursive: true, force: true });
  });
  const open = async (): Promise<RawClient> => {
    const client = await RawClient.open(HOST, port, atOnce ? tls : undefined);
    clients.push(client);
    return client;
  };
  return { frame, clock, log, port, uploads, tls, open };
}

async function greeted(from: Site): Promise<RawClient> {
  const client = await from.open();
  assert.equal(await client.line(), 'hello');
  return client;
}

test('commands and counted bytes come in any pieces, and pipelined ones are answered in order', async (context) => {
  const client = await greeted(await site(context));
  const text = 'ECHO one\r\nREAD 7\r\nab\r\ncd\nECHO two\nSKIP 3\r\nxyzECHO three\r\n';
  const expected = 'echo one\r\nread ab\r\ncd\n\r\necho two\r\nskipped\r\necho three\r\n';
  client.send(text);
  assert.equal((await client.bytes(expected.length)).toString(), expected);
  client.socket.setNoDelay(true);
  for (const byte of text) client.send(byte);
  assert.equal((await client.bytes(expected.length)).toString(), expected);
});

test('counted bytes lie in memory or in a file that goes away', async (context) => {
  const at = await site(context);
  const client = await greeted(at);
  for (const [size, place] of [[0, 'memory'], [1000, 'memory'], [3_000_000, 'file']] as const) {
    const bytes = Buffer.alloc(size, 0x63);
    client.send(`PUT ${size}\r\n`);
    client.send(bytes);
    assert.equal(await client.line(), `${size} ${createHash('sha256').update(bytes).digest('hex')} ${place}`);
  }
  await eventually('the file is gone', async () => readdirSync(at.uploads).length === 0);
  client.send('PUT 3000000\r\nbut not all of it');
  client.socket.end();
  await client.rest();
  await eventually('the file of the one who left is gone', async () => readdirSync(at.uploads).length === 0);
});

test('STARTTLS: what was sent behind the command in the clear is never seen', async (context) => {
  const at = await site(context);
  const client = await greeted(at);
  assert.equal(await client.ask('WHO'), '127.0.0.1 trusted=false secure=false plain=false starttls=true bindings=');
  client.send('TLS\r\nECHO injected\r\n');
  assert.equal(await client.line(), 'go');
  await client.startTls(at.tls);
  assert.equal(await client.ask('ECHO fresh'), 'echo fresh');
  assert.equal(await client.ask('WHO'), '127.0.0.1 trusted=false secure=true plain=true starttls=false bindings=tls-exporter,tls-server-end-point');
  const rude = await greeted(at);
  rude.send('TLS\r\n');
  assert.equal(await rude.line(), 'go');
  rude.send('this is no handshake\r\n');
  assert.doesNotMatch(await rude.rest(), /what/);
});

test('TLS from the first byte', async (context) => {
  const at = await site(context, { atOnce: true });
  const client = await greeted(at);
  assert.match(await client.ask('WHO'), /secure=true plain=true starttls=false bindings=tls-exporter/);
  const plain = await RawClient.open(HOST, at.port);
  plain.send('ECHO x\r\n');
  assert.doesNotMatch(await plain.rest(), /hello|echo/);
  await eventually('it has left', async () => at.frame.connections === 1);
  const silent = await RawClient.open(HOST, at.port);
  await eventually('another is there', async () => at.frame.connections === 2);
  await at.clock.pass(ACCESS_LIMITS.tlsHandshakeDeadlineMs + 1000);
  await silent.rest();
});

test('COMPRESS=DEFLATE in both directions', async (context) => {
  const client = await greeted(await site(context));
  assert.equal(await client.ask('DEFLATE'), 'go');
  const inflate = createInflateRaw();
  client.replaceInput((chunk) => inflate.write(chunk));
  let text = '';
  let wake: (() => void) | undefined;
  inflate.on('data', (data: Buffer) => {
    text += data.toString();
    wake?.();
  });
  const until = async (size: number): Promise<string> => {
    while (text.length < size) await new Promise<void>((resolve) => (wake = resolve));
    const got = text;
    text = '';
    return got;
  };
  const send = (data: string): void => client.send(deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }));
  send('ECHO packed\r\n');
  assert.equal(await until(13), 'echo packed\r\n');
  send(`PUT 500000\r\n${'z'.repeat(500_000)}`);
  assert.match(await until(70), /^500000 [0-9a-f]{64} file\r\n$/);
  send('GET 300000\r\nECHO end\r\n');
  assert.equal(await until(300_010), `${'b'.repeat(300_000)}echo end\r\n`);
  client.send(Buffer.from('this is no deflate stream'));
  await client.rest();
});

test('one deadline until log-in, afterwards one for silence, which trickling does not move', async (context) => {
  const at = await site(context);
  const [silent, trickling, user] = [await greeted(at), await greeted(at), await greeted(at)];
  assert.equal(await user.ask('LOGIN alice'), 'in');
  await at.clock.pass(ACCESS_LIMITS.loginDeadlineMs / 2);
  assert.equal(await trickling.ask('ECHO still here'), 'echo still');
  trickling.send('ECH');
  await at.clock.pass(ACCESS_LIMITS.loginDeadlineMs / 2 + 1000);
  assert.equal(await silent.line(), 'bye login-timeout');
  assert.equal(await trickling.line(), 'bye login-timeout');
  assert.equal(await user.ask('ECHO a'), 'echo a');
  user.send('ECHO b');
  await at.clock.pass(IDLE_MS - 10_000);
  user.send('c');
  await at.clock.pass(11_000);
  assert.equal(await user.line(), 'bye idle');
});

test('a client and an account have their shares', async (context) => {
  const at = await site(context);
  const strangers: RawClient[] = [];
  for (let count = 0; count < ACCESS_LIMITS.connectionsPerClientMax; count += 1) strangers.push(await greeted(at));
  assert.equal(await (await at.open()).line(), 'bye too-many-connections');
  for (const client of strangers) assert.equal(await client.ask('LOGIN bob'), 'in');
  const users: RawClient[] = [];
  for (let count = 0; count < ACCESS_LIMITS.connectionsPerAccountMax; count += 1) {
    const user = await greeted(at);
    assert.equal(await user.ask('LOGIN alice'), 'in');
    users.push(user);
  }
  const another = await greeted(at);
  assert.equal(await another.ask('LOGIN alice'), 'full');
  users[0]?.send('LEAVE\r\n');
  assert.equal(await users[0]?.ask('ECHO left'), 'echo left');
  assert.equal(await another.ask('LOGIN alice'), 'in');
});

test('behind a proxy its header is required and believed', async (context) => {
  const at = await site(context, { trusted: ['198.51.100.0/24'], proxies: ['127.0.0.0/8'] });
  const client = await at.open();
  client.send('PROXY TCP4 198.51.100.7 192.0.2.1 4711 143\r\nWHO\r\n');
  assert.equal(await client.line(), 'hello');
  assert.equal(await client.line(), '198.51.100.7 trusted=true secure=false plain=true starttls=true bindings=');
  const health = await at.open();
  health.send('PROXY UNKNOWN\r\nWHO\r\n');
  assert.equal(await health.line(), 'hello');
  assert.match(await health.line(), /^127\.0\.0\.1 trusted=false/);
  const bare = await at.open();
  bare.send('ECHO x\r\n');
  assert.equal(await bare.rest(), '');
  await eventually('it has left', async () => at.frame.connections === 2);
  const mute = await at.open();
  await eventually('another is there', async () => at.frame.connections === 3);
  await at.clock.pass(ACCESS_LIMITS.proxyHeaderDeadlineMs + 1);
  assert.equal(await mute.rest(), '');
});

test('TLS from the first byte behind the header of a proxy', async (context) => {
  const at = await site(context, { proxies: ['127.0.0.0/8'], atOnce: true });
  const client = await RawClient.open(HOST, at.port);
  client.socket.cork();
  client.send('PROXY TCP4 198.51.100.7 192.0.2.1 4711 993\r\n');
  const secured = client.startTls(at.tls);
  // Header and the beginning of the handshake leave together.
  client.rawSocket.uncork();
  await secured;
  assert.equal(await client.line(), 'hello');
  assert.match(await client.ask('WHO'), /^198\.51\.100\.7 trusted=false secure=true plain=true/);
  client.destroy();
});

test('much that was pipelined before STARTTLS is dropped as well', async (context) => {
  const at = await site(context);
  const client = await greeted(at);
  client.send(`TLS\r\n${'ECHO injected\r\n'.repeat(20_000)}`);
  assert.equal(await client.line(), 'go');
  assert.doesNotMatch(await client.rest(), /injected/);
});

test('a line without end and a client that never reads cost no memory and end', async (context) => {
  const at = await site(context);
  const long = await greeted(at);
  assert.equal(await long.ask('x'.repeat(LINE_MAX + 1)), 'too long');
  assert.equal(await long.ask('ECHO goes on'), 'echo goes');
  long.send('y'.repeat(4 * ACCESS_LIMITS.discardedLineBytesMax));
  await long.rest();
  const deaf = await greeted(at);
  assert.equal(await deaf.ask('LOGIN alice'), 'in');
  deaf.socket.pause();
  deaf.send('GET endless\r\n');
  await eventually('nothing more is read of the source', async () => {
    const before = endless.readBytes;
    await at.clock.pass(0);
    return before > 0 && endless.readBytes === before;
  });
  assert.ok(endless.readBytes < 32 * 1024 * 1024, `${endless.readBytes} bytes were read for a client that takes none`);
  await at.clock.pass(ACCESS_LIMITS.writeDeadlineMs + 1000);
  await eventually('it was cut off', async () => at.frame.connections === 0);
});

test('counted bytes that come too slowly end the session; half-open clients get their answers', async (context) => {
  const at = await site(context);
  const slow = await greeted(at);
  assert.equal(await slow.ask('LOGIN alice'), 'in');
  slow.send('PUT 3000000\r\nabc');
  await eventually('the upload has begun', async () => readdirSync(at.uploads).length === 1);
  slow.send('d');
  await at.clock.pass(ACCESS_LIMITS.transferStepDeadlineMs + 1000);
  assert.equal(await slow.line(), 'bye idle');
  const half = await greeted(at);
  half.send('ECHO last\r\nECHO cut off');
  half.socket.end();
  assert.equal(await half.rest(), 'echo last\r\n');
});

test('a bug ends one session; closing says farewell to those who wait', async (context) => {
  const at = await site(context);
  const [unlucky, waiting] = [await greeted(at), await greeted(at)];
  assert.equal(await unlucky.ask('FAIL'), 'bye internal-error');
  assert.equal(at.log.filter(({ event }) => event === 'access.internal-error').length, 1);
  assert.equal(await waiting.ask('ECHO fine'), 'echo fine');
  const closing = at.frame.close(10_000);
  assert.equal(await waiting.line(), 'bye shutting-down');
  waiting.destroy();
  await closing;
  await assert.rejects(RawClient.open(HOST, at.port));
});
