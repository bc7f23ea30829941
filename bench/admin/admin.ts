/**
 * npm run bench -- admin [--messages 100000] [--dir D] [--loopback 127.0.0.1] [--port 26100] [--without-postfix]: how long an
 * administrator waits for each command at a long queue, how much processor time command and server spend on it, and how long
 * mail waits that comes in and goes out meanwhile. `mailq` beside Postfix's `postqueue` with as many held messages.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBlackHole, startSink } from '../queue/sink.ts';
import { DOMAINS, fillTroubledQueue } from './fill.ts';
import { startHeldPostfix } from './postfix-queue.ts';
import { measure, root, startServer, untilCalm, type Measured, type RunningServer } from './server.ts';
import { Traffic } from './traffic.ts';

const SERVER_CALM_MS = 10_000;
/** Queue listings of both are read so often; the median counts. */
const ROUNDS = 3;

export async function runAdminBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '100000' }, dir: { type: 'string', default: tmpdir() }, loopback: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '26100' }, 'without-postfix': { type: 'boolean', default: false },
    },
  });
  const messages = Number(values.messages);
  const port = Number(values.port);
  const dir = mkdtempSync(join(values.dir, 'posthorn-admin-'));
  try {
    const own = await measureCommands(dir, values.loopback, port, messages);
    const peer = values['without-postfix'] ? undefined : await measurePostfix(dir, port + 1, messages);
    printRatios(messages, own, peer);
    return own.some(({ status }) => status !== 0) ? 1 : 0;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Line extends Measured {
  readonly name: string;
  readonly accepted: number;
  readonly delivered: number;
}

async function measureCommands(dir: string, address: string, port: number, messages: number): Promise<readonly Line[]> {
  const [id = ''] = fillTroubledQueue(join(dir, 'data'), messages);
  const addresses = join(dir, 'addresses.csv');
  writeFileSync(addresses, `address,reason\n${Array.from({ length: messages }, (_, at) => `gone${at}@${DOMAINS[at % DOMAINS.length]},hard bounce\n`).join('')}`);
  const hole = await startBlackHole(address);
  let traffic: Traffic | undefined;
  const sink = await startSink(address, () => traffic?.heard());
  const server = await startServer(dir, address, { smtp: port, hole: hole.port, sink: sink.port });
  try {
    traffic = await Traffic.start(address, port);
    await untilCalm(server.pid, SERVER_CALM_MS);
    console.log(`${messages} messages waiting; milliseconds\n${'wall'.padStart(7)}${'command'.padStart(9)}${'server'.padStart(8)}${'accepted'.padStart(10)}${'delivered'.padStart(11)}  command line`);
    const lines: Line[] = [];
    for (const words of commandLines(id, addresses)) lines.push(await measureLine(server, traffic, words, join(dir, 'output')));
    await traffic.stop();
    return lines;
  } finally {
    await server.stop();
    sink.close();
    hole.close();
  }
}

async function measureLine(server: RunningServer, traffic: Traffic, words: readonly string[], output: string): Promise<Line> {
  const [program = '', ...rest] = words[0] === 'mailq' ? words : ['posthorn', ...words];
  traffic.take();
  const measured = await measure([join(root, 'bin', program), ...rest, '--config', server.config], [server.pid], output);
  const waits = traffic.take();
  const numbers = [[measured.seconds * 1000, 7], [measured.commandMs, 9], [measured.serverMs, 8], [waits.accepted, 10], [waits.delivered, 11]] as const;
  console.log(`${numbers.map(([value, width]) => value.toFixed(0).padStart(width)).join('')}  ${words.join(' ').replace(output, 'FILE')}${measured.status === 0 ? '' : `  status ${measured.status}`}`);
  await untilCalm(server.pid, SERVER_CALM_MS);
  return { ...measured, ...waits, name: words.join(' ') };
}

/** In an order in which each finds what it needs; the last one leaves nothing. */
function commandLines(id: string, addresses: string): readonly (readonly string[])[] {
  const [domain = ''] = DOMAINS;
  const all = ['--limit', '1000000000'];
  return [
    ['version'],
    ...Array.from({ length: ROUNDS }, () => ['mailq']),
    ['queue', 'list', ...all],
    ...Array.from({ length: ROUNDS }, () => ['queue', 'list', ...all, '--json']),
    ['queue', 'list'],
    ...[['--sender', 'sender7@example.org'], ['--recipient', `nobody@${domain}`], ['--domain', domain], ['--site', `mx:${domain}`], ['--state', 'held'], ['--stream', 'bulk'], ['--account', 'sender7@example.org'],
      ['--rule', 'google.rate-ip'], ['--culprit', 'policy'], ['--text', 'nothing like that'], ['--older', '9h'], ['--newer', '10m'], ['--sort', 'next'], ['--sort', 'site']].map((filter) => ['queue', 'list', ...filter]),
    ...['site', 'domain', 'sender', 'account'].map((by) => ['queue', 'stats', '--by', by]),
    ['queue', 'show', id], ['queue', 'why', id], ['queue', 'why', '--domain', domain, '--limit', '10000'], ['trace', id], ['trace', `user0@${domain}`],
    ['queue', 'pause', '--site', `mx:${domain}`], ['queue', 'resume', '--site', `mx:${domain}`],
    ['queue', 'delete', '--text', 'quota', '--dry-run'], ['queue', 'hold', '--all', '--dry-run'],
    ['queue', 'hold', '--all'], ['queue', 'release', '--all'], ['queue', 'hold', '--all', '--reason', 'again'],
    ['queue', 'reroute', '--domain', domain, '--to', 'mx', '--dry-run'], ['queue', 'bounce', '--domain', domain], ['queue', 'delete', '--all'],
    ['suppression', 'import', addresses], ['suppression', 'list', '--limit', '10000'], ['suppression', 'export'],
  ];
}

interface PeerTimes {
  readonly p: number;
  readonly j: number;
}

async function measurePostfix(dir: string, port: number, messages: number): Promise<PeerTimes | undefined> {
  const held = await startHeldPostfix(dir, port, messages);
  if (!held) return undefined;
  try {
    const times = { p: [] as number[], j: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const option of ['p', 'j'] as const) {
        const measured = await measure(['postqueue', '-c', held.configDir, `-${option}`], [held.postfix.pid], join(dir, 'output'));
        times[option].push(measured.seconds);
      }
    }
    return { p: median(times.p), j: median(times.j) };
  } finally {
    await held.postfix.stop();
  }
}

