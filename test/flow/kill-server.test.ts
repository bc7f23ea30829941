/**
 * Nothing acknowledged is lost: a complete server is killed with SIGKILL at random moments under load and started again.
 * It has a local mailbox and a next hop; messages are small and large (in files), to either of them or to a recipient that
 * the next hop does not know, so that deposits, deliveries and bounces are under way when it dies.
 *
 * What was answered 250 must reach the next hop at least once, the mailbox exactly once, and a bounce its sender exactly
 * once; nothing may be left in the queue, and the reference counts must be right. Rounds: POSTHORN_KILL_ROUNDS (default 5).
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore, type Store } from '../../src/store/store.ts';
import { eventually } from '../harness/lab-process.ts';
import { startRecordingSink } from '../harness/recording-sink.ts';
import { administer, endServe, freePort, startServe, writeRelayConfig } from '../harness/serve-process.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';
import { generator } from './seeded.ts';

const ROUNDS = Number(process.env['POSTHORN_KILL_ROUNDS'] ?? 5);
const SESSIONS = 8;
const LIFE_MS_MIN = 200;
const LIFE_MS_SPREAD = 1200;
/** Without any arrival. */
const SILENCE_LIMIT_MS = 60_000;
const DRAIN_LIMIT_MS = 120_000;
const ACCOUNT = 'alice@local.example';
const LARGE_BYTES = 300_000;

type Fate = 'sent' | 'mailbox' | 'bounce';
const RECIPIENTS: Readonly<Record<Fate, string>> = { sent: 'b@sink.example', mailbox: ACCOUNT, bounce: 'nobody@sink.example' };

/** Subject of each acknowledged message to what must become of it. */
type Acknowledged = Map<string, Fate>;

interface Load {
  readonly port: number;
  readonly random: () => number;
  readonly acknowledged: Acknowledged;
}

function fateOf(random: number): Fate {
  if (random < 0.2) return 'mailbox';
  return random < 0.4 ? 'bounce' : 'sent';
}

/** Sends until the connection breaks. */
async function load({ port, random, acknowledged }: Load, name: string): Promise<void> {
  let dialogue: SmtpDialogue;
  try {
    dialogue = await SmtpDialogue.open('127.0.0.1', port);
  } catch {
    return;
  }
  dialogue.write('EHLO load.example\r\n');
  for (let expected = 2; expected > 0; expected -= 1) await dialogue.reply();
  for (let count = 0; ; count += 1) {
    const subject = `${name}-${count}`;
    const fate = fateOf(random());
    for (const line of [`MAIL FROM:<${ACCOUNT}>`, `RCPT TO:<${RECIPIENTS[fate]}>`, 'DATA']) {
      if ((await dialogue.say(line)) === '') return dialogue.close();
    }
    const lines = Math.ceil((random() < 0.05 ? LARGE_BYTES : 2000) / 78);
    const reply = await dialogue.say(`From: ${ACCOUNT}\r\nSubject: ${subject}\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(lines)}.`);
    if (reply === '') return dialogue.close();
    if (reply.startsWith('250')) acknowledged.set(subject, fate);
  }
}

async function killRounds(config: string, context: Load): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = await startServe(config, context.port);
    const gone = once(child, 'exit');
    const sessions = Array.from({ length: SESSIONS }, (_, index) => load(context, `${round}-${index}`));
    setTimeout(() => child.kill('SIGKILL'), LIFE_MS_MIN + context.random() * LIFE_MS_SPREAD);
    await Promise.all([gone, ...sessions]);
  }
}

const subjectsOf = (acknowledged: Acknowledged, fate: Fate): string[] => [...acknowledged].filter(([, one]) => one === fate).map(([subject]) => subject);

