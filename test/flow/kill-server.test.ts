/**
 * Nothing acknowledged is lost: a relaying server is killed with SIGKILL at random moments under load and started again.
 * Every message it answered 250 for must reach the next hop, at least once. Rounds: POSTHORN_KILL_ROUNDS (default 5).
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, posthorn } from '../harness/lab-process.ts';
import { startRecordingSink } from '../harness/recording-sink.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

const ROUNDS = Number(process.env['POSTHORN_KILL_ROUNDS'] ?? 5);
const SESSIONS = 8;
const LIFE_MS_MIN = 200;
const LIFE_MS_SPREAD = 1200;
const ARRIVAL_TIMEOUT_MS = 60_000;

/** Mulberry32: the same seed gives the same moments. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

async function start(config: string, port: number): Promise<ChildProcess> {
  const child = spawn(posthorn, ['serve', '--config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  await eventually('the server answers', async () => {
    assert.equal(child.exitCode, null, 'the server ended by itself');
    const socket = connect(port, '127.0.0.1');
    const answered = await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]).catch(() => false);
    socket.destroy();
    return answered;
  });
  return child;
}

/** Sends until the connection breaks; tells each subject that was answered 250. */
async function load(port: number, name: string, acknowledged: (subject: string) => void): Promise<void> {
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
    for (const line of ['MAIL FROM:<a@load.example>', 'RCPT TO:<b@sink.example>', 'DATA']) {
      if ((await dialogue.say(line)) === '') return dialogue.close();
    }
    const reply = await dialogue.say(`From: a@load.example\r\nSubject: ${subject}\r\n\r\n${'x'.repeat(2000)}\r\n.`);
    if (reply === '') return dialogue.close();
    if (reply.startsWith('250')) acknowledged(subject);
  }
}

test(`kill -9 at ${ROUNDS} random moments under load loses nothing that was acknowledged`, { timeout: 60_000 + ROUNDS * 15_000 }, async (context) => {
  const seed = Number(process.env['POSTHORN_SEED'] ?? Date.now() % 1_000_000);
  context.diagnostic(`POSTHORN_SEED=${seed}`);
  const random = randomFrom(seed);
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-kill-'));
  const sink = await startRecordingSink();
  const port = 20_000 + (process.pid % 20_000);
  const config = join(dir, 'posthorn.toml');
  writeFileSync(
    config,
    `hostname = "mail.kill.example"\ndata-dir = "${join(dir, 'data')}"\n[listen]\nsmtp = ["127.0.0.1:${port}"]\n[networks]\ntrusted = ["127.0.0.0/8"]\n` +
      `[relay]\nhost = "127.0.0.1"\nport = ${sink.port}\ntls = "none"\n[queue]\nretry-min = "1s"\nretry-max = "5s"\n[log]\nfile = "${join(dir, 'log')}"\n`,
  );
  const acknowledged: string[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = await start(config, port);
      const gone = once(child, 'exit');
      const sessions = Array.from({ length: SESSIONS }, (_, index) => load(port, `${round}-${index}`, (subject) => acknowledged.push(subject)));
      setTimeout(() => child.kill('SIGKILL'), LIFE_MS_MIN + random() * LIFE_MS_SPREAD);
      await Promise.all([gone, ...sessions]);
    }
    assert.ok(acknowledged.length > ROUNDS, `only ${acknowledged.length} messages were acknowledged`);
    const last = await start(config, port);
    await sink.has(acknowledged, ARRIVAL_TIMEOUT_MS);
    const gone = once(last, 'exit');
    last.kill('SIGTERM');
    assert.deepEqual(await gone, [0, null]);
    const copies = [...sink.subjects.values()].filter((count) => count > 1).length;
    context.diagnostic(`${acknowledged.length} acknowledged, all arrived, ${copies} twice or more`);
  } finally {
    sink.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