function printRatios(messages: number, own: readonly Line[], peer: PeerTimes | undefined): void {
  const secondsOf = (name: string): number => median(own.filter((line) => line.name === name).map(({ seconds }) => seconds));
  const list = secondsOf('mailq');
  const json = secondsOf('queue list --limit 1000000000 --json');
  console.log(`\n${'ratio'.padStart(7)}${'Posthorn s'.padStart(12)}${'Postfix s'.padStart(11)}  a listing of ${messages}`);
  for (const [name, mine, theirs] of [['mailq, postqueue -p', list, peer?.p], ['queue list --json, postqueue -j', json, peer?.j]] as const) {
    console.log(`${(theirs === undefined ? '' : `${(theirs / mine).toFixed(1)}×`).padStart(7)}${mine.toFixed(2).padStart(12)}${(theirs?.toFixed(2) ?? '-').padStart(11)}  ${name}`);
  }
  const bound = Math.max(1, messages / 100_000);
  const slow = [...new Set(own.map(({ name }) => name))].filter((name) => secondsOf(name) > bound);
  console.log(slow.length === 0 ? 'every command took less than a second for 100,000 rows' : `more than a second for 100,000 rows: ${slow.map((name) => `${name} (${secondsOf(name).toFixed(1)} s)`).join(', ')}`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
