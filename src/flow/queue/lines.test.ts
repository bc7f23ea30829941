/** Turns: between streams, senders and sites; what waits does not hold up the others; slow sites leave places free. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { MxSite } from '../../contract/sending.ts';
import type { Admission, SendRequest } from '../../contract/shaper.ts';
import { plainSender } from './line.ts';
import { Lines } from './lines.ts';
import type { LineEntry, Turn } from './lines.ts';
import { createOpenShaper } from './open-shaper.ts';
import { Places } from './places.ts';
import { WaitingIndex } from './waiting-index.ts';

const site = (key: string): MxSite => ({ key, title: key });

function open(placesPerSite = 1, refuse: (request: SendRequest) => Extract<Admission, { kind: 'wait' }> | undefined = () => undefined) {
  const clock = new VirtualClock(1e12);
  const index = new WaitingIndex();
  const places = new Places(clock, () => {});
  const shaper = createOpenShaper({ placesPerSite });
  const asked: string[] = [];
  const admit = (request: SendRequest): Admission => {
    asked.push(request.sender);
    return refuse(request) ?? shaper.admit(request);
  };
  const lines = new Lines({ index, places, shaper: { admit }, now: () => clock.now() });
  shaper.onRoom((key) => lines.room(key));
  const under: Turn[] = [];
  let number = 0;
  return {
    clock, index, places, lines, asked, under,
    stand: (id: string, { queuedAt = 1, ...entry }: Partial<LineEntry> & { readonly queuedAt?: number } = {}): void => {
      const slot = index.add(id, number++, 0);
      index.take(slot);
      lines.enter(slot, { site: site('mx'), stream: 'transactional', sender: 'a@x', dkimDomain: '', route: 1, ...entry }, queuedAt);
    },
    /** Begins what may begin; returns ids. */
    run: (): string[] => {
      const ids: string[] = [];
      lines.run((turn) => {
        under.push(turn);
        ids.push(index.idOf(turn.slots[0] as number));
      });
      return ids;
    },
    end: (turn = under.shift()): void => {
      if (!turn) return;
      for (const slot of turn.slots) index.remove(slot);
      shaper.finish(turn.permit, []);
      lines.finish(turn);
    },
  };
}

/** The order in which all of them go, one after the other. */
function orderOf(bench: ReturnType<typeof open>): string[] {
  const order: string[] = [];
  for (let ids = bench.run(); ids.length > 0; ids = bench.run()) {
    order.push(...ids);
    bench.end();
  }
  return order;
}

test('a password reset goes next, however long the mailing is, and the mailing goes on', () => {
  const bench = open();
  for (let at = 0; at < 1000; at++) bench.stand(`bulk${at}`, { stream: 'bulk', sender: 'news@x' });
  bench.run();
  for (let at = 0; at < 30; at++) bench.stand(`urgent${at}`, { stream: 'urgent' });
  bench.stand('letter');
  bench.end();
  const order = orderOf(bench);
  assert.equal(order[0], 'urgent0');
  assert.ok(order.indexOf('letter') < 6, `${order.indexOf('letter')}`);
  assert.ok(order.indexOf('bulk1') < 30, 'nothing starves');
  assert.ok(order.indexOf('urgent29') < 40);
  assert.equal(order.length, 1030);
});

test('senders of a stream take turns, each in its own order', () => {
  const bench = open();
  for (let at = 0; at < 100; at++) bench.stand(`many${at}`, { sender: 'many@x' });
  for (let at = 0; at < 3; at++) bench.stand(`few${at}`, { sender: 'few@x' });
  const order = orderOf(bench);
  assert.deepEqual(order.slice(0, 6), ['many0', 'few0', 'many1', 'few1', 'many2', 'few2']);
});

