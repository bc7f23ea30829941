import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../test/harness/manual-clock.ts';
import { Log } from '../base/log.ts';
import { CHORE_LIMITS } from '../base/chore-limits.ts';
import type { Chore } from '../contract/chores.ts';
import { startChores } from './chores.ts';

const DAY = 86_400_000;

function world(lastRunAt?: number) {
  const clock = new ManualClock();
  const ran = new Map<string, number>(lastRunAt === undefined ? [] : [['guard', clock.now() + lastRunAt]]);
  const store = { chores: { lastRunAt: async (name: string) => ran.get(name), ran: async (name: string, at: number) => void ran.set(name, at) } };
  const runs: (number | undefined)[] = [];
  let next: PromiseWithResolvers<void> = Promise.withResolvers();
  const start = (outcome?: Awaited<ReturnType<Chore['run']>> | Error) => {
    const chore: Chore = {
      name: 'guard',
      everyMs: DAY,
      run: async (occasion) => {
        runs.push(occasion.lastRunAt);
        next.resolve();
        next = Promise.withResolvers();
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    };
    return startChores({ chores: [chore], clock, log: new Log(() => {}), store });
  };
  return { clock, runs, start, nextRun: () => next.promise };
}

/** Until what was awaited inside has been planned. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('chores', () => {
  it('run soon after the first start, and then each interval', async () => {
    const { clock, runs, start, nextRun } = world();
    const chores = start();
    await settle();
    clock.advance(CHORE_LIMITS.firstMs - 1000);
    await settle();
    assert.equal(runs.length, 0);
    let run = nextRun();
    clock.advance(1000);
    await run;
    await settle();
    run = nextRun();
    clock.advance(DAY);
    await run;
    assert.equal(runs.length, 2);
    assert.equal(runs[0], undefined);
    assert.ok(runs[1] !== undefined);
    await chores.close();
  });

  it('wait after a restart for the rest of the interval', async () => {
    const { clock, runs, start, nextRun } = world(-DAY / 2);
    const chores = start();
    await settle();
    clock.advance(DAY / 2 - 1000);
    await settle();
    assert.equal(runs.length, 0);
    const run = nextRun();
    clock.advance(2000);
    await run;
    await chores.close();
    assert.equal(runs.length, 1);
  });

  it('go on after one failed, and after a clock that was ahead', async () => {
    const { clock, runs, start, nextRun } = world(30 * DAY);
    const chores = start(new Error('no'));
    await settle();
    let run = nextRun();
    clock.advance(DAY);
    await run;
    await settle();
    run = nextRun();
    clock.advance(DAY);
    await run;
    assert.equal(runs.length, 2);
    await chores.close();
  });

  it('run again sooner when they say so', async () => {
    const { clock, runs, start, nextRun } = world();
    const chores = start({ againInMs: 5000 });
    await settle();
    let run = nextRun();
    clock.advance(CHORE_LIMITS.firstMs);
    await run;
    await settle();
    run = nextRun();
    clock.advance(5000);
    await run;
    assert.equal(runs.length, 2);
    await chores.close();
  });
});
