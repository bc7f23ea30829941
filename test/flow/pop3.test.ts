/** POP3 over real sockets: the rules of its states and its lock, exact octets, and what survives a session. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createSecureContext } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { createAccessFrame } from '../../src/access/connection/listener.ts';
import { MaildropLocks } from '../../src/access/pop3/maildrop-locks.ts';
import { createPop3 } from '../../src/access/pop3/pop3-protocol.ts';
import { POP3_LIMITS } from '../../src/base/access-limits.ts';
import { BufferSource } from '../../src/base/byte-source.ts';
import { AdjustableClock } from '../../src/base/clock.ts';
import { Log, type LogEntry } from '../../src/base/log.ts';
import { createLogin } from '../../src/login/login.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { tlsExporter } from '../../src/net/tls-exporter.ts';
import { derivePassword } from '../../src/store/password.ts';
import { openStore, type OwnStore } from '../../src/store/store.ts';
import { createSaslClient } from '../../src/wire/sasl/client.ts';
import { eventually } from '../harness/lab-process.ts';
import { RawClient } from '../harness/raw-client.ts';

const HOST = '127.32.0.2';
const ALICE = 'alice@example.org';
const PASSWORD = 'correct horse';

interface Site {
  readonly store: OwnStore;
  readonly clock: AdjustableClock;
  readonly log: LogEntry[];
  readonly tls: { readonly ca: string; readonly servername: string };
  inbox(): Promise<number>;
  fill(...messages: readonly string[]): Promise<void>;
  /** Greeted. */
  open(): Promise<RawClient>;
  /** Logged in. */
  user(): Promise<RawClient>;
}

const certificate = createCertificate({ subject: 'mail.example.org', altNames: ['mail.example.org'] });
const credentials = derivePassword(PASSWORD);

async function site(context: TestContext, trusted: readonly string[] = ['127.0.0.0/8']): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-pop3-'));
  const clock = new AdjustableClock();
  const entries: LogEntry[] = [];
  const log = new Log((entry) => entries.push(entry));
  const store = await openStore(join(dir, 'data'), { clock });
  const login = createLogin({ store, clock, log });
  const closing: (() => unknown)[] = [() => rmSync(dir, { recursive: true, force: true }), () => store.close(), () => login.close()];
  context.after(async () => {
    for (const close of closing.toReversed()) await close();
  });
  await store.directory.addDomain('example.org', { at: clock.now() });
  await store.directory.addAccount(ALICE, await credentials, clock.now());
  const secureContext = createSecureContext({ cert: certificate.certificatePem, key: certificate.keyPem });
  const frame = await createAccessFrame({ config: { networks: { trusted, cleartextLogin: [], proxies: [] } }, clock, log, secureContext: () => secureContext, uploadsDir: join(dir, 'uploads') });
  const pop3 = createPop3({ mailboxes: store.mailbox, locks: new MaildropLocks(), login, log, hostname: 'mail.example.org' });
  const [where] = await frame.listen(pop3, [{ address: HOST, port: 0 }], 'on-request');
  const clients: RawClient[] = [];
  closing.push(() => frame.close(100), () => clients.forEach((client) => client.destroy()));
  const inbox = async (): Promise<number> => (await store.mailbox.folders.find(ALICE, 'INBOX'))?.id as number;
  const open = async (): Promise<RawClient> => {
    const client = await RawClient.open(HOST, (where as { port: number }).port);
    clients.push(client);
    assert.equal(await client.line(), '+OK mail.example.org POP3 ready');
    return client;
  };
  const user = async (): Promise<RawClient> => {
    const client = await open();
    assert.match(await client.ask(`USER ${ALICE}`), /^\+OK/);
    assert.match(await client.ask(`PASS ${PASSWORD}`), /^\+OK/);
    return client;
  };
  const fill = async (...messages: readonly string[]): Promise<void> => {
    const rows = messages.map((text) => ({ content: new BufferSource(Buffer.from(text)), flags: [], internalDate: clock.now() }));
    const folder = await inbox();
    for (let at = 0; at < rows.length; at += 500) await store.mailbox.messages.append(folder, rows.slice(at, at + 500));
  };
  return { store, clock, log: entries, tls: { ca: certificate.certificatePem, servername: 'mail.example.org' }, inbox, fill, open, user };
}

const letter = (subject: string, body = 'Hello\r\n'): string => `From: a@example.net\r\nSubject: ${subject}\r\n\r\n${body}`;

async function uids(at: Site): Promise<readonly number[]> {
  return [...((await at.store.mailbox.messages.snapshot(await at.inbox()))?.messages.uids ?? [])];
}

