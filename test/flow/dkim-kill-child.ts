/**
 * The process that dkim-kill.test.ts kills: a server that drives the key changes of one.example as if the time of each step had
 * come, and ends itself by SIGKILL right behind a write.
 *
 *   node dkim-kill-child.ts CONFIG COUNT
 *
 * COUNT: the how manieth write. It looks first whether what its predecessor left can sign, prints `done` when every key change
 * has ended, and fails with a sentence when something is not as it should be.
 */
import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer } from '../../src/compose/server.ts';
import type { HostPort } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { advanceRotation } from '../../src/manage/dkim/rotation.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import { verbs } from '../../src/manage/verbs.ts';

const [file = '', count = '1'] = process.argv.slice(2);
const STEPS_MAX = 10;
let left = Number(count);

function countdown(): void {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

/** Every call of these methods is a write behind which the process may die. */
function deadly<T extends object>(target: T, methods: readonly (keyof T)[]): T {
  const kept = { ...target };
  for (const method of methods) {
    const call = kept[method] as (...args: readonly unknown[]) => Promise<unknown>;
    kept[method] = (async (...args: readonly unknown[]) => {
      const result = await call(...args);
      countdown();
      return result;
    }) as T[keyof T];
  }
  return kept;
}

const server = await startServer({ config: loadConfig(file), clock: new SystemClock(), log: silentLog, verbs });
const { store, config, publishing } = server.context;
const active = (await store.keys.list('one.example')).filter(({ state }) => state === 'active');
assert.deepEqual([...new Set(active.map(({ algorithm }) => algorithm))].toSorted(), ['ed25519-sha256', 'rsa-sha256'], 'each algorithm signs');
for (const { selector } of active) {
  const answer = await publishing?.ask(config.dns.servers[0] as HostPort, `${selector}._domainkey.one.example`, 'TXT', new AbortController().signal);
  assert.equal(answer?.kind, 'found', `${selector} signs and is published`);
}
const context = { ...server.context, store: { ...store, keys: deadly(store.keys, ['remove']), dkimRotations: deadly(store.dkimRotations, ['update', 'switchKeys']) } };
for (let step = 0; step < STEPS_MAX; step += 1) {
  const rows = await store.dkimRotations.list('one.example');
  if (rows.length > 0 && rows.every(({ phase }) => phase === 'done')) break;
  if (rows.length === 0) await runVerb(verbs, server.context, 'dkim.rotate', { domain: 'one.example' });
  for (const row of rows) if (row.phase !== 'done') await advanceRotation(context, { ...row, dueAt: Date.now() });
}
await server.stop();
writeSync(1, 'done\n');
