import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSeededRandom } from '../../../test/harness/seeded-random.ts';
import { GUARD_LIMITS } from '../../base/guard-limits.ts';
import type { Level } from '../check.ts';
import type { KeptState, Known, News } from './kept-state.ts';
import { acknowledge, badnessOf, judge, watch } from './watch.ts';

const START = Date.UTC(2026, 10, 21);
const TICK = GUARD_LIMITS.tickMs;
const DAY = 86_400_000;
const SURE = 4;

/** One check of one subject over time. */
class Story {
  state: KeptState | undefined;
  now = START;
  readonly news: (News & { readonly at: number })[] = [];

  see(level: Level, afterMs: number = TICK): this {
    this.now += afterMs;
    const { state, news } = judge(this.state, { check: 'ptr', subject: '192.0.2.7', level }, this.now);
    this.state = state;
    if (news) this.news.push({ ...news, at: this.now });
    return this;
  }

  times(count: number, level: Level, afterMs: number = TICK): this {
    for (let at = 0; at < count; at += 1) this.see(level, afterMs);
    return this;
  }

  acknowledge(): this {
    this.state = acknowledge(this.state as KeptState, this.now);
    assert.ok(this.state);
    return this;
  }

  get kinds(): readonly string[] {
    return this.news.map(({ kind }) => kind);
  }
}

describe('the guard', () => {
  it('says nothing while all is well', () => assert.deepEqual(new Story().times(100, 'pass', DAY).kinds, []));

  it('tells what breaks once, with the time when it was first seen', () => {
    const story = new Story().times(3, 'pass', DAY).see('fail', DAY);
    const since = story.now;
    story.times(SURE, 'fail').times(50, 'fail', DAY);
    assert.deepEqual(story.kinds, ['worse']);
    assert.deepEqual(story.news.map(({ from, to, since: first }) => [from, to, first]), [['pass', 'fail', since]]);
  });

  it('says nothing of a blip, however short or long ago the other sightings are', () => {
    assert.deepEqual(new Story().see('pass').see('fail').times(5, 'pass').kinds, []);
    assert.deepEqual(new Story().see('pass').times(2, 'fail', 10 * TICK).see('pass').kinds, []);
    assert.deepEqual(new Story().see('pass').times(10, 'fail', 60_000).see('pass').kinds, []);
  });

  it('tells once that it is mended, and of nothing that it did not tell', () => {
    assert.deepEqual(new Story().see('pass').times(SURE, 'fail').times(SURE, 'pass').times(10, 'pass', DAY).kinds, ['worse', 'mended']);
    assert.deepEqual(new Story().see('warn').times(SURE, 'pass').kinds, []);
  });

  it('tells each step to worse, and what is better but not good', () => {
    assert.deepEqual(new Story().see('pass').times(SURE, 'warn').times(SURE, 'fail').kinds, ['worse', 'worse']);
    assert.deepEqual(new Story().see('pass').times(SURE, 'fail').times(SURE, 'warn').kinds, ['worse', 'better']);
  });

  it('tells what fails at the first look, and takes warnings as they are', () => {
    const story = new Story().times(SURE, 'fail');
    assert.deepEqual(story.news.map(({ kind, from }) => [kind, from]), [['worse', undefined]]);
    assert.deepEqual(new Story().times(SURE, 'warn').kinds, []);
    assert.deepEqual(new Story().see('fail').times(SURE, 'pass').kinds, []);
  });

  it('takes what does not apply for neither better nor worse', () => {
    assert.deepEqual(new Story().see('warn').times(SURE, 'skip').times(SURE, 'warn').kinds, []);
    assert.deepEqual(new Story().see('skip').times(SURE, 'warn').kinds, []);
    assert.deepEqual(new Story().see('pass').times(SURE, 'skip').times(SURE, 'warn').kinds, ['worse']);
    assert.deepEqual(new Story().see('skip').times(SURE, 'fail').times(SURE, 'skip').kinds, ['worse', 'mended']);
  });

  it('takes unknown for neither better nor worse', () => {
    assert.deepEqual(new Story().see('pass').times(2, 'fail').times(3, 'unknown').times(3, 'pass').kinds, []);
    assert.deepEqual(new Story().see('pass').times(2, 'fail').times(3, 'unknown').times(2, 'fail').kinds, ['worse']);
    assert.deepEqual(new Story().see('pass').times(20, 'unknown').kinds, []);
  });

  it('tells once what stays unknown for days, but not what was never known', () => {
    assert.deepEqual(new Story().see('pass').times(20, 'unknown', DAY).times(3, 'pass').kinds, ['unknown', 'known-again']);
    assert.deepEqual(new Story().times(20, 'unknown', DAY).kinds, []);
    assert.deepEqual(new Story().see('pass').times(5, 'unknown', DAY).times(SURE, 'fail').kinds, ['unknown', 'worse']);
  });

  it('calls a check that turns again and again unsteady, once a week', () => {
    const story = new Story().see('pass');
    for (let turn = 0; turn < 40; turn += 1) story.times(SURE, turn % 2 === 0 ? 'fail' : 'pass', DAY / SURE);
    const unsteady = story.news.filter(({ kind }) => kind === 'unsteady');
    assert.deepEqual(story.kinds.slice(0, 4), ['worse', 'mended', 'worse', 'unsteady']);
    assert.equal(story.news.length, unsteady.length + 3);
    assert.ok(unsteady.length >= 5 && unsteady.length <= 6, String(unsteady.length));
  });

  it('tells what an unsteady check came to, when it rests', () => {
    const story = new Story().see('pass');
    for (let turn = 0; turn < 8; turn += 1) story.times(SURE, turn % 2 === 0 ? 'fail' : 'pass', DAY / SURE);
    story.times(20, 'fail', DAY);
    assert.equal(story.state?.told, 'fail');
    assert.equal(story.news.at(-1)?.to, 'fail');
    const told = story.news.length;
    story.times(20, 'fail', DAY).times(SURE, 'pass');
    assert.deepEqual(story.kinds.slice(told), ['mended']);
  });

  it('is silent about what is acknowledged, until it is mended or worse', () => {
    assert.deepEqual(new Story().see('pass').times(2, 'warn').acknowledge().times(10, 'warn').kinds, []);
    assert.deepEqual(new Story().see('pass').times(SURE, 'warn').acknowledge().times(10, 'warn').times(SURE, 'fail').kinds, ['worse', 'worse']);
    assert.deepEqual(new Story().see('pass').times(SURE, 'fail').acknowledge().times(SURE, 'pass').times(SURE, 'fail').kinds, ['worse', 'mended', 'worse']);
    assert.equal(acknowledge(new Story().see('pass').state as KeptState, START), undefined);
  });

  it('keeps what it did not look at this time, and forgets what is gone for a month', () => {
    const first = watch([], [{ check: 'ptr', subject: 'a', level: 'pass' }, { check: 'mx', subject: 'b', level: 'pass' }], START);
    const second = watch(first.states, [{ check: 'ptr', subject: 'a', level: 'pass' }], START + DAY);
    assert.equal(second.states.length, 2);
    assert.equal(watch(second.states, [{ check: 'ptr', subject: 'a', level: 'pass' }], START + 31 * DAY).states.length, 1);
  });

  it('is not misled by a clock that was set back', () => {
    assert.deepEqual(new Story().see('pass').see('fail').see('fail', -10 * DAY).see('fail').see('pass').kinds, []);
  });
});