async function flags(at: Site): Promise<readonly (readonly string[])[]> {
  const { messages } = (await at.store.mailbox.messages.snapshot(await at.inbox())) as NonNullable<Awaited<ReturnType<OwnStore['mailbox']['messages']['snapshot']>>>;
  return [...messages.flagSets].map((set) => messages.sets[set] as readonly string[]);
}

test('an empty mailbox', async (context) => {
  const client = await (await site(context)).user();
  assert.equal(await client.ask('STAT'), '+OK 0 0');
  assert.equal(await client.ask('LIST'), '+OK 0 messages (0 octets)');
  assert.deepEqual(await client.untilDot(), []);
  assert.match(await client.ask('UIDL'), /^\+OK/);
  assert.deepEqual(await client.untilDot(), []);
  for (const command of ['RETR 1', 'DELE 1', 'LIST 1', 'UIDL 1', 'TOP 1 0', 'RETR 0', 'RETR x', 'RETR']) assert.match(await client.ask(command), /^-ERR /, command);
  assert.equal(await client.ask('QUIT'), '+OK goodbye');
  assert.equal(await client.rest(), '');
});

test('octets are exact, dots are stuffed, and TOP ends where it should', async (context) => {
  const at = await site(context);
  const texts = [letter('dots', '.\r\n..\r\n.x\r\n\r\nend\r\n'), letter('none', ''), letter('large', `${'0123456789abcdef\r\n'.repeat(40_000)}`)];
  await at.fill(...texts);
  const client = await at.user();
  assert.equal(await client.ask('STAT'), `+OK 3 ${texts.reduce((sum, { length }) => sum + length, 0)}`);
  for (const [index, text] of texts.entries()) {
    assert.equal(await client.ask(`LIST ${index + 1}`), `+OK ${index + 1} ${text.length}`);
    assert.equal(await client.ask(`RETR ${index + 1}`), `+OK ${text.length} octets`);
    const stuffed = `${text.replaceAll(/^\./gm, '..')}.\r\n`;
    assert.ok((await client.bytes(stuffed.length)).toString() === stuffed, `message ${index + 1}`);
  }
  const header = 'From: a@example.net\r\nSubject: dots\r\n\r\n';
  for (const [lines, body] of [[0, ''], [1, '..\r\n'], [2, '..\r\n...\r\n'], [99, '..\r\n...\r\n..x\r\n\r\nend\r\n']] as const) {
    assert.match(await client.ask(`TOP 1 ${lines}`), /^\+OK/);
    const expected = `${header}${body}.\r\n`;
    assert.equal((await client.bytes(expected.length)).toString(), expected);
  }
  assert.match(await client.ask('TOP 3 2'), /^\+OK/);
  assert.equal((await client.untilDot()).length, 5);
  for (const wrong of ['TOP 1', 'TOP 1 x', 'TOP 1 2 3', 'TOP 9 1']) assert.match(await client.ask(wrong), /^-ERR/, wrong);
});

test('one session has the maildrop; an end without QUIT deletes nothing and frees it', async (context) => {
  const at = await site(context);
  await at.fill(letter('one'), letter('two'));
  const first = await at.user();
  const second = await at.open();
  await second.ask(`USER ${ALICE}`);
  assert.match(await second.ask(`PASS ${PASSWORD}`), /^-ERR \[IN-USE\] /);
  assert.match(await second.ask('STAT'), /^-ERR/);
  assert.match(await first.ask('DELE 1'), /^\+OK/);
  first.destroy();
  await eventually('the maildrop is free', async () => {
    await second.ask(`USER ${ALICE}`);
    return (await second.ask(`PASS ${PASSWORD}`)).startsWith('+OK');
  });
  assert.match(await second.ask('STAT'), /^\+OK 2 /);
  assert.match(await second.ask('DELE 1'), /^\+OK/);
  assert.match(await second.ask('QUIT'), /^\+OK/);
  // No wait: the answer to QUIT says that it is free.
  const third = await at.user();
  assert.match(await third.ask('STAT'), /^\+OK 1 /);
  await third.ask('DELE 1');
  at.clock.advance(POP3_LIMITS.idleTimeoutMs + 1000);
  assert.match(await third.line(), /^-ERR /);
  assert.deepEqual(await uids(at), [2]);
});

