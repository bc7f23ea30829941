/** A server that is killed at each write of a DKIM key change, at switch and retirement too, ends it all the same: no moment without a key that signs and is published at a real BIND. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer, type RunningServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { missingServer, startBind, type Bind } from '../harness/bind.ts';

const skip = missingServer();
const CHILD = fileURLToPath(new URL('./dkim-kill-child.ts', import.meta.url));
const ROUNDS_MAX = 40;
const LIVES = 4;
const DOMAIN = 'one.example';
const ALGORITHMS = ['rsa-sha256', 'ed25519-sha256'];

let bind: Bind;
let file: string;
const folder = mkdtempSync(join(tmpdir(), 'ph-dkim-kill-'));

interface Key {
  readonly selector: string;
  readonly algorithm: string;
  readonly active: boolean;
}

before(async () => {
  if (skip) return;
  bind = await startBind('127.0.0.1', { [DOMAIN]: '@ IN MX 10 mail.host.example.', 'host.example': 'mail IN A 203.0.113.10' });
  file = join(folder, 'posthorn.toml');
  writeFileSync(join(folder, 'key'), `${bind.secret}\n`, { mode: 0o600 });
  writeFileSync(file, `hostname = "mail.host.example"\ndata-dir = "data"\n[listen]\nsmtp = []\n[guard]\nevery = 0\n[dns]\nservers = ["${bind.address}:${bind.port}"]\n[[outbound.ip]]\naddress = "203.0.113.10"\n[[dns.provider]]\ntype = "rfc2136"\nlabel = "bind"\nserver = "${bind.address}:${bind.port}"\nkey-name = "${bind.keyName}"\nsecret-file = "key"\n`);
});
after(async () => {
  if (skip) return;
  await bind.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Between two lives of the server that is killed. */
async function looking<T>(work: (server: RunningServer) => Promise<T>): Promise<T> {
  const server = await startServer({ config: loadConfig(file), clock: new SystemClock(), log: silentLog, verbs });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

async function call<T>({ context }: RunningServer, verb: string, args: unknown): Promise<T> {
  const outcome = await runVerb(verbs, context, verb, args);
  return outcome.kind === 'done' ? (outcome.result as T) : assert.fail(JSON.stringify(outcome));
}

async function keysOf(server: RunningServer): Promise<readonly Key[]> {
  return (await call<{ keys: readonly Key[] }>(server, 'dkim.keys', { domain: DOMAIN })).keys;
}

async function published({ context }: RunningServer, selector: string): Promise<boolean> {
  const answer = await context.publishing?.ask({ address: bind.address, port: bind.port }, `${selector}._domainkey.${DOMAIN}`, 'TXT', new AbortController().signal);
  return answer?.kind === 'found' && /p=.{40}/.test(answer.records[0]?.join('') ?? '');
}

/** True when it ended by itself. */
async function live(count: number): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, file, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.ok(signal === 'SIGKILL' || status === 0, `${status} ${signal}`);
  return Buffer.concat(said).toString() === 'done\n';
}

async function addSecondKey(server: RunningServer): Promise<void> {
  const { selector } = await call<{ selector: string }>(server, 'dkim.create', { domain: DOMAIN, algorithm: 'rsa-sha256' });
  await call(server, 'dns.apply', { request: { domains: [DOMAIN] } });
  await call(server, 'dkim.state', { domain: DOMAIN, selector, state: 'active' });
}

describe('a DKIM key change of a server that is killed at each of its writes', { skip }, () => {
  it('always has keys that sign, and ends with the new ones only', async () => {
    const old = await looking(async (server) => {
      await call(server, 'domain.add', { domain: DOMAIN });
      await call(server, 'dns.apply', { request: { domains: [DOMAIN] } });
      // Two keys of one algorithm sign: both have to go.
      await addSecondKey(server);
      return (await keysOf(server)).filter(({ active }) => active).map(({ selector }) => selector);
    });
    assert.equal(old.length, 3);
    let done = false;
    // What was written is written again in the next life, so that each has to come a little further now and then.
    for (let round = 0; round < ROUNDS_MAX && !done; round += 1) done = await live(1 + (round % LIVES));
    assert.ok(done, 'it ends');
    await looking(async (server) => {
      const keys = await keysOf(server);
      assert.deepEqual(keys.map(({ active, algorithm }) => [active, algorithm]), ALGORITHMS.map((algorithm) => [true, algorithm]));
      assert.ok(keys.every(({ selector }) => !old.includes(selector)));
      for (const selector of old) assert.equal(await published(server, selector), false, `${selector} is taken out`);
      for (const { selector } of keys) assert.ok(await published(server, selector));
      const files = readdirSync(join(server.context.config.dataDir, 'keys', DOMAIN));
      for (const { selector } of keys) assert.ok(files.includes(`${selector}.pem`));
    });
  });
});
