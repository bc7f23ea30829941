/**
 * The server as `posthorn serve` runs it, but with a clock that jumps by up to hours every fraction of a second, as after
 * a wrong time server. node bench/crash/jumping-server.ts CONFIG SEED
 */
import { SystemClock, type Clock, type Timer } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import { startServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogSink } from '../../src/face/log-sink.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { generator } from '../../test/flow/seeded.ts';

const JUMP_EVERY_MS = 150;
const JUMP_MS_MAX = 6 * 3_600_000;

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

const [file = '', seed = '1'] = process.argv.slice(2);
const config = loadConfig(file);
const clock = new JumpingClock(generator(Number(seed)));
const sink = createLogSink(config.log);
const server = await startServer({ config, clock, log: new Log(sink.write, () => clock.now()), verbs });
process.once('SIGTERM', () => {
  void server.stop().then(() => {
    sink.close();
    process.exit(0);
  });
});
