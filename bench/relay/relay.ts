/**
 * bench relay: durable acceptance and delivery through a relay, Posthorn against Postfix, one after the other in the
 * same run on the same machine, with the same clients and the same next hop. Prints the ratio first.
 *
 * Two contests: `plain` (nothing is signed), and `signed`: Posthorn signs with RSA-2048, Postfix through OpenDKIM as milter.
 *
 * Options: --messages N (default 10000) --sessions N (20) --bytes N (4096) --warm-up N (10000)
 *          --dir D (a new folder in /tmp) --only posthorn|postfix --contest plain|signed (both)
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missingTools, startPostfix, startPosthorn, type Contest, type Contestant } from './contestants.ts';
import { measureAcceptance, relayedMessages, sendWithSmtpSource, startSmtpSink, type LoadShape, type Sink } from './load.ts';
import { treeCpuSeconds, watchMemory } from './processes.ts';

/** Below what the kernel hands out by itself: a connection of the contest before may rest on any port above. */
const SINK_PORT = 21_525;
const DELIVERY_TIMEOUT_MS = 600_000;
/** A server runs for months: what its first messages cost says little. */
const WARM_UP_MESSAGES = '10000';

interface Load extends Omit<LoadShape, 'reuse'> {
  /** Messages before anything is measured. */
  readonly warmUp: number;
}

interface Figures {
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  /** Processor time of the server and its helpers, microseconds a message, accepted and delivered: other load on the machine changes it least. */
  readonly processorUs: number;
  readonly acceptanceMs: readonly [p50: number, p95: number, p99: number];
}

interface Result {
  readonly contestant: Contestant;
  readonly peakMemoryMb: number;
  readonly single?: Figures;
  readonly reused?: Figures;
  /** Why there are no more figures. */
  readonly trouble?: string;
}

export async function runRelayBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '10000' },
      sessions: { type: 'string', default: '20' },
      bytes: { type: 'string', default: '4096' },
      'warm-up': { type: 'string', default: WARM_UP_MESSAGES },
      dir: { type: 'string' },
      only: { type: 'string' },
      contest: { type: 'string' },
    },
  });
  const contests = (['plain', 'signed'] as const).filter((name) => values.contest === undefined || values.contest === name);
  const lacks = missingTools(contests);
  if (lacks.length > 0) {
    console.error(`bench relay cannot run here; it lacks: ${lacks.join(', ')}`);
    return 2;
  }
  const shape = { messages: Number(values.messages), sessions: Number(values.sessions), messageBytes: Number(values.bytes), warmUp: Number(values['warm-up']) };
  const dir = mkdtempSync(join(values.dir ?? tmpdir(), 'posthorn-bench-'));
  console.log(`${shape.messages} messages of ${shape.messageBytes} bytes over ${shape.sessions} sessions, in ${dir}\n`);
  let complete = true;
  try {
    for (const contest of contests) {
      const results = new Map<string, Result>();
      for (const [name, start, port] of [['postfix', startPostfix, 21_526], ['posthorn', startPosthorn, 21_527]] as const) {
        if (values.only !== undefined && values.only !== name) continue;
        const folder = join(dir, contest, name);
        mkdirSync(folder, { recursive: true });
        // Postfix's programs run as a user of their own.
        for (const path of [dir, join(dir, contest), folder]) chmodSync(path, 0o755);
        const result = await start(folder, port, SINK_PORT, contest).then((contestant) => measure(contestant, contest, folder, shape), (error: unknown) => console.error(String(error)));
        if (!result || result.trouble !== undefined) complete = false;
        if (result) results.set(name, result);
      }
      report(contest, results.get('postfix'), results.get('posthorn'));
    }
    return complete ? 0 : 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What goes wrong ends one contestant's turn; the figures it has stay, and the others have theirs. */
async function measure(contestant: Contestant, contest: Contest, folder: string, { warmUp, ...shape }: Load): Promise<Result> {
  const memory = watchMemory(contestant.pid);
  let sink: Sink | undefined;
  let single: Figures | undefined;
  let reused: Figures | undefined;
  let trouble: string | undefined;
  try {
    checkSignatures(contest, await relayedMessages(contestant.port, SINK_PORT, join(folder, 'received')));
    sink = await startSmtpSink(SINK_PORT);
    await transfer(contestant, sink, { ...shape, messages: warmUp, reuse: false });
    single = await figures(contestant, sink, { ...shape, reuse: false });
    reused = await figures(contestant, sink, { ...shape, reuse: true });
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error);
  }
  const peakMemoryMb = memory.stop();
  await contestant.stop();
  await sink?.stop();
  return { contestant, peakMemoryMb, ...(single && { single }), ...(reused && { reused }), ...(trouble !== undefined && { trouble }) };
}

