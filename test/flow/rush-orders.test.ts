/** What administrators order over a filter, and whose time ends, while a burst rushes in: on a real store, with the verbs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../src/base/log.ts';
import { RUSH_LIMITS } from '../../src/base/rush-limits.ts';
import type { RecipientState } from '../../src/contract/queue.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import { queueVerbs } from '../../src/manage/queue/queue.ts';
import type { ManageContext } from '../../src/manage/verb.ts';
import { outcome, startScene, type Scene } from '../harness/rush-scene.ts';

const EACH = 50;

/** Mail keeps rushing in until the work has ended. */
async function whileRushing<T>({ clock, bring }: Scene, work: Promise<T>): Promise<T> {
  let ended = false;
  const done = work.finally(() => (ended = true));
  for (let look = 0; !ended && look < 50; look++) {
    await bring('burst@example.org', 40, { to: 'burst@b.test' });
    await clock.runUntil(clock.now() + RUSH_LIMITS.lookEveryMs);
  }
  return done;
}

function desk({ store, clock, queue }: Scene): (name: string, args: unknown) => Promise<{ readonly recipients: number }> {
  const context = { store, clock, log: silentLog, queue: queue.control, config: { outbound: {} } } as unknown as ManageContext;
  return async (name, args) => {
    const result = await runVerb(queueVerbs, context, name, args);
    assert.ok(result.kind === 'done', JSON.stringify(result));
    return result.result as { readonly recipients: number };
  };
}

async function statesOf({ store }: Scene, ids: readonly string[]): Promise<readonly RecipientState[]> {
  const items = await store.queue.readMany(ids);
  return [...new Set(items.flatMap(({ recipients }) => recipients.map(({ state }) => state)))];
}

/** Until nothing is left to be delivered. */
async function drained({ queue, clock }: Scene, left: number): Promise<void> {
  while (queue.control.size.recipients > left || queue.control.size.inFlight > 0) await clock.runUntil(clock.now() + RUSH_LIMITS.lookEveryMs);
}

test('hold, delete, reroute and retry over a filter while a burst comes in: each is obeyed by all it names, and by nobody else', async (t) => {
  const sent = new Map<string, string[]>();
  const scene = await startScene(t, async ({ recipients, route }) => {
    for (const { address } of recipients) sent.set(address, [...(sent.get(address) ?? []), route.kind]);
    return recipients.map((recipient) => outcome(recipient, 'delivered'));
  });
  const { queue, bring, beginRush, endRush } = scene;
  const order = desk(scene);
  await beginRush();
  const ids = new Map<string, string[]>();
  for (let at = 0; at < EACH; at++) {
    for (const kind of ['hold', 'delete', 'reroute', 'retry', 'bounce', 'keep']) {
      const { message } = await bring('many@example.org', 1, { to: `u${at}@${kind}.test` });
      ids.set(kind, [...(ids.get(kind) ?? []), message.id]);
    }
  }
  const [one = ''] = ids.get('keep') ?? [];
  assert.equal(queue.control.explainWait?.(one, 0)?.phase, 'in-line');
  const orders = [order('queue.hold', { domain: 'hold.test' }), order('queue.delete', { domain: 'delete.test' }), order('queue.reroute', { domain: 'reroute.test', to: { host: 'relay.test', port: 25 } }), order('queue.retry', { domain: 'retry.test' }), order('queue.bounce', { domain: 'bounce.test' })];
  const counts = await whileRushing(scene, Promise.all(orders));
  assert.deepEqual(counts.map(({ recipients }) => recipients), [EACH, EACH, EACH, EACH, EACH]);
  assert.deepEqual([await statesOf(scene, ids.get('hold') ?? []), queue.control.explainWait?.(ids.get('hold')?.[0] ?? '', 0)], [['held'], undefined]);

  await endRush();
  await drained(scene, 0);
  const ways = (kind: string): string[] => (ids.get(kind) ?? []).map((_, at) => (sent.get(`u${at}@${kind}.test`) ?? []).join());
  for (const [kind, way] of [['hold', ''], ['delete', ''], ['reroute', 'smarthost'], ['retry', 'mx'], ['bounce', ''], ['keep', 'mx']] as const) {
    assert.deepEqual([...new Set(ways(kind))], [way], kind);
  }
  assert.deepEqual([await statesOf(scene, ids.get('hold') ?? []), await statesOf(scene, ids.get('bounce') ?? [])], [['held'], ['bounced']]);
  // Held in the rush, and let go behind it.
  await order('queue.release', { domain: 'hold.test' });
  await drained(scene, 0);
  assert.deepEqual([...new Set(ways('hold'))], ['mx']);
});

test('whose time ends while it waits for a rush expires then, once, with the reason; what a rush delays is not lost', async (t) => {
  const sent: string[] = [];
  const scene = await startScene(t, async ({ recipients }) => {
    sent.push(...recipients.map(({ address }) => address));
    return recipients.map((recipient) => outcome(recipient, 'delivered'));
  });
  const { clock, store, bring, beginRush, endRush } = scene;
  await beginRush();
  const ids: string[] = [];
  for (let at = 0; at < EACH; at++) ids.push((await bring('many@example.org', 1, { to: `late${at}@c.test`, expiresAt: clock.now() + 1_000 })).message.id);
  const expired = async (): Promise<void> => {
    while ((await statesOf(scene, ids)).join() !== 'expired') await new Promise(setImmediate);
  };
  await whileRushing(scene, expired());
  const items = await store.queue.readMany(ids);
  for (const { recipients: [recipient] } of items) assert.match(recipient?.reason ?? '', /^It could not be delivered for 0 hours and was never tried: More mail comes in just now than this machine can take and deliver at once/);
  await endRush();
  await drained(scene, 0);
  assert.deepEqual(sent.filter((address) => address.startsWith('late')), []);
  for (const id of ids) assert.equal((await store.timeline.events(id)).filter(({ name }) => name === 'recipient.expired').length, 1);
});