/** How often each subject is in the mailbox, as a message and as the subject of a bounced one. */
async function readMailbox(store: Store): Promise<Record<'mailbox' | 'bounce', Map<string, number>>> {
  const found = { mailbox: new Map<string, number>(), bounce: new Map<string, number>() };
  for (let from = 0; ; ) {
    const messages = await store.mailboxes.list({ account: ACCOUNT, folder: 'INBOX', from, limit: 1000 });
    if (messages.length === 0) return found;
    for (const { uid } of messages) {
      from = uid;
      const read = await store.mailboxes.read({ account: ACCOUNT, folder: 'INBOX', uid });
      const text = (await read?.bytes.read())?.toString('latin1') ?? '';
      const subjects = [...text.matchAll(/^Subject: (.*?)\r?$/gm)].map((match) => match[1] ?? '');
      const isBounce = text.includes('\r\nContent-Type: multipart/report');
      const [map, subject] = isBounce ? [found.bounce, subjects.at(-1) ?? ''] : [found.mailbox, subjects[0] ?? ''];
      map.set(subject, (map.get(subject) ?? 0) + 1);
    }
  }
}

async function checkStore(dataDir: string, acknowledged: Acknowledged): Promise<void> {
  const store = await openStore(dataDir);
  try {
    const found = await readMailbox(store);
    for (const fate of ['mailbox', 'bounce'] as const) {
      const wrong = subjectsOf(acknowledged, fate).filter((subject) => found[fate].get(subject) !== 1);
      assert.deepEqual(wrong.map((subject) => [subject, found[fate].get(subject) ?? 0]), [], `each ${fate} must be in the mailbox exactly once`);
      const unasked = [...found[fate]].filter(([subject, count]) => count > 1 || (subject === '' && count > 0));
      assert.deepEqual(unasked, [], `what was not acknowledged may be in the mailbox, but once (${fate})`);
    }
    const waiting = (await store.queue.stats()).filter(({ state }) => state === 'queued' || state === 'held');
    assert.deepEqual(waiting, [], 'nobody is left in the queue');
    assert.deepEqual(await store.call('integrity.problems', undefined), []);
  } finally {
    await store.close();
  }
}

function untilDrained(config: string): Promise<boolean> {
  const empty = async (): Promise<boolean> => !/"id"/.test((await administer(config, ['queue', 'list', '--json'])).stdout);
  return eventually('the queue is empty', empty, DRAIN_LIMIT_MS);
}

test(`kill -9 at ${ROUNDS} random moments under load loses nothing that was acknowledged`, { timeout: 240_000 + ROUNDS * 15_000 }, async (context) => {
  const seed = Number(process.env['POSTHORN_SEED'] ?? Date.now() % 1_000_000);
  context.diagnostic(`POSTHORN_SEED=${seed}`);
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-kill-'));
  const dataDir = join(dir, 'data');
  const config = join(dir, 'posthorn.toml');
  const sink = await startRecordingSink();
  const port = await freePort();
  writeRelayConfig({ file: config, dataDir, port, nextHopPort: sink.port });
  const acknowledged: Acknowledged = new Map();
  let last: ChildProcess | undefined;
  try {
    const added = await administer(config, ['account', 'add', ACCOUNT, '--create-domain']);
    assert.equal(added.status, 0, added.stderr);
    await killRounds(config, { port, random: generator(seed), acknowledged });
    assert.ok(acknowledged.size > ROUNDS, `only ${acknowledged.size} messages were acknowledged`);
    last = await startServe(config, port);
    await sink.has(subjectsOf(acknowledged, 'sent'), SILENCE_LIMIT_MS);
    await untilDrained(config);
    assert.deepEqual(await endServe(last, 'SIGTERM'), [0, null]);
    await checkStore(dataDir, acknowledged);
    const copies = [...sink.subjects.values()].filter((count) => count > 1).length;
    const counts = (['sent', 'mailbox', 'bounce'] as const).map((fate) => `${subjectsOf(acknowledged, fate).length} ${fate}`);
    context.diagnostic(`acknowledged: ${counts.join(', ')}; ${copies} sent twice or more`);
  } finally {
    last?.kill('SIGKILL');
    sink.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
