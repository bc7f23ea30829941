/**
 * The server as `posthorn serve` runs it, struck from within. node bench/crash/struck-server.ts clock|threads CONFIG SEED
 *
 * clock: its clock jumps by up to hours every fraction of a second, as after a wrong time server; all sessions are in the
 * main thread, because other threads have clocks of their own. threads: one of its threads after the other throws or ends
 * in the middle of its work, as a bug would have it.
 */
import type { Worker } from 'node:worker_threads';
import { SystemClock, type Clock, type Timer } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import { startServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogSink } from '../../src/face/log-sink.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { generator } from '../../test/flow/seeded.ts';

const JUMP_EVERY_MS = 150;
const JUMP_MS_MAX = 6 * 3_600_000;
const THREAD_ENDS_EVERY_MS = 250;

class JumpingClock implements Clock {
  readonly #real = new SystemClock();
  #offsetMs = 0;

  constructor(random: () => number) {
    setInterval(() => (this.#offsetMs = Math.round((random() - 0.5) * 2 * JUMP_MS_MAX)), JUMP_EVERY_MS).unref();
  }

  now(): number {
    return this.#real.now() + this.#offsetMs;
  }

  monotonic(): number {
    return this.#real.monotonic();
  }

  timer(delayMs: number, fire: () => void): Timer {
    return this.#real.timer(delayMs, fire);
  }
}

const workers = new Set<Worker>();
process.on('worker', (worker) => {
  workers.add(worker);
  worker.once('exit', () => workers.delete(worker));
});

/** Whichever thread it is: session, storage, reader, search, access. */
function endThreads(random: () => number): void {
  setInterval(() => {
    const worker = [...workers][Math.floor(random() * workers.size)];
    // No thread of ours can read such a message: it throws.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
    if (random() < 0.5) worker?.postMessage(null);
    else void worker?.terminate();
  }, THREAD_ENDS_EVERY_MS).unref();
}

const [struck = '', file = '', seed = '1'] = process.argv.slice(2);
const random = generator(Number(seed));
const config = loadConfig(file);
const clock = struck === 'clock' ? new JumpingClock(random) : new SystemClock();
const sink = createLogSink(config.log);
const { writeLines } = sink;
const threads = struck === 'threads' ? { sessionThreads: { count: 2, writeLines }, accessThread: { writeLines } } : {};
const server = await startServer({ config, clock, log: new Log(sink.write, () => clock.now()), verbs, ...threads });
if (struck === 'threads') endThreads(random);
process.once('SIGTERM', () => {
  void server.stop().then(() => {
    sink.close();
    process.exit(0);
  });
});
