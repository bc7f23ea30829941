/**
 * Nothing acknowledged is lost: a complete server is killed with SIGKILL at random moments under load and started again
 * (what the load is and what must become of it: test/harness/crash-load.ts). Rounds: POSTHORN_KILL_ROUNDS (default 5).
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkStore, countArrivals, CRASH_ACCOUNT, sendUntilBroken, subjectsOf, untilDrained, type Acknowledged, type CrashLoad } from '../harness/crash-load.ts';
import { startRecordingSink } from '../harness/recording-sink.ts';
import { administer, endServe, freePort, startServe, writeRelayConfig } from '../harness/serve-process.ts';
import { generator } from './seeded.ts';

const ROUNDS = Number(process.env['POSTHORN_KILL_ROUNDS'] ?? 5);
const SESSIONS = 8;
const LIFE_MS_MIN = 200;
const LIFE_MS_SPREAD = 1200;

async function killRounds(config: string, context: CrashLoad): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = await startServe(config, context.port);
    const gone = once(child, 'exit');
    const sessions = Array.from({ length: SESSIONS }, (_, index) => sendUntilBroken(context, `${round}-${index}`));
    setTimeout(() => child.kill('SIGKILL'), LIFE_MS_MIN + context.random() * LIFE_MS_SPREAD);
    await Promise.all([gone, ...sessions]);
  }
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
    const added = await administer(config, ['account', 'add', CRASH_ACCOUNT, '--create-domain']);
    assert.equal(added.status, 0, added.stderr);
    await killRounds(config, { port, random: generator(seed), acknowledged });
    assert.ok(acknowledged.size > ROUNDS, `only ${acknowledged.size} messages were acknowledged`);
    last = await startServe(config, port);
    const { duplicated } = await countArrivals(sink, acknowledged);
    await untilDrained(config);
    assert.deepEqual(await endServe(last, 'SIGTERM'), [0, null]);
    await checkStore(dataDir, acknowledged);
    const counts = (['sent', 'mailbox', 'bounce'] as const).map((fate) => `${subjectsOf(acknowledged, fate).length} ${fate}`);
    context.diagnostic(`acknowledged: ${counts.join(', ')}; ${duplicated} sent twice or more`);
  } finally {
    last?.kill('SIGKILL');
    sink.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
