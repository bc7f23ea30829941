/**
 * A server is killed (SIGKILL) while many sessions change one mailbox, and started again: nothing that was answered OK is lost, no UID
 * is used twice, MODSEQ does not go back, and what a client has cached is put right by QRESYNC. Rounds: POSTHORN_KILL_ROUNDS (default 2).
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ImapDialogue } from '../harness/imap-dialogue.ts';
import { ImapMirror } from '../harness/imap-mirror.ts';
import { createSeededRandom, type SeededRandom } from '../harness/seeded-random.ts';
import { administer, endServe, freePort, startServe, writeRelayConfig } from '../harness/serve-process.ts';

const ROUNDS = Number(process.env['POSTHORN_KILL_ROUNDS'] ?? 2);
const SESSIONS = 12;
/** Answers of a round before the server is killed: at least these, and up to as many more. */
const ANSWERS_MIN = 150;
const ACCOUNT = 'crowd@serve.example';

/** What the server has said, over all rounds. */
class Ledger {
  readonly subjects = new Map<number, string>();
  /** UIDs that somebody may have flagged \Deleted. */
  readonly mayBeGone = new Set<number>();
  uidMax = 0;
  modseqMax = 0;
  uidValidity = 0;
  #subjectsMade = 0;

  newSubject(): string {
    return `message ${++this.#subjectsMade}`;
  }

  stored(uid: number, subject: string): void {
    const known = this.subjects.get(uid);
    assert.ok(known === undefined || known === subject, `UID ${uid} was "${known}", now "${subject}"`);
    this.subjects.set(uid, subject);
    this.uidMax = Math.max(this.uidMax, uid);
  }

  heard(mirror: ImapMirror): void {
    this.uidMax = Math.max(this.uidMax, mirror.lastUid);
    this.modseqMax = Math.max(this.modseqMax, mirror.highestModseq);
  }
}

function messageOf(subject: string): string {
  return `From: a@serve.example\r\nSubject: ${subject}\r\n\r\ntext\r\n`;
}

async function connect(port: number): Promise<ImapMirror> {
  const client = await ImapDialogue.open('127.0.0.1', port);
  await client.line();
  assert.match(await client.result(`LOGIN ${ACCOUNT} "a long secret"`), /^OK/);
  await client.say('ENABLE QRESYNC');
  return new ImapMirror(client);
}

/** Until the connection ends. */
async function changeUntilKilled(mirror: ImapMirror, ledger: Ledger, random: SeededRandom, answered: () => void): Promise<void> {
  for (;;) {
    const uid = 1 + random.below(ledger.uidMax + 2);
    const dice = random.below(10);
    let result: string;
    if (dice < 3) {
      const subject = ledger.newSubject();
      const text = messageOf(subject);
      result = await mirror.say(`APPEND INBOX {${text.length}+}\r\n${text}`);
      const stored = /APPENDUID \d+ (\d+)/.exec(result);
      if (stored) ledger.stored(Number(stored[1]), subject);
    } else if (dice < 6) result = await mirror.say(`UID STORE ${uid}:${uid + 3} ${random.pick(['+', '-'])}FLAGS (${random.pick(['\\Seen', '\\Flagged', 'work'])})`);
    else if (dice < 7) {
      ledger.mayBeGone.add(uid);
      // Not silently: the client would have to believe itself, and is killed before it can.
      result = await mirror.say(`UID STORE ${uid} +FLAGS (\\Deleted)`);
    } else if (dice < 8) result = await mirror.say('EXPUNGE');
    else result = await mirror.say('NOOP');
    if (result === '') return;
    assert.match(result, /^OK/);
    ledger.heard(mirror);
    answered();
    if (mirror.unknown && (await mirror.say(`UID FETCH ${mirror.unknownFromUid}:* (FLAGS)`)) === '') return;
  }
}

