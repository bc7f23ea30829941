/**
 * Sessions in threads of their own: what counts for all of them counts over all of them, changes made in the main thread
 * are known in each at once, and nothing acknowledged is lost when they die.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import { startServer, type RunningServer } from '../../src/compose/server.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLineFormat } from '../../src/face/log-lines.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { derivePassword } from '../../src/store/password.ts';
import { eventually } from '../harness/lab-process.ts';
import { startRecordingSink, type RecordingSink } from '../harness/recording-sink.ts';
import { writeRelayConfig } from '../harness/serve-process.ts';
import { sendMessage, SmtpDialogue } from '../harness/smtp-dialogue.ts';

const THREADS = 2;
/** Enough that every thread gets some: the system spreads connections by chance. */
const CONNECTIONS = 24;
const ARRIVAL_TIMEOUT_MS = 30_000;

interface Site {
  readonly server: RunningServer;
  readonly config: Config;
  readonly port: number;
  readonly sink: RecordingSink;
  readonly lines: () => { event: string; id?: string }[];
}

async function startSite(context: TestContext, more = ''): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-threads-'));
  const sink = await startRecordingSink();
  const file = join(dir, 'posthorn.toml');
  writeRelayConfig({ file, dataDir: join(dir, 'data'), port: 0, nextHopPort: sink.port, more });
  const config = loadConfig(file);
  let text = '';
  const writeLines = (lines: string): void => void (text += lines);
  const clock = new SystemClock();
  const log = new Log(createLineFormat({ format: 'json', level: 'info' }, writeLines), () => clock.now());
  const server = await startServer({ config, clock, log, verbs, sessionThreads: { count: THREADS, writeLines } });
  context.after(async () => {
    await server.stop();
    sink.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const port = server.addresses.smtp[0]?.port as number;
  return { server, config, port, sink, lines: () => text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as { event: string; id?: string }) };
}

function content(subject: string): string {
  return `From: a@serve.example\r\nSubject: ${subject}\r\n\r\nHello\r\n`;
}

function sendTo({ port }: Site, subject: string, to = 'b@sink.example'): Promise<string> {
  return sendMessage({ host: '127.0.0.1', port }, { from: 'a@serve.example', to: [to], content: content(subject) });
}

const subjects = (prefix: string): string[] => Array.from({ length: CONNECTIONS }, (_, index) => `${prefix}-${index}`);

test('messages of all threads are delivered, and each one’s log lines are in order', async (context) => {
  const site = await startSite(context);
  const replies = await Promise.all(subjects('m').map((subject) => sendTo(site, subject)));
  const ids = replies.map((reply) => /^250 .*queued as ([0-9a-z]+)/.exec(reply)?.[1] as string);
  assert.equal(new Set(ids).size, CONNECTIONS);
  await site.sink.has(subjects('m'), ARRIVAL_TIMEOUT_MS);
  await eventually('the last message is out of the queue', async () => site.lines().filter(({ event }) => event === 'queue.removed').length === CONNECTIONS);
  const events = ids.map((id) => site.lines().filter((line) => line.id === id).map(({ event }) => event));
  for (const one of events) assert.deepEqual(one.filter((event) => !event.startsWith('smtp.')), ['message.accepted', 'queue.active', 'delivery.outcome', 'queue.removed']);
  assert.equal(new Set(ids.map((id) => id.charAt(9))).size, THREADS, 'every thread took some');
  assert.deepEqual([...site.sink.subjects.values()].filter((count) => count !== 1), []);
});

test('a client’s connections are counted over all threads', async (context) => {
  const site = await startSite(context, '[smtp]\nmax-connections-per-client = 5\n');
  // The client must be a stranger: those of our own networks are not counted.
  await site.server.reload({ ...site.config, networks: { ...site.config.networks, trusted: ['192.0.2.0/24'] } });
  const guests = await Promise.all(Array.from({ length: CONNECTIONS }, () => SmtpDialogue.open('127.0.0.1', site.port)));
  const greetings = await Promise.all(guests.map((guest) => guest.reply()));
  assert.equal(greetings.filter((greeting) => greeting.startsWith('220')).length, 5);
  assert.equal(greetings.filter((greeting) => greeting.startsWith('421')).length, CONNECTIONS - 5);
  for (const guest of guests) guest.close();
  await eventually('the places are free again', async () => {
    const late = await SmtpDialogue.open('127.0.0.1', site.port);
    const greeting = await late.reply();
    late.close();
    return greeting.startsWith('220');
  });
});

test('an account made in the main thread is known in every thread, its log-in too, and a reload reaches all', async (context) => {
  const site = await startSite(context, '[smtp]\nmax-message-size = "1MiB"\n');
  const guests = await Promise.all(Array.from({ length: CONNECTIONS }, () => SmtpDialogue.open('127.0.0.1', site.port)));
  const say = async (line: string): Promise<string[]> => Promise.all(guests.map((guest) => guest.say(line)));
  await Promise.all(guests.map((guest) => guest.reply()));
  const { directory } = site.server.context.store;
  await directory.addDomain('serve.example', { at: 0 });
  assert.match((await say('EHLO client.example')).join(), /SIZE 1048576/);
  await say('MAIL FROM:<a@sink.example>');
  assert.deepEqual([...new Set((await say('RCPT TO:<new@serve.example>')).map((reply) => reply.slice(0, 3)))], ['550']);
  await directory.addAccount('new@serve.example', await derivePassword('secret-of-new'), 0);
  assert.deepEqual([...new Set((await say('RCPT TO:<new@serve.example>')).map((reply) => reply.slice(0, 3)))], ['250']);
  await site.server.reload({ ...site.config, smtp: { ...site.config.smtp, maxMessageSize: 2 * 1024 * 1024 } });
  for (const reply of await say('EHLO client.example')) assert.match(reply, /SIZE 2097152/);
  for (const guest of guests) guest.close();
});

test('threads that die lose nothing they acknowledged, and are replaced', async (context) => {
  const site = await startSite(context);
  const acknowledged: string[] = [];
  let ended = false;
  const sending = Array.from({ length: 6 }, async (_, session) => {
    for (let count = 0; !ended; count += 1) {
      const subject = `c-${session}-${count}`;
      const reply = await sendTo(site, subject).catch(() => '');
      if (reply.startsWith('250')) acknowledged.push(subject);
      // Nobody listens until a thread is replaced; asking without a pause would keep it from starting.
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  for (let round = 1; round <= 2; round += 1) {
    const before = acknowledged.length;
    await eventually('mail is taken', async () => acknowledged.length > before + 20);
    await site.server.threads?.endAbruptly();
  }
  const before = acknowledged.length;
  await eventually('the replaced threads take mail', async () => acknowledged.length > before);
  ended = true;
  await Promise.all(sending);
  await site.sink.has(acknowledged, ARRIVAL_TIMEOUT_MS);
  await eventually('the queue is empty', async () => (await site.server.context.store.queue.stats()).every(({ state }) => state !== 'queued'));
  assert.deepEqual([...site.sink.subjects].filter(([, count]) => count > 1), [], 'nothing is delivered twice');
});
