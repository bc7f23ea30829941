/**
 * IMAP, POP3 and ManageSieve in a thread of their own: log-ins and log lines go through the main thread, mail that comes
 * in there is seen here, a thread that dies is replaced, a reload brings another certificate, and a stop says farewell.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { SystemClock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import { startServer, type RunningServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLineFormat } from '../../src/face/log-lines.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { derivePassword } from '../../src/store/password.ts';
import { eventually } from '../harness/lab-process.ts';
import { RawClient } from '../harness/raw-client.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

const HOST = '127.32.0.3';
const ALICE = 'alice@thread.example';
const PASSWORD = 'correct horse';

interface Site {
  readonly server: RunningServer;
  readonly file: string;
  readonly log: () => readonly { readonly event: string; readonly account?: string }[];
  /** Greeted, under TLS. */
  open(service: 'imaps' | 'pop3s'): Promise<RawClient>;
  newCertificate(name: string): void;
}

async function site(context: TestContext): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-access-'));
  const file = join(dir, 'posthorn.toml');
  const newCertificate = (name: string): void => {
    const { certificatePem, keyPem } = createCertificate({ subject: name, altNames: [name] });
    writeFileSync(join(dir, 'cert.pem'), certificatePem);
    writeFileSync(join(dir, 'key.pem'), keyPem, { mode: 0o600 });
  };
  newCertificate('first.example');
  const listeners = ['smtp', 'imaps', 'pop3s'].map((service) => `${service} = ["${HOST}:0"]\n`).join('');
  writeFileSync(
    file,
    `hostname = "mail.thread.example"\ndata-dir = "${join(dir, 'data')}"\nshutdown-timeout = "60s"\n[listen]\n${listeners}[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n[dns]\nservers = ["127.0.0.1:9"]\n`,
  );
  let text = '';
  const writeLines = (lines: string): void => void (text += lines);
  const clock = new SystemClock();
  const log = new Log(createLineFormat({ format: 'json', level: 'info' }, writeLines), () => clock.now());
  const server = await startServer({ config: loadConfig(file), clock, log, verbs, accessThread: { writeLines } });
  context.after(async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const { directory } = server.context.store;
  await directory.addDomain('thread.example', { at: clock.now() });
  await directory.addAccount(ALICE, await derivePassword(PASSWORD), clock.now());
  const open = async (service: 'imaps' | 'pop3s'): Promise<RawClient> => {
    const [listener] = server.access?.addresses[service] ?? [];
    const { port } = listener as { port: number };
    const client = await RawClient.open(HOST, port, { rejectUnauthorized: false });
    assert.match(await client.line(), /^(?:\+OK|\* OK)/);
    return client;
  };
  return { server, file, newCertificate, open, log: () => text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as { event: string }) };
}

async function popUser(at: Site): Promise<RawClient> {
  const client = await at.open('pop3s');
  await client.ask(`USER ${ALICE}`);
  assert.match(await client.ask(`PASS ${PASSWORD}`), /^\+OK/);
  return client;
}

test('mail that came in by the main thread is read here, and log lines arrive there', async (context) => {
  const at = await site(context);
  const { port } = at.server.addresses.smtp[0] as { port: number };
  await sendMessage({ host: HOST, port }, { from: 'a@elsewhere.example', to: [ALICE], content: 'From: a@elsewhere.example\r\nSubject: for you\r\n\r\nHello\r\n' });
  let client: RawClient | undefined;
  await eventually('the message is there', async () => {
    await client?.ask('QUIT');
    client = await popUser(at);
    return (await client.ask('STAT')).startsWith('+OK 1 ');
  });
  assert.match((await client?.ask('RETR 1')) ?? '', /^\+OK/);
  assert.ok((await client?.untilDot())?.includes('Subject: for you'));
  await client?.ask('QUIT');
  await eventually('the log has it', async () => at.log().some(({ event, account }) => event === 'access.login' && account === ALICE));
  await eventually('it is counted', async () => at.server.context.metrics?.counts.some(({ name, labels }) => name === 'posthorn_logins_total' && labels['service'] === 'pop3') === true);
  const imap = await at.open('imaps');
  assert.match(await imap.ask(`a LOGIN ${ALICE} "${PASSWORD}"`), /^a OK/);
  assert.match(await imap.ask('b STATUS INBOX (MESSAGES)'), /MESSAGES 1/);
});

test('a thread that dies is replaced', async (context) => {
  const at = await site(context);
  const client = await popUser(at);
  await at.server.access?.thread?.endAbruptly();
  await client.rest();
  await eventually('another one serves', async () => {
    const next = await popUser(at).catch(() => undefined);
    next?.destroy();
    return next !== undefined;
  });
  assert.ok(at.log().some(({ event }) => event === 'access.thread-ended'));
});

test('a thread that dies while the certificate cannot be read comes back once it can', async (context) => {
  const at = await site(context);
  writeFileSync(join(at.file, '..', 'cert.pem'), 'nonsense');
  await at.server.access?.thread?.endAbruptly();
  await eventually('its successor fails', async () => at.log().some(({ event }) => event === 'access.thread-failed'));
  at.newCertificate('mended.example');
  await eventually('another one serves', async () => {
    const next = await popUser(at).catch(() => undefined);
    next?.destroy();
    return next !== undefined;
  });
});

test('a reload brings another certificate, and a wrong one changes nothing', async (context) => {
  const at = await site(context);
  const subject = async (): Promise<string | undefined> => {
    const client = await at.open('pop3s');
    const { subject: name } = (client.socket as TLSSocket).getPeerCertificate();
    client.destroy();
    return name.CN as string | undefined;
  };
  assert.equal(await subject(), 'first.example');
  at.newCertificate('second.example');
  assert.deepEqual(await at.server.reload(loadConfig(at.file)), []);
  assert.equal(await subject(), 'second.example');
  writeFileSync(join(at.file, '..', 'cert.pem'), 'nonsense');
  await assert.rejects(at.server.reload(loadConfig(at.file)));
  assert.equal(await subject(), 'second.example');
});

test('a stop says farewell, also to those who are silent', async (context) => {
  const at = await site(context);
  const [pop, imap] = [await popUser(at), await at.open('imaps')];
  const stopping = at.server.stop();
  assert.match(await pop.line(), /^-ERR \[SYS\/TEMP\]/);
  assert.match(await imap.line(), /^\* BYE/);
  await Promise.all([pop.rest(), imap.rest(), stopping]);
  assert.equal(at.log().filter(({ event }) => event === 'access.thread-ended').length, 0);
});