async function checkAfterRestart(port: number, ledger: Ledger, cached: ImapMirror | undefined): Promise<void> {
  const now = await connect(port);
  await now.select();
  assert.ok(ledger.uidValidity === 0 || now.uidValidity === ledger.uidValidity, 'UIDVALIDITY stays');
  ledger.uidValidity = now.uidValidity;
  assert.ok(now.highestModseq >= ledger.modseqMax, `HIGHESTMODSEQ ${now.highestModseq} after ${ledger.modseqMax}`);
  if (now.rows.length > 0) {
    const lines = await now.client.say('FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    for (const line of lines.slice(0, -1)) ledger.stored(Number(/UID (\d+)/.exec(line)?.[1]), (/Subject: (.*)\r\n/.exec(line)?.[1] ?? '').trim());
  }
  const there = new Set(now.rows.map((row) => row.uid));
  for (const [uid, subject] of ledger.subjects) assert.ok(there.has(uid) || ledger.mayBeGone.has(uid), `UID ${uid} (${subject}) is lost`);
  if (cached) {
    const resynced = await connect(port);
    resynced.rows = cached.rows;
    await resynced.select(` (QRESYNC (${cached.uidValidity} ${cached.highestModseq}))`);
    assert.deepEqual(resynced.rows, now.rows, 'what was cached is right again');
    resynced.client.close();
  }
  const text = messageOf('after');
  const uid = Number(/APPENDUID \d+ (\d+)/.exec(await now.say(`APPEND INBOX {${text.length}+}\r\n${text}`))?.[1]);
  assert.ok(uid > ledger.uidMax || ledger.uidMax === 0, `UID ${uid} was given after ${ledger.uidMax}`);
  ledger.stored(uid, 'after');
  now.client.close();
}

test(`killed ${ROUNDS} times under ${SESSIONS} sessions: no message lost, no UID used twice, caches valid`, { timeout: 60_000 + ROUNDS * 20_000 }, async (context) => {
  const random = createSeededRandom();
  context.diagnostic(`FUZZ_SEED=${random.seed}`);
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-imap-kill-'));
  const config = join(dir, 'posthorn.toml');
  const [smtp, imap] = [await freePort(), await freePort()];
  writeRelayConfig({ file: config, dataDir: join(dir, 'data'), port: smtp, nextHopPort: 9 });
  let child: ChildProcess | undefined;
  try {
    listenOnImap(config, imap);
    const added = await administer(config, ['account', 'add', ACCOUNT, '--create-domain', '--password-stdin'], 'a long secret\n');
    assert.equal(added.status, 0, added.stderr);
    const ledger = new Ledger();
    let cached: ImapMirror | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      child = await startServe(config, imap);
      await checkAfterRestart(imap, ledger, cached);
      const mirrors = await Promise.all(Array.from({ length: SESSIONS }, () => connect(imap)));
      for (const mirror of mirrors) await mirror.select();
      let left = ANSWERS_MIN + random.below(ANSWERS_MIN);
      const gone = once(child, 'exit');
      const kill = (): void => void (left-- === 0 && child?.kill('SIGKILL'));
      await Promise.all([gone, ...mirrors.map((mirror, index) => changeUntilKilled(mirror, ledger, createSeededRandom(random.seed + round * 100 + index), kill))]);
      for (const mirror of mirrors) mirror.client.close();
      cached = mirrors.find((mirror) => !mirror.hasHole);
    }
    child = await startServe(config, imap);
    await checkAfterRestart(imap, ledger, cached);
    assert.deepEqual(await endServe(child, 'SIGTERM'), [0, null]);
    context.diagnostic(`${ledger.subjects.size} messages, up to UID ${ledger.uidMax} and MODSEQ ${ledger.modseqMax}`);
  } finally {
    child?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});

function listenOnImap(config: string, port: number): void {
  writeFileSync(config, readFileSync(config, 'utf8').replace('[listen]\n', `[listen]\nimap = ["127.0.0.1:${port}"]\n`));
}
