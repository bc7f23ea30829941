/**
 * npm run bench -- crash [--rounds 100] [--weather NAME] [--seed N] [--dir D]: a server under load is struck and killed
 * again and again, and in the end everything that it had acknowledged is looked for. The server is `posthorn serve` with
 * session threads as by default, keys that sign, and connections that are used again. Beside the mail that comes in, users
 * of mailboxes are at work over IMAP, POP3 and ManageSieve (mailbox-users.ts), and look at what they have after each start.
 *
 * Per weather: acknowledged, delivered, duplicated (allowed: in flight when it died), lost (must be 0). Exit status 1 when
 * anything is lost or there twice, left in the queue, or the store's books do not balance.
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
import { MailboxLedger } from './mailbox-ledger.ts';
import { checkInTheEnd, checkMailboxes } from './mailbox-check.ts';
import { createFolders, FULL_ACCOUNT, MAILBOX_PASSWORD, POP_ACCOUNT, SHARED_ACCOUNT, useMailboxes, type MailboxSite } from './mailbox-users.ts';
import { sleepReal } from './waiting.ts';
import { mountDisk, WEATHERS, type Weather } from './weather.ts';

const SESSIONS = 8;
const LIFE_MS_MIN = 300;
const LIFE_MS_SPREAD = 1200;
const DISK_MEBIBYTES = 512;
/** Of the account that is always full. */
const QUOTA = '1MB';
const START_TRIES = 300;
/** Columns of what is printed. */
const NAME_WIDTH = 17;
const TITLES = ['rounds', 'acknowledged', 'delivered', 'duplicated', 'changes', 'lost'];
const WIDTHS = [7, 13, 11, 12, 9, 6] as const;

interface Site {
  readonly config: string;
  readonly dataDir: string;
  readonly port: number;
  readonly sink: RecordingSink;
  readonly mailboxes: MailboxSite;
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
  console.log(`seed ${seed}\n\n${'weather'.padEnd(NAME_WIDTH)}${TITLES.map((title, at) => title.padStart(WIDTHS[at] as number)).join('')}`);
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
    console.log(`${weather.name.padEnd(NAME_WIDTH)}${[rounds, all, delivered, duplicated, site.mailboxes.ledger.acknowledged + site.mailboxes.popLedger.acknowledged, 0].map((value, at) => String(value).padStart(WIDTHS[at] as number)).join('')}`);
    unmount();
    rmSync(dir, { recursive: true, force: true });
    return true;
  } catch (error) {
    console.log(`${weather.name.padEnd(NAME_WIDTH)}FAILED, see ${dir}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  } finally {
    sink.close();
  }
}

async function prepare(weather: Weather, dir: string, sink: RecordingSink, random: () => number): Promise<Site> {
  const config = join(dir, 'posthorn.toml');
  const dataDir = join(dir, 'data');
  mkdirSync(dataDir, { mode: 0o711 });
  const [port, imap, pop3, sieve] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const listen = `imap = ["127.0.0.1:${imap}"]\npop3 = ["127.0.0.1:${pop3}"]\nsieve = ["127.0.0.1:${sieve}"]\n`;
  writeRelayConfig({ file: config, dataDir, port, nextHopPort: sink.port, listen, ...(weather.settings === undefined ? {} : { more: weather.settings }) });
  await order(config, ['account', 'add', CRASH_ACCOUNT, '--create-domain']);
  await order(config, ['alias', 'add', CRASH_ALIAS, ...CRASH_ALIAS_TARGETS]);
  for (const account of [SHARED_ACCOUNT, POP_ACCOUNT, FULL_ACCOUNT]) await order(config, ['account', 'add', account, '--password-stdin'], `${MAILBOX_PASSWORD}\n`);
  await order(config, ['account', 'quota', FULL_ACCOUNT, '--bytes', QUOTA]);
  const mailboxes = { ports: { smtp: port, imap, pop3, sieve }, random, ledger: new MailboxLedger(), popLedger: new MailboxLedger(), scriptVersions: new Set([0]) };
  return { config, dataDir, port, sink, mailboxes, random };
}

async function order(config: string, args: readonly string[], stdin?: string): Promise<void> {
  const { status, stderr } = await administer(config, args, stdin);
  if (status !== 0) throw new Error(stderr);
}

async function runRound(weather: Weather, site: Site, acknowledged: Acknowledged, round: number): Promise<void> {
  const { config, mailboxes } = site;
  const server = weather.within ? await startStruck(weather.within, site, round) : await startServe(config, mailboxes.ports.imap);
  try {
    if (round === 0) await createFolders(mailboxes);
    // While threads come and go, what cannot be read now is not lost.
    if (weather.within !== 'threads') await checkMailboxes(mailboxes);
    await strikeAtWork(weather, site, server, { acknowledged, name: `${weather.name}-${round}` });
  } finally {
    server.kill('SIGKILL');
  }
}

/** Ends with the server dead. */
async function strikeAtWork(weather: Weather, site: Site, server: ChildProcess, { acknowledged, name }: { acknowledged: Acknowledged; name: string }): Promise<void> {
  const { port, random, dataDir, mailboxes } = site;
  const alive = (): boolean => server.exitCode === null && server.signalCode === null;
  const gone = alive() ? once(server, 'exit') : Promise.resolve();
  const context: CrashLoad = { port, random, acknowledged, forwarding: weather.forwarding ?? false };
  const work = [...Array.from({ length: SESSIONS }, (_, index) => sendUntilBroken(context, `${name}-${index}`)), useMailboxes(mailboxes, name, alive)];
  const worked = Promise.allSettled(work);
  await weather.strike(server, LIFE_MS_MIN + random() * LIFE_MS_SPREAD, dataDir);
  server.kill('SIGKILL');
  await Promise.all([gone, worked]);
  await Promise.all(work);
}

async function startStruck(struck: string, { config, mailboxes }: Site, seed: number): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'struck-server.ts');
  const child = spawn(process.execPath, [program, struck, config, String(seed)], { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    // Its users' side is the last to listen.
    if (await answers(mailboxes.ports.imap)) return child;
    if (child.exitCode !== null) break;
    await sleepReal(100);
  }
  child.kill('SIGKILL');
  throw new Error('the server that strikes itself does not answer');
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answered = await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]).catch(() => false);
  socket.destroy();
  return answered;
}

/** Fair weather: what is left is delivered, then the books are read. */
async function settle(site: Site, acknowledged: Acknowledged): Promise<CrashCount> {
  const server = await startServe(site.config, site.mailboxes.ports.imap);
  try {
    const counted = await countArrivals(site.sink, acknowledged);
    await untilDrained(site.config);
    await checkInTheEnd(site.mailboxes, site.config);
    await endServe(server, 'SIGTERM');
    await checkStore(site.dataDir, acknowledged);
    return counted;
  } finally {
    server.kill('SIGKILL');
  }
}
