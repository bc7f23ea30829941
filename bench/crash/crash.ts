/**
 * npm run bench -- crash [--rounds 100] [--weather NAME] [--seed N] [--dir D]: a server under load is struck and killed
 * again and again, and in the end everything that it had acknowledged is looked for. The server is `posthorn serve` with
 * session threads as by default, keys that sign, and connections that are used again.
 *
 * Per weather: acknowledged, delivered, duplicated (allowed: in flight when it died), lost (must be 0). Exit status 1 when
 * anything is lost, left in the queue, or the store's books do not balance.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkStore, countArrivals, CRASH_ACCOUNT, CRASH_ALIAS, CRASH_ALIAS_TARGETS, sendUntilBroken, untilDrained, type Acknowledged, type CrashCount, type CrashLoad } from '../../test/harness/crash-load.ts';
import { startRecordingSink, type RecordingSink } from '../../test/harness/recording-sink.ts';
import { administer, endServe, freePort, startServe, writeRelayConfig } from '../../test/harness/serve-process.ts';
import { generator } from '../../test/flow/seeded.ts';
import { sleepReal } from './waiting.ts';
import { mountDisk, WEATHERS, type Weather } from './weather.ts';

const SESSIONS = 8;
const LIFE_MS_MIN = 300;
const LIFE_MS_SPREAD = 1200;
const DISK_MEBIBYTES = 512;
const START_TRIES = 300;
/** Columns of what is printed. */
const NAME_WIDTH = 17;
const WIDTHS = [7, 13, 11, 12, 6] as const;

interface Site {
  readonly config: string;
  readonly dataDir: string;
  readonly port: number;
  readonly sink: RecordingSink;
  readonly random: () => number;
}

export async function runCrashBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '100' }, weather: { type: 'string' }, seed: { type: 'string' }, dir: { type: 'string' } },
  });
  const rounds = Number(values.rounds);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const chosen = WEATHERS.filter(({ name }) => values.weather === undefined || name === values.weather);
  if (chosen.length === 0 || !Number.isInteger(rounds) || rounds < 1) {
    console.error(`--rounds takes a whole number, --weather one of ${WEATHERS.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  console.log(`seed ${seed}\n\n${'weather'.padEnd(NAME_WIDTH)}${['rounds', 'acknowledged', 'delivered', 'duplicated', 'lost'].map((title, at) => title.padStart(WIDTHS[at] as number)).join('')}`);
  let failed = false;
  for (const weather of chosen) {
    const missing = weather.missing();
    if (missing !== undefined) console.log(`${weather.name.padEnd(NAME_WIDTH)}not run: ${missing}`);
    else failed = !(await runWeather(weather, rounds, seed, values.dir ?? tmpdir())) || failed;
  }
  return failed ? 1 : 0;
}

/** True when nothing is lost. */
async function runWeather(weather: Weather, rounds: number, seed: number, parent: string): Promise<boolean> {
  const dir = mkdtempSync(join(parent, 'posthorn-crash-'));
  const unmount = weather.ownDisk ? mountDisk(dir, DISK_MEBIBYTES) : () => {};
  const sink = await startRecordingSink();
  try {
    const site = await prepare(weather, dir, sink, generator(seed));
    const acknowledged: Acknowledged = new Map();
    for (let round = 0; round < rounds; round += 1) await runRound(weather, site, acknowledged, round);
    const counted = await settle(site, acknowledged);
    const { acknowledged: all, delivered, duplicated } = counted;
    console.log(`${weather.name.padEnd(NAME_WIDTH)}${[rounds, all, delivered, duplicated, 0].map((value, at) => String(value).padStart(WIDTHS[at] as number)).join('')}`);
    return true;
  } catch (error) {
    console.log(`${weather.name.padEnd(NAME_WIDTH)}FAILED: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  } finally {
    sink.close();
    unmount();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function prepare(weather: Weather, dir: string, sink: RecordingSink, random: () => number): Promise<Site> {
  const config = join(dir, 'posthorn.toml');
  const dataDir = join(dir, 'data');
  mkdirSync(dataDir, { mode: 0o711 });
  const port = await freePort();
  writeRelayConfig({ file: config, dataDir, port, nextHopPort: sink.port, ...(weather.settings === undefined ? {} : { more: weather.settings }) });
  for (const args of [['account', 'add', CRASH_ACCOUNT, '--create-domain'], ['alias', 'add', CRASH_ALIAS, ...CRASH_ALIAS_TARGETS]]) {
    const { status, stderr } = await administer(config, args);
    if (status !== 0) throw new Error(stderr);
  }
  return { config, dataDir, port, sink, random };
}

async function runRound(weather: Weather, site: Site, acknowledged: Acknowledged, round: number): Promise<void> {
  const { config, port, random, dataDir } = site;
  const server = weather.jumpingClock ? await startJumping(config, port, round) : await startServe(config, port);
  const gone = server.exitCode === null ? once(server, 'exit') : Promise.resolve();
  const context: CrashLoad = { port, random, acknowledged, forwarding: weather.forwarding ?? false };
  const sessions = Array.from({ length: SESSIONS }, (_, index) => sendUntilBroken(context, `${weather.name}-${round}-${index}`));
  await weather.strike(server, LIFE_MS_MIN + random() * LIFE_MS_SPREAD, dataDir);
  server.kill('SIGKILL');
  await Promise.all([gone, ...sessions]);
}

async function startJumping(config: string, port: number, seed: number): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'jumping-server.ts');
  const child = spawn(process.execPath, [program, config, String(seed)], { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (await answers(port)) return child;
    if (child.exitCode !== null) break;
    await sleepReal(100);
  }
  child.kill('SIGKILL');
  throw new Error('the server with the jumping clock does not answer');
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answered = await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]).catch(() => false);
  socket.destroy();
  return answered;
}

/** Fair weather: what is left is delivered, then the books are read. */
async function settle(site: Site, acknowledged: Acknowledged): Promise<CrashCount> {
  const server = await startServe(site.config, site.port);
  try {
    const counted = await countArrivals(site.sink, acknowledged);
    await untilDrained(site.config);
    await endServe(server, 'SIGTERM');
    await checkStore(site.dataDir, acknowledged);
    return counted;
  } finally {
    server.kill('SIGKILL');
  }
}
