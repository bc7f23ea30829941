/**
 * npm run bench -- queue [--messages 1000000] [--hole 100000] [--sample 30000] [--rounds 3]
 *
 * What a long queue costs: memory over idle, time until ready after a restart, and the rate of delivery of new mail with
 * it, compared with an empty queue; and what a black hole with many messages costs the others. Measured are the real
 * store, queue and SMTP client in a process of their own (no sessions, no shaping), towards a sink in this process.
 * Empty and long queue take turns, several rounds; the medians are compared.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fillQueue } from './fill.ts';
import { startBlackHole, startSink } from './sink.ts';
import type { Measured } from './worker.ts';

const KINDS = ['empty', 'long', 'hole'] as const;
type Kind = (typeof KINDS)[number];
const HOUR_MS = 3_600_000;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

export async function runQueueBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { messages: { type: 'string', default: '1000000' }, hole: { type: 'string', default: '100000' }, sample: { type: 'string', default: '30000' }, rounds: { type: 'string', default: '3' } },
  });
  const root = mkdtempSync(join(tmpdir(), 'posthorn-bench-queue-'));
  const [sink, hole] = await Promise.all([startSink('127.0.0.1'), startBlackHole('127.0.0.1')]);
  try {
    const dirs = fill(root, Number(values.messages), Number(values.hole));
    const results: Record<Kind, Measured[]> = { empty: [], long: [], hole: [] };
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const name of KINDS) {
        const measured = await measure(dirs[name], [sink.port, hole.port, Number(values.sample)]);
        results[name].push(measured);
        say(`round ${round + 1}, ${name.padEnd(5)}: ready in ${(measured.readyMs / 1000).toFixed(1)} s, ${megabytes(measured.idleBytes)} idle, ${megabytes(measured.busyBytes)} after, ${Math.round(measured.deliveredPerSecond)}/s, ${Math.round(measured.cpuMicros)} µs of processor a message, ${measured.stillWaiting} still waiting`);
      }
    }
    report(results);
    return 0;
  } finally {
    sink.close();
    hole.close();
    rmSync(root, { recursive: true, force: true });
  }
}

function fill(root: string, messages: number, holeMessages: number): Readonly<Record<Kind, string>> {
  const from = performance.now();
  const dirs = { empty: join(root, 'empty'), long: join(root, 'long'), hole: join(root, 'hole') };
  fillQueue({ dataDir: dirs.empty, messages: 0, domain: () => '', dueInMs: () => 0 });
  fillQueue({ dataDir: dirs.long, messages, domain: (at) => `d${at % 5000}.example`, dueInMs: (at) => HOUR_MS + ((at * 7919) % (3 * HOUR_MS)) });
  fillQueue({ dataDir: dirs.hole, messages: holeMessages, domain: () => 'hole.example', dueInMs: () => 0 });
  say(`filled with ${messages} waiting messages and ${holeMessages} to a black hole in ${((performance.now() - from) / 1000).toFixed(0)} s`);
  return dirs;
}

function measure(dataDir: string, numbers: readonly number[]): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./worker.ts', import.meta.url), [dataDir, ...numbers.map(String)], { execArgv: ['--expose-gc'] });
    child.once('message', (measured) => resolve(measured as Measured));
    child.once('exit', (code) => reject(new Error(`the measured process ended with ${code}`)));
  });
}

function report({ empty, long, hole }: Readonly<Record<Kind, readonly Measured[]>>): void {
  const middle = (all: readonly Measured[], of: (one: Measured) => number): number => all.map(of).sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
  const rate = (one: Measured): number => one.deliveredPerSecond;
  const share = (all: readonly Measured[]): string => `${Math.round((middle(all, rate) / middle(empty, rate)) * 100)} % of ${Math.round(middle(empty, rate))}/s with an empty queue`;
  say('');
  say(`memory over idle      ${megabytes(middle(long, (one) => one.idleBytes) - middle(empty, (one) => one.idleBytes))} after the start, ${megabytes(middle(long, (one) => one.busyBytes) - middle(empty, (one) => one.busyBytes))} after the deliveries (aim: 150 MB)`);
  say(`ready after restart   ${(middle(long, (one) => one.readyMs) / 1000).toFixed(1)} s (aim: 10 s)`);
  say(`rate of delivery      ${share(long)} (aim: 90 %)`);
  say(`beside a black hole   ${share(hole)} (aim: 95 %)`);
  const cpu = (all: readonly Measured[]): number => Math.round(middle(all, (one) => one.cpuMicros));
  say(`processor a message   ${cpu(empty)} µs with an empty queue, ${cpu(long)} µs with a long one, ${cpu(hole)} µs beside a black hole`);
}