/** What is to be believed, worked out from the whole history. */
function believed(history: readonly { readonly at: number; readonly level: Level }[]): Known | undefined {
  let belief: Known | undefined;
  let run: { level: Known; since: number; count: number } | undefined;
  for (const { at, level } of history) {
    if (level === 'unknown') continue;
    if (run?.level === level) run.count += 1;
    else run = { level, since: at, count: 1 };
    if (belief === undefined ? badnessOf(level) < 2 : false) belief = level;
    else if (run.count >= GUARD_LIMITS.sightings && at - run.since >= GUARD_LIMITS.persistMs) belief = level;
  }
  return belief;
}

describe('the guard over any history', () => {
  const random = createSeededRandom();
  it(`tells each change that persists once, and nothing else (FUZZ_SEED=${random.seed})`, () => {
    for (let round = 0; round < 300; round += 1) {
      const story = new Story();
      const history: { at: number; level: Level }[] = [];
      const see = (level: Level, afterMs: number): void => {
        const before = story.news.length;
        const toldBefore = story.state?.told;
        story.see(level, afterMs);
        history.push({ at: story.now, level });
        const [news] = story.news.slice(before);
        if (!news) return;
        const say = JSON.stringify({ news, history: history.slice(-12) });
        if (news.kind === 'worse' || news.kind === 'better' || news.kind === 'mended') {
          assert.equal(news.to, believed(history), say);
          assert.equal(news.from, toldBefore, say);
          assert.ok(news.kind === 'worse' ? badnessOf(news.to as Known) > badnessOf(news.from) : badnessOf(news.to as Known) < badnessOf(news.from), say);
        }
        if (news.kind === 'unknown') assert.ok(history.slice(-2).every((each) => each.level === 'unknown'), say);
      };
      const weights: readonly Level[] = random.pick([['pass', 'fail'], ['pass', 'pass', 'pass', 'fail', 'unknown'], ['pass', 'warn', 'fail', 'unknown'], ['fail', 'unknown']]);
      for (let step = 0; step < 60; step += 1) {
        const level = random.pick(weights);
        const gap = random.pick([60_000, TICK, TICK, 6 * TICK, DAY, 4 * DAY]);
        for (let left = 1 + random.below(5); left > 0; left -= 1) see(level, gap);
      }
      const unsteady = story.news.filter(({ kind }) => kind === 'unsteady').map(({ at }) => at);
      for (const [at, when] of unsteady.entries()) assert.ok(at === 0 || when - (unsteady[at - 1] as number) >= GUARD_LIMITS.unsteadyMs);
      const end = random.pick(['pass', 'warn', 'fail'] as const);
      for (let left = 12; left > 0; left -= 1) see(end, DAY);
      assert.equal(badnessOf(story.state?.told), badnessOf(end), `what it came to is told (round ${round})`);
      const told = story.news.length;
      for (let left = 30; left > 0; left -= 1) see(end, DAY);
      assert.equal(story.news.length, told, `and then there is silence (round ${round})`);
    }
  });
});
