/**
 * Mailboxes are killed while three clients change them: what was acknowledged is there or can be undeleted, UIDs are never
 * used again, MODSEQs never go back, and counters and references are right. Repeat a run with SEED=….
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { derivePassword } from '../../src/store/password.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { eventually } from '../harness/lab-process.ts';
import { generator } from './seeded.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 8);
const SEED = Number(process.env.SEED ?? Date.now() % 1e6);
const ACCOUNT = 'alice@example.org';

async function prepare(dir: string): Promise<void> {
  const store = await openStore(dir);
  await store.directory.addDomain('example.org', { at: 0 });
  await store.directory.addAccount(ACCOUNT, await derivePassword('correct horse'), 0);
  for (const name of ['One', 'Two']) await store.mailbox.folders.create(ACCOUNT, name);
  await store.close();
}

async function runAndKill(dir: string, logFile: string, round: number, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [new URL('./mailbox-kill-child.ts', import.meta.url).pathname, dir, logFile, String(SEED), String(round)], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  // Not before something was acknowledged, so that the books are not empty.
  await eventually('something is acknowledged', async () => child.exitCode !== null || (existsSync(logFile) && /^modseq /m.test(readFileSync(logFile, 'latin1'))), 30_000);
  assert.equal(child.exitCode, null, 'the child ended by itself');
  await wait(afterMs);
  child.kill('SIGKILL');
  await ended;
}

interface Books {
  /** `FOLDER UID` to the subject, or `-` for a copy. */
  readonly added: Map<string, string>;
  readonly modseqs: Map<number, number>;
}

/** A UID that was given twice is an error here already. */
function readBooks(logFiles: readonly string[]): Books {
  const books: Books = { added: new Map(), modseqs: new Map() };
  for (const line of logFiles.flatMap((file) => readFileSync(file, 'latin1').split('\n'))) {
    const [word, folder = '', number = '', subject = ''] = line.split(' ');
    if (word === 'added') {
      assert.ok(!books.added.has(`${folder} ${number}`), `UID ${number} of folder ${folder} was given twice`);
      books.added.set(`${folder} ${number}`, subject);
    } else if (word === 'modseq') {
      books.modseqs.set(Number(folder), Math.max(Number(number), books.modseqs.get(Number(folder)) ?? 0));
    }
  }
  return books;
}

/** Subjects of everything that is in a folder, by mail. */
async function subjectOf(store: Store, mailId: number): Promise<string> {
  const [header] = (await store.mailbox.mails.headers?.([mailId])) ?? [];
  return /^Subject: (.*)\r$/m.exec(header?.toString('latin1') ?? '')?.[1] ?? '';
}

async function checkStore(store: Store, books: Books): Promise<number> {
  assert.deepEqual(await store.call('integrity.problems', undefined), []);
  const there = new Set<string>();
  for (const folder of await store.mailbox.folders.list(ACCOUNT)) {
    const { messages } = (await store.mailbox.messages.snapshot(folder.id)) ?? { messages: undefined };
    for (const [at, uid] of (messages?.uids ?? new Uint32Array(0)).entries()) {
      const subject = await subjectOf(store, messages?.mailIds[at] as number);
      there.add(subject);
      const noted = books.added.get(`${folder.id} ${uid}`);
      if (noted !== undefined && noted !== '-') assert.equal(subject, noted, `UID ${uid} of ${folder.name} is another message`);
      assert.ok(uid < folder.uidNext);
    }
    assert.ok(folder.highestModseq >= (books.modseqs.get(folder.id) ?? 0), `the MODSEQ of ${folder.name} went back`);
  }
  for (let after = 0; ; ) {
    const expunged = await store.retention.expunged({ account: ACCOUNT }, 1000, after);
    for (const { mailId } of expunged) there.add(await subjectOf(store, mailId));
    if (expunged.length === 0) break;
    after = expunged.at(-1)?.id ?? 0;
  }
  const subjects = [...books.added.values()].filter((subject) => subject !== '-');
  assert.deepEqual(subjects.filter((subject) => !there.has(subject)), [], 'acknowledged and lost');
  return subjects.length;
}

test(`${ROUNDS} kills of a mailbox in use (SEED=${SEED})`, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-mailbox-kill-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const data = join(dir, 'data');
  await prepare(data);
  const random = generator(SEED);
  const logFiles: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const logFile = join(dir, `${round}.log`);
    logFiles.push(logFile);
    await runAndKill(data, logFile, round, Math.floor(random() * 400));
  }
  const store = await openStore(data);
  t.after(() => store.close());
  const count = await checkStore(store, readBooks(logFiles));
  assert.ok(count >= ROUNDS / 2, 'hardly anything was appended');
  t.diagnostic(`${count} messages appended and acknowledged`);
});
