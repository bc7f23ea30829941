import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RUSH_LIMITS } from '../../base/rush-limits.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { QueueMessage } from '../../contract/queue.ts';
import { Rush } from './rush.ts';

const { lookEveryMs, longestMs, fewMessages } = RUSH_LIMITS;

/** A machine whose processors have `idle` of their time to spare, and a sender of so many messages a look. */
class Scene {
  readonly clock = new VirtualClock(1_000_000);
  idle = 0;
  ends = 0;
  #all = 0;
  #idle = 0;
  behind = true;
  readonly rush = new Rush(this.clock, { times: () => ({ idle: this.#idle, all: this.#all }), isBehind: () => this.behind, onEnd: () => (this.ends += 1) });

  from(sender: string, more: Partial<QueueMessage> = {}): boolean {
    return this.rush.mustWait({ sender, origin: { kind: 'trusted' }, ...more } as QueueMessage);
  }

  /** So many messages of a sender in each look, for so many looks; returns how many must wait. */
  async storm(looks: number, perLook = 100): Promise<number> {
    let waiting = 0;
    for (let look = 0; look < looks; look++) {
      for (let count = 0; count < perLook; count++) if (this.from('many@example.org')) waiting += 1;
      await this.pass(lookEveryMs);
    }
    return waiting;
  }

  async pass(forMs: number): Promise<void> {
    this.#all += 2 * forMs;
    this.#idle += 2 * forMs * this.idle;
    await this.clock.runUntil(this.clock.now() + forMs);
  }
}

test('a rush begins when much comes in and the processors are busy, and ends when it stops', async () => {
  const scene = new Scene();
  await scene.storm(2);
  assert.equal(scene.rush.isOn, true);
  assert.equal(await scene.storm(5), 500 - fewMessages);
  await scene.pass(2 * lookEveryMs);
  assert.equal(scene.rush.isOn, false);
  assert.equal(scene.ends, 1);
});

test('processors with time to spare: however much comes in, nothing waits', async () => {
  const scene = new Scene();
  scene.idle = 0.3;
  assert.equal(await scene.storm(50), 0);
});

test('busy processors and little mail: nothing waits', async () => {
  const scene = new Scene();
  assert.equal(await scene.storm(50, 5), 0);
});

test('senders of few messages and urgent mail pass in a rush', async () => {
  const scene = new Scene();
  await scene.storm(5);
  assert.equal(scene.from('many@example.org'), true);
  assert.equal(scene.from('few@example.org'), false);
  assert.equal(scene.from('many@example.org', { stream: 'urgent' }), false);
  assert.equal(scene.from('other@example.org', { origin: { kind: 'submission', account: 'a@example.org' } } as Partial<QueueMessage>), false);
});

test('an endless rush: deliveries wait ten seconds at most, and go on for as long', async () => {
  const scene = new Scene();
  const looks = longestMs / lookEveryMs;
  await scene.storm(looks / 2);
  assert.equal(scene.rush.isOn, true);
  assert.ok(scene.rush.endsInMs <= longestMs / 2 + 3 * lookEveryMs, `${scene.rush.endsInMs}`);
  await scene.storm(looks / 2 + 3);
  assert.equal(scene.rush.isOn, false);
  assert.equal(scene.ends, 1);
  assert.equal(await scene.storm(looks - 5), 0);
  await scene.storm(10);
  assert.equal(scene.rush.isOn, true);
});

test('what waited is delivered already: the next rush is taken at once', async () => {
  for (const behind of [true, false]) {
    const scene = new Scene();
    await scene.storm(longestMs / lookEveryMs / 2);
    await scene.pass(2 * lookEveryMs);
    assert.equal(scene.rush.isOn, false);
    scene.behind = behind;
    await scene.storm(3);
    assert.equal(scene.rush.isOn, !behind);
  }
});
