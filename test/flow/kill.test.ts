/**
 * Invariant 1: after `kill -9` at any moment, every acknowledged recipient is delivered or still queued. A process with
 * store and queue under load is killed KILL_ROUNDS times (default 20) at random moments, on one data directory; then the
 * queue is drained, and the books must balance.
 *
 * Repeat a run with SEED=… ; the moments of a kill depend on the machine too.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { generator } from './seeded.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 20);
const SEED = Number(process.env.SEED ?? Date.now() % 1e6);
const START_LIMIT_MS = 30_000;
const DRAIN_LIMIT_MS = 120_000;

function startChild(dir: string, logFile: string, seed: string, round: number): ChildProcess {
  const child = new URL('./kill-child.ts', import.meta.url).pathname;
  return spawn(process.execPath, [child, dir, logFile, seed, String(round)], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function untilReady(child: ChildProcess, logFile: string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!existsSync(logFile) || !readFileSync(logFile, 'latin1').startsWith('ready\n')) {
    assert.equal(child.exitCode, null, 'the child ended before it was ready');
    assert.ok(performance.now() < deadline, 'the child was not ready in time');
    await wait(5);
  }
}

/** So that a slow machine does not make the books empty. */
async function untilAcknowledged(logFile: string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!/^ack /m.test(readFileSync(logFile, 'latin1'))) {
    assert.ok(performance.now() < deadline, 'nothing was acknowledged in time');
    await wait(5);
  }
}

interface Books {
  /** Id to number of recipients. */
  readonly acknowledged: Map<string, number>;
  /** `ID INDEX` to how often it was sent. */
  readonly sent: Map<string, number>;
  readonly complaints: string[];
}

function readBooks(logFiles: readonly string[]): Books {
  const books: Books = { acknowledged: new Map(), sent: new Map(), complaints: [] };
  for (const line of logFiles.flatMap((file) => readFileSync(file, 'latin1').split('\n'))) {
    const [word, id = '', number = ''] = line.split(' ');
    if (word === 'ack') books.acknowledged.set(id, Number(number));
    else if (word === 'sent') books.sent.set(`${id} ${number}`, (books.sent.get(`${id} ${number}`) ?? 0) + 1);
    else if (word !== 'ready' && word !== '') books.complaints.push(line);
  }
  return books;
}

/** How many copies of each recipient's message are in the mailbox. */
async function readMailbox(store: Store): Promise<Map<string, number>> {
  const copies = new Map<string, number>();
  let from = 0;
  for (;;) {
    const messages = await store.mailboxes.list({ account: 'alice@example.org', folder: 'INBOX', from, limit: 500 });
    for (const { prefix, uid } of messages) {
      const key = Buffer.from(prefix).toString('latin1').slice('X-Recipient: '.length).trim();
      copies.set(key, (copies.get(key) ?? 0) + 1);
      from = uid;
    }
    if (messages.length === 0) return copies;
  }
}

async function checkBooks(store: Store, books: Books): Promise<void> {
  const copies = await readMailbox(store);
  let local = 0;
  for (const [id, count] of books.acknowledged) {
    const item = await store.queue.read(id);
    assert.equal(item?.recipients.length, count, `${id} was acknowledged and is lost`);
    for (const { index, state, address } of item?.recipients ?? []) {
      const key = `${id} ${index}`;
      assert.equal(state, 'delivered', `${key} is ${state} after the drain`);
      assert.ok(books.sent.has(key), `${key} counts as delivered and was never sent`);
      if (!address.endsWith('@example.org')) continue;
      local += 1;
      assert.equal(copies.get(key), 1, `${key} must be in the mailbox exactly once`);
    }
  }
  assert.ok(local > 0);
}

test(`${ROUNDS} kills under load lose nothing that was acknowledged (SEED=${SEED})`, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-kill-'));
  const data = join(dir, 'data');
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const random = generator(SEED);
  const logFiles: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const logFile = join(dir, `${round}.log`);
    logFiles.push(logFile);
    const child = startChild(data, logFile, String(SEED), round);
    await untilReady(child, logFile);
    // Every other round may end before anything was acknowledged.
    if (round % 2 === 1) await untilAcknowledged(logFile);
    await wait(Math.floor(random() * 250));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  const drainLog = join(dir, 'drain.log');
  const drain = startChild(data, drainLog, 'drain', ROUNDS);
  const limit = setTimeout(() => drain.kill('SIGKILL'), DRAIN_LIMIT_MS);
  const [code] = await once(drain, 'exit');
  clearTimeout(limit);
  assert.equal(code, 0, 'the queue was not empty in time');

  const books = readBooks([...logFiles, drainLog]);
  assert.deepEqual(books.complaints, []);
  assert.ok(books.acknowledged.size >= Math.floor(ROUNDS / 2), `only ${books.acknowledged.size} messages were acknowledged`);
  const store = await openStore(data);
  t.after(() => store.close());
  await checkBooks(store, books);
  const again = [...books.sent.values()].reduce((sum, times) => sum + times - 1, 0);
  t.diagnostic(`${books.acknowledged.size} messages acknowledged, ${books.sent.size} recipients sent, ${again} of them again after a kill`);
  assert.deepEqual(readdirSync(join(data, 'bodies', 'new')), []);
});