/** An RSA-2048 signature has 344 characters; white space may be in between. */
function checkSignatures(contest: Contest, messages: readonly string[]): void {
  for (const text of messages) {
    const field = /^DKIM-Signature:(?:.*\r?\n)(?:[ \t].*\r?\n)*/im.exec(text)?.[0];
    const signature = field?.replace(/\s/g, '').match(/;b=([A-Za-z0-9+/=]+)/)?.[1];
    if (contest === 'plain' ? field !== undefined : signature?.length !== 344) throw new Error(`the sink got a message that is not ${contest}: ${field ?? 'no signature'}`);
  }
}

async function figures(contestant: Contestant, sink: Sink, shape: LoadShape): Promise<Figures> {
  const cpuBefore = treeCpuSeconds(contestant.roots);
  const { acceptSeconds, deliverSeconds } = await transfer(contestant, sink, shape);
  const cpuSeconds = treeCpuSeconds(contestant.roots) - cpuBefore;
  const before = sink.count();
  const timed = { ...shape, messages: Math.min(shape.messages, 2000) };
  const times = await measureAcceptance(contestant.port, timed);
  await sink.reached(before + timed.messages, DELIVERY_TIMEOUT_MS);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] as number;
  return {
    acceptedPerSecond: shape.messages / acceptSeconds,
    deliveredPerSecond: shape.messages / deliverSeconds,
    processorUs: (cpuSeconds * 1e6) / shape.messages,
    acceptanceMs: [at(0.5), at(0.95), at(0.99)],
  };
}

async function transfer(contestant: Contestant, sink: Sink, shape: LoadShape): Promise<{ acceptSeconds: number; deliverSeconds: number }> {
  const target = sink.count() + shape.messages;
  const startedAt = performance.now();
  const acceptSeconds = await sendWithSmtpSource(contestant.port, shape);
  const arrivedAt = await sink.reached(target, DELIVERY_TIMEOUT_MS);
  return { acceptSeconds, deliverSeconds: (arrivedAt - startedAt) / 1000 };
}

function ratio(ours: number | undefined, theirs: number | undefined): string {
  return ours === undefined || theirs === undefined ? '' : `${(ours / theirs).toFixed(1)}×`;
}

function number(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(value < 10 ? 2 : 0);
}

function report(contest: Contest, postfix: Result | undefined, posthorn: Result | undefined): void {
  const rows: string[][] = [[contest === 'plain' ? 'nothing signed' : 'signed, RSA-2048', 'ratio', 'Posthorn', contest === 'plain' ? 'Postfix' : '+OpenDKIM']];
  const add = (label: string, pick: (result: Result) => number | undefined): void => {
    const ours = posthorn && pick(posthorn);
    const theirs = postfix && pick(postfix);
    rows.push([label, ratio(ours, theirs), number(ours), number(theirs)]);
  };
  for (const [label, key] of [['one connection a message', 'single'], ['connections reused', 'reused']] as const) {
    rows.push([`— ${label}`, '', '', '']);
    add('accepted/s', (result) => result[key]?.acceptedPerSecond);
    add('delivered/s', (result) => result[key]?.deliveredPerSecond);
    add('processor time, µs/message', (result) => result[key]?.processorUs);
    for (const [index, name] of ['p50', 'p95', 'p99'].entries()) {
      add(`acceptance time ${name}, ms`, (result) => result[key]?.acceptanceMs[index]);
    }
  }
  rows.push(['— the process', '', '', '']);
  add('peak memory, MB', (result) => result.peakMemoryMb);
  add('idle memory, MB', (result) => result.contestant.idleMemoryMb);
  add('start to ready, s', (result) => result.contestant.startSeconds);
  for (const row of rows) console.log(`${(row[0] as string).padEnd(28)}${row.slice(1).map((cell) => cell.padStart(12)).join('')}`);
  for (const result of [posthorn, postfix]) if (result?.trouble !== undefined) console.log(`${result.contestant.name} was not measured to the end: ${result.trouble}`);
  console.log('');
}