test('deleted messages are hidden, RSET brings them back, QUIT removes them, and numbers stay', async (context) => {
  const at = await site(context);
  await at.fill(letter('one'), letter('two'), letter('three'), letter('four'));
  const client = await at.user();
  assert.match(await client.ask('DELE 2'), /^\+OK/);
  for (const command of ['DELE 2', 'RETR 2', 'LIST 2', 'UIDL 2', 'TOP 2 1']) assert.match(await client.ask(command), /^-ERR/, command);
  await client.ask('LIST');
  assert.deepEqual((await client.untilDot()).map((line) => line.split(' ')[0]), ['1', '3', '4']);
  assert.match(await client.ask('RSET'), /^\+OK 4 /);
  await client.ask('UIDL');
  const before = await client.untilDot();
  await at.fill(letter('five'));
  assert.match(await client.ask('STAT'), /^\+OK 4 /, 'what arrives is seen by the next session');
  // Somebody else expunges one and flags one meanwhile.
  await at.store.mailbox.messages.remove(await at.inbox(), [[3, 3]]);
  for (const number of [1, 3, 4]) assert.match(await client.ask(`DELE ${number}`), /^\+OK/);
  assert.equal(await client.ask('QUIT'), '+OK goodbye');
  assert.deepEqual(await uids(at), [2, 5]);
  const next = await at.user();
  await next.ask('UIDL');
  const after = await next.untilDot();
  assert.deepEqual(after.map((line) => line.split(' ')[0]), ['1', '2']);
  assert.equal(after[0]?.split(' ')[1], before[1]?.split(' ')[1], 'unique ids stay');
  assert.ok(!before.map((line) => line.split(' ')[1]).includes(after[1]?.split(' ')[1]));
});

test('what was read whole is \\Seen afterwards; TOP reads nothing', async (context) => {
  const at = await site(context);
  await at.fill(letter('one'), letter('two'), letter('three'));
  const client = await at.user();
  for (const command of ['RETR 1', 'TOP 2 5', 'RETR 3']) {
    assert.match(await client.ask(command), /^\+OK/);
    await client.untilDot();
  }
  assert.match(await client.ask('DELE 3'), /^\+OK/);
  await client.ask('QUIT');
  assert.deepEqual(await flags(at), [['\\Seen'], []]);
  const dropped = await at.user();
  await dropped.ask('RETR 2');
  await dropped.untilDot();
  dropped.destroy();
  await eventually('it is marked', async () => (await flags(at))[1]?.includes('\\Seen') === true);
});

test('pipelined commands are answered in order, wrong ones and those out of place are refused', async (context) => {
  const at = await site(context);
  await at.fill(letter('one'));
  const client = await at.open();
  client.send(`STAT\r\nPASS x\r\nUSER ${ALICE}\r\nPASS ${PASSWORD}\r\nSTAT\r\nuser x\r\nNoop\r\nXYZZY\r\nLIST 1\r\nDELE 1\r\nRSET\r\nQUIT\r\n`);
  const answers = (await client.rest()).split('\r\n').map((line) => line.slice(0, 4).trim());
  assert.deepEqual(answers, ['-ERR', '-ERR', '+OK', '+OK', '+OK', '-ERR', '+OK', '-ERR', '+OK', '+OK', '+OK', '+OK', '']);
  const lost = await at.open();
  lost.send('JUNK\r\n'.repeat(POP3_LIMITS.badCommandsMax + 5));
  assert.equal((await lost.rest()).split('\r\n').length - 1, POP3_LIMITS.badCommandsMax);
  const web = await at.open();
  web.send(`GET / HTTP/1.1\r\n${'x'.repeat(20_000)}\r\n`);
  assert.match(await web.line(), /^-ERR/);
  assert.match(await web.line(), /^-ERR this line is too long/);
});