test('who must wait holds up nobody else, and goes when there is room or its time has come', async () => {
  let blocked = true;
  const bench = open(5, ({ dkimDomain }) => (blocked && dkimDomain === 'bad' ? { kind: 'wait', rule: 'lane-blocked', reason: 'blocked', until: 1e12 + 5000 } : undefined));
  bench.stand('bad', { dkimDomain: 'bad' });
  bench.stand('good', { dkimDomain: 'good' });
  assert.deepEqual(bench.run(), ['good']);
  assert.equal(bench.lines.nextWakeAt, 1e12 + 5000);
  assert.deepEqual(bench.run(), []);
  assert.equal(bench.asked.length, 2, 'not asked again before something changed');
  await bench.clock.runUntil(1e12 + 5000);
  assert.deepEqual(bench.run(), [], 'asked again, and refused again');
  assert.equal(bench.asked.length, 3);
  blocked = false;
  bench.lines.room('mx');
  assert.deepEqual(bench.run(), ['bad']);
});

test('what concerns the whole site is asked once', () => {
  const bench = open(1);
  for (let at = 0; at < 50; at++) bench.stand(`m${at}`, { sender: `s${at}@x` });
  assert.equal(bench.run().length, 1);
  assert.equal(bench.asked.length, 2);
});

test('recipients of one message that go the same way go together, others for themselves', () => {
  const bench = open(5);
  for (const route of [1, 1, 2]) bench.stand('m', { route });
  bench.run();
  assert.deepEqual(bench.under.map(({ slots }) => slots.length).sort(), [1, 2]);
});

test('any number of sites that hang leaves places for the others', async () => {
  const bench = open(20);
  for (let round = 0; round < 40; round++) {
    for (let at = 0; at < 40; at++) bench.stand(`hang${round}-${at}`, { site: site(`hole${at % 20}`), sender: `s${at}@x` });
    bench.run();
    await bench.clock.runUntil(bench.clock.now() + QUEUE_LIMITS.slowAfterMs + 1000);
  }
  assert.ok(bench.under.length <= QUEUE_LIMITS.slowPlacesMax + QUEUE_LIMITS.unknownPlacesMax, `${bench.under.length}`);
  bench.stand('quick', { site: site('alive') });
  assert.deepEqual(bench.run(), ['quick']);
});

test('bulk mail leaves a reserve', () => {
  const bench = open(1);
  for (let at = 0; at < 300; at++) bench.stand(`b${at}`, { site: site(`s${at}`), stream: 'bulk' });
  for (let turn = bench.run().length; turn > 0; turn = bench.run().length) while (bench.under.length > 0) bench.end();
  for (let at = 0; at < 300; at++) bench.stand(`c${at}`, { site: site(`s${at}`), stream: 'bulk' });
  assert.equal(bench.run().length, QUEUE_LIMITS.bulkPlacesMax);
  bench.stand('letter', { site: site('s299') });
  assert.deepEqual(bench.run(), ['letter']);
});

test('too many lines: those that wait for a time go to sleep until then', () => {
  const bench = open(1, () => ({ kind: 'wait', rule: 'site-dead', reason: 'dead', until: 1e12 + 9000 }));
  for (let at = 0; at < 10; at++) bench.stand(`m${at}`, { site: site(`dead${at}`) });
  bench.run();
  bench.lines.dissolve((slot, until) => bench.index.sleep(slot, until));
  assert.deepEqual([bench.lines.count, bench.lines.waiting, bench.index.sleeping, bench.index.nextDueAt], [0, 0, 10, 1e12 + 9000]);
});

test('return paths made for each message are one sender', () => {
  assert.equal(plainSender('bounces+17=bob=example.net@news.example.org'), 'bounces@news.example.org');
  assert.equal(plainSender('SRS0=ab=cd=x.example=y@fwd.example'), 'SRS0@fwd.example');
  for (const same of ['', 'alice@example.org', '+odd@example.org', '=@x']) assert.equal(plainSender(same), same);
});

test('with ever new senders the turns of a line stay bounded', () => {
  const bench = open(1);
  for (let at = 0; at < QUEUE_LIMITS.sendersPerLineMax + 500; at++) bench.stand(`m${at}`, { sender: `s${at}@example.org` });
  assert.ok([...(bench.lines.lineOf('mx')?.senders() ?? [])].length <= QUEUE_LIMITS.sendersPerLineMax + 1);
});