test('log-in: plain text only where it may be, SASL, failures, and what CAPA says about it', async (context) => {
  const at = await site(context, []);
  const client = await at.open();
  assert.match(await client.ask(`USER ${ALICE}`), /^-ERR log in over TLS/);
  assert.match(await client.ask('AUTH PLAIN AGEAYg=='), /^-ERR log in over TLS/);
  await client.ask('CAPA');
  const before = await client.untilDot();
  assert.ok(before.includes('STLS') && !before.some((line) => /^(?:SASL|USER)/.test(line)), before.join());
  client.send(`STLS\r\nUSER eve\r\n`);
  assert.match(await client.line(), /^\+OK/);
  await client.startTls(at.tls);
  assert.match(await client.ask(`PASS ${PASSWORD}`), /^-ERR USER comes first/, 'what was injected is forgotten');
  assert.match(await client.ask('STLS'), /^-ERR/);
  await client.ask('CAPA');
  const after = await client.untilDot();
  assert.ok(after.includes('SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN') && after.includes('USER') && !after.includes('STLS'), after.join());
  assert.match(await client.ask('AUTH'), /^\+OK/);
  assert.deepEqual(await client.untilDot(), ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN']);
  assert.match(await client.ask('AUTH NONSENSE'), /^-ERR/);
  assert.equal(await client.ask('AUTH LOGIN'), '+ VXNlcm5hbWU6');
  assert.match(await client.ask('*'), /^-ERR cancelled/);
  assert.match(await client.ask('AUTH PLAIN !!!'), /^-ERR/);
  const plain = (password: string): string => Buffer.from(`\0${ALICE}\0${password}`).toString('base64');
  assert.match(await client.ask(`AUTH PLAIN ${plain('wrong')}`), /^-ERR \[AUTH\]/);
  assert.equal(await client.ask('AUTH PLAIN'), '+ ');
  assert.match(await client.ask(plain(PASSWORD)), /^\+OK 0 messages/);
  assert.deepEqual(
    at.log.filter(({ event }) => event.startsWith('access.login')).map(({ event, fields }) => [event, fields['mechanism'], fields['username'] ?? fields['account']]),
    [['access.login-failed', 'PLAIN', ALICE], ['access.login', 'PLAIN', ALICE]],
  );
  assert.ok(!JSON.stringify(at.log).includes('wrong"'));
});

test('SCRAM-SHA-256 with the channel bound, and a proof that does not fit', async (context) => {
  const at = await site(context, []);
  const attempt = async (password: string, mechanism: 'SCRAM-SHA-256-PLUS' | 'SCRAM-SHA-256'): Promise<string> => {
    const client = await at.open();
    await client.ask('STLS');
    await client.startTls(at.tls);
    const tls = tlsExporter(client.socket as TLSSocket);
    const sasl = createSaslClient(mechanism, { username: ALICE, password }, tls && mechanism.endsWith('PLUS') ? { tlsExporter: tls } : {});
    let line = await client.ask(`AUTH ${mechanism} ${sasl.initial?.toString('base64')}`);
    while (line.startsWith('+ ')) {
      const step = await sasl.step(Buffer.from(line.slice(2), 'base64'));
      line = await client.ask(step.kind === 'respond' ? step.data.toString('base64') : '*');
    }
    if (line.startsWith('+OK')) assert.ok(sasl.serverProven);
    await client.ask('QUIT');
    return line;
  };
  assert.match(await attempt(PASSWORD, 'SCRAM-SHA-256-PLUS'), /^\+OK 0 messages/);
  assert.match(await attempt(PASSWORD, 'SCRAM-SHA-256'), /^\+OK 0 messages/);
  assert.match(await attempt('wrong password', 'SCRAM-SHA-256-PLUS'), /^-ERR \[AUTH\]/);
});

test('UTF8, LANG and other small commands', async (context) => {
  const client = await (await site(context)).open();
  assert.match(await client.ask('UTF8'), /^\+OK/);
  assert.match(await client.ask('LANG'), /^\+OK/);
  assert.deepEqual((await client.untilDot()).map((line) => line.split(' ')[0]), ['i-default', 'en']);
  assert.match(await client.ask('LANG en'), /^\+OK en /);
  assert.match(await client.ask('LANG *'), /^\+OK i-default /);
  assert.match(await client.ask('LANG tlh'), /^-ERR/);
  assert.match(await client.ask('QUIT'), /^\+OK/);
});

test('a maildrop of 20,000 messages is listed, read at both ends and emptied', async (context) => {
  const at = await site(context);
  await at.fill(...Array.from({ length: 20_000 }, (_, index) => letter(`m${index}`, '')));
  const client = await at.user();
  client.send('LIST\r\nUIDL\r\nTOP 20000 0\r\n');
  await client.line();
  const sizes = await client.untilDot();
  await client.line();
  const ids = await client.untilDot();
  assert.deepEqual([sizes.length, new Set(ids.map((line) => line.split(' ')[1])).size], [20_000, 20_000]);
  await client.line();
  assert.ok((await client.untilDot()).includes('Subject: m19999'));
  client.send(Array.from({ length: 20_000 }, (_, index) => `DELE ${index + 1}\r\n`).join(''));
  for (let count = 0; count < 20_000; count += 1) assert.equal((await client.line()).startsWith('+OK'), true);
  assert.equal(await client.ask('QUIT'), '+OK goodbye');
  assert.deepEqual(await uids(at), []);
});
