/** Life-time and delay notices: they hold in every state a recipient can be in, and do not depend on attempts. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import type { Deliverer, NewQueueItem, QueueRecipient } from '../../src/contract/queue.ts';
import type { Shaper } from '../../src/contract/shaper.ts';
import { createFeedback } from '../../src/flow/feedback/feedback.ts';
import { delayNoticeTime } from '../../src/flow/queue/delay-notice.ts';
import { createOpenShaper } from '../../src/flow/queue/open-shaper.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import type { Queue } from '../../src/flow/queue/queue.ts';
import { openStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';

/** Real time: the store's thread may get little of a busy machine. */
const PATIENCE_MS = 60_000;
const HOUR_MS = 3_600_000;
const config = { queue: { lifetimeMs: 48 * HOUR_MS, bounceLifetimeMs: 48 * HOUR_MS, retryMinMs: 300_000, retryMaxMs: HOUR_MS, delayNoticeMs: 4 * HOUR_MS } };

interface Bench {
  readonly store: Store;
  readonly clock: AdjustableClock;
  queue: Queue;
  submit(notify?: readonly (QueueRecipient['notify'])[], change?: Partial<NewQueueItem['message']>): Promise<string>;
  events(id: string): Promise<string[]>;
  states(id: string): Promise<string[]>;
  eventually(what: string, holds: () => Promise<boolean>): Promise<void>;
  restart(): Promise<void>;
}

/** Nothing of these goes: a site that is paused. */
const paused: Shaper = { ...createOpenShaper(), admit: () => ({ kind: 'wait', rule: 'site-paused', reason: 'An administrator paused the site.' }) };
const deferring: Deliverer = {
  deliver: async ({ recipients }) => recipients.map(({ index }) => ({ recipient: index, status: 'deferred', scope: 'recipient', reply: { code: 450, text: 'busy' }, attempt: { mx: 'm.example', address: '192.0.2.1' } })),
};

async function open(t: TestContext, remote: Deliverer = deferring, shaper?: Shaper): Promise<Bench> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-ageing-'));
  const clock = new AdjustableClock();
  const store = await openStore(dir, { clock });
  const start = async (): Promise<Queue> => {
    const queue = createQueue({
      store: store.queue, clock, log: silentLog, config, random: () => 0, deliverers: { local: remote, remote }, ...(shaper ? { shaper } : {}),
      router: { route: async (_message, { address }) => ({ kind: 'mx', key: address.slice(address.indexOf('@') + 1), domain: 'example.net' }) },
      feedback: createFeedback({ hostname: 'mail.example.org', clock, config, queueId: createQueueId }),
    });
    await queue.start();
    return queue;
  };
  const bench: Bench = {
    store, clock, queue: await start(),
    submit: async (notify = [undefined], change = {}) => {
      const item = newItem(clock.now(), notify, change);
      await bench.queue.enqueue(item);
      return item.message.id;
    },
    events: async (id) => (await store.timeline.events(id)).map(({ name }) => name),
    states: async (id) => ((await store.queue.read(id))?.recipients ?? []).map(({ state }) => state),
    eventually: async (what, holds) => {
      for (const until = performance.now() + PATIENCE_MS; performance.now() < until; await new Promise(setImmediate)) if (await holds()) return;
      assert.fail(`waited in vain for ${what}`);
    },
    restart: async () => {
      await bench.queue.stop(0);
      bench.queue = await start();
    },
  };
  t.after(async () => {
    await bench.queue.stop(0);
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return bench;
}

function newItem(now: number, notify: readonly (QueueRecipient['notify'])[], change: Partial<NewQueueItem['message']>): NewQueueItem {
  const id = createQueueId(now);
  const content = Buffer.from(`Subject: ${id}\r\n\r\nhello\r\n`);
  const recipients = notify.map((wish, index) => ({ index, address: `u${index}@example.net`, state: 'queued' as const, attempts: 0, nextAttemptAt: now, ...(wish ? { notify: wish } : {}) }));
  const message: NewQueueItem['message'] = {
    id, sender: 'alice@example.org', options: { body: '8bitmime', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA' },
    senderBelieved: true, contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: now, queuedAt: now,
    expiresAt: now + config.queue.lifetimeMs, ...change,
  };
  const delayNoticeAt = delayNoticeTime(message, recipients, config.queue.delayNoticeMs);
  return { message: { ...message, ...(delayNoticeAt === undefined ? {} : { delayNoticeAt }) }, recipients, content: new BufferSource(content), events: [] };
}

const count = (names: readonly string[], name: string): number => names.filter((one) => one === name).length;

test('what never had its turn expires on time, with a notice', async (t) => {
  const bench = await open(t, deferring, paused);
  const id = await bench.submit();
  assert.equal((await bench.states(id))[0], 'queued');
  bench.clock.advance(48 * HOUR_MS + 1);
  await bench.eventually('expiry', async () => (await bench.states(id))[0] === 'expired');
  const names = await bench.events(id);
  assert.equal(count(names, 'recipient.expired'), 1);
  assert.ok(names.includes('dsn.sent') && names.includes('message.done'), names.join());
  assert.match((await bench.store.queue.read(id))?.recipients[0]?.reason ?? '', /^It could not be delivered for 48 hours and was never tried: An administrator paused the site\.$/);
});

test('what is held expires on time, too', async (t) => {
  const bench = await open(t);
  const id = await bench.submit();
  await bench.eventually('deferral', async () => (await bench.events(id)).includes('recipient.deferred'));
  await bench.store.queue.order(id, [0], { state: 'held', reason: 'An administrator put it on hold: spam?; `posthorn queue release` lets it go.' }, []);
  await bench.queue.control.refresh([id]);
  bench.clock.advance(48 * HOUR_MS + 1);
  await bench.eventually('expiry', async () => (await bench.states(id))[0] === 'expired');
  const [expired] = (await bench.store.queue.read(id))?.recipients ?? [];
  assert.equal(expired?.reason, 'It could not be delivered for 48 hours: it was on hold to the end. An administrator put it on hold: spam?.');
  await bench.eventually('only the notice waits', async () => bench.queue.control.size.recipients === 1);
});

test('what is held expires after the time of its delay notice, also when no other message comes', async (t) => {
  const bench = await open(t, deferring, paused);
  const id = await bench.submit([['failure']], { delayNoticeAt: bench.clock.now() + 4 * HOUR_MS });
  await bench.store.queue.order(id, [0], { state: 'held' }, []);
  await bench.queue.control.refresh([id]);
  bench.clock.advance(4 * HOUR_MS + 1);
  await bench.eventually('end of the notice', async () => (await bench.store.queue.read(id))?.message.delayNoticeAt === undefined);
  // Until the sweep is over nothing waits for the clock.
  for (let round = 0; round < 20; round++) await new Promise(setImmediate);
  bench.clock.advance(44 * HOUR_MS);
  await bench.eventually('expiry', async () => (await bench.states(id))[0] === 'expired');
});

test('one delay notice, for those who want it, over a restart', async (t) => {
  const bench = await open(t);
  const id = await bench.submit([undefined, ['failure'], ['delay', 'failure']]);
  await bench.eventually('deferral', async () => count(await bench.events(id), 'recipient.deferred') === 3);
  await bench.restart();
  bench.clock.advance(4 * HOUR_MS + 1);
  await bench.eventually('notice', async () => (await bench.events(id)).includes('dsn.sent'));
  await bench.restart();
  bench.clock.advance(20 * HOUR_MS);
  await bench.eventually('another attempt', async () => count(await bench.events(id), 'recipient.deferred') >= 6);
  const sent = (await bench.store.timeline.events(id)).filter(({ name }) => name === 'dsn.sent');
  assert.equal(sent.length, 1);
  assert.deepEqual([sent[0]?.data?.['kind'], sent[0]?.data?.['recipients']], ['delay', ['u0@example.net', 'u2@example.net']]);
});

test('a delay notice says who said what it quotes, and what became of the other hosts', async (t) => {
  const tried = [{ mx: 'first.example', address: '192.0.2.9', error: 'connect to first.example[192.0.2.9]:25: Connection refused', own: true }] as const;
  const busy: Deliverer = {
    deliver: async ({ recipients }) => recipients.map(({ index }) => ({ recipient: index, status: 'deferred', scope: 'recipient', reply: { code: 450, text: 'connection refused by policy' }, attempt: { mx: 'm.example', address: '192.0.2.1', tried } })),
  };
  const bench = await open(t, busy);
  const id = await bench.submit();
  await bench.eventually('deferral', async () => (await bench.events(id)).includes('recipient.deferred'));
  bench.clock.advance(4 * HOUR_MS + 1);
  await bench.eventually('notice', async () => (await bench.events(id)).includes('dsn.sent'));
  const sent = (await bench.store.timeline.events(id)).find(({ name }) => name === 'dsn.sent');
  const notice = await bench.store.queue.read(String(sent?.data?.['dsnId']));
  const text = (await (await bench.store.queue.content(notice?.message.contentDigest ?? '')).read()).toString().replace(/\s+/g, ' ');
  assert.match(text, /m\.example \[192\.0\.2\.1\] said: 450 connection refused by policy/);
  assert.match(text, /2 hosts were tried; this is the only one that gave an answer\. The others: connect to first\.example\[192\.0\.2\.9\]:25: Connection refused/);
  assert.match(text, /Remote-MTA: dns;m\.example|Remote-MTA: dns; m\.example/);
});

test('no delay notice for reports, mailings, forged senders, and who does not want it', () => {
  const at = (change: Partial<NewQueueItem['message']>, notify?: QueueRecipient['notify']): number | undefined =>
    delayNoticeTime({ sender: 'a@example.org', senderBelieved: true, queuedAt: 0, expiresAt: 10 * HOUR_MS, ...change }, [notify ? { notify } : {}], HOUR_MS);
  assert.equal(at({}), HOUR_MS);
  for (const change of [{ sender: '' }, { stream: 'bulk' }, { senderBelieved: false }, { expiresAt: HOUR_MS }] as const) assert.equal(at(change), undefined);
  assert.deepEqual([at({}, ['never']), at({}, ['failure']), at({}, ['delay'])], [undefined, undefined, HOUR_MS]);
  assert.equal(delayNoticeTime({ sender: 'a@x', senderBelieved: true, queuedAt: 0, expiresAt: HOUR_MS * 9 }, [{}], 0), undefined);
});

test('a clock that jumps ahead and is put right again expires nothing; one that stays does', async (t) => {
  const bench = await open(t, deferring, paused);
  const id = await bench.submit([['failure']]);
  bench.clock.jump(96 * HOUR_MS);
  bench.clock.advance(HOUR_MS / 6);
  await bench.submit([['failure']]);
  assert.deepEqual(await bench.states(id), ['queued']);
  bench.clock.jump(-96 * HOUR_MS);
  bench.clock.advance(HOUR_MS);
  await bench.submit([['failure']]);
  assert.deepEqual(await bench.states(id), ['queued']);
  bench.clock.jump(96 * HOUR_MS);
  await bench.submit([['failure']]);
  await bench.eventually('expiry', async () => {
    bench.clock.advance(60_000);
    return (await bench.states(id))[0] === 'expired';
  });
});

test('a retry that was planned in a far future is not waited for when the clock went back', async (t) => {
  let attempts = 0;
  const bench = await open(t, { deliver: (job, signal) => (attempts++, deferring.deliver(job, signal)) });
  bench.clock.jump(1000 * HOUR_MS);
  const id = await bench.submit([['failure']]);
  await bench.eventually('deferral', async () => (await bench.events(id)).includes('recipient.deferred'));
  bench.clock.jump(-1000 * HOUR_MS);
  bench.clock.advance(HOUR_MS);
  bench.clock.advance(25 * HOUR_MS);
  await bench.eventually('the next attempt', async () => attempts >= 2);
});

test('what was planned while the clock was hours ahead is tried at once when that is put right, also over a restart', async (t) => {
  for (const restarted of [false, true]) {
    let attempts = 0;
    const bench = await open(t, { deliver: (job, signal) => (attempts++, deferring.deliver(job, signal)) });
    bench.clock.jump(6 * HOUR_MS);
    const id = await bench.submit([['failure']]);
    await bench.eventually('deferral', async () => (await bench.events(id)).includes('recipient.deferred'));
    assert.equal(attempts, 1);
    bench.clock.jump(-6 * HOUR_MS);
    if (restarted) await bench.restart();
    else bench.clock.advance(HOUR_MS);
    await bench.eventually('the next attempt', async () => attempts >= 2);
  }
});

test('what came while the clock was ahead and was never tried is due at the next start', async (t) => {
  let attempts = 0;
  const bench = await open(t, { deliver: (job, signal) => (attempts++, deferring.deliver(job, signal)) });
  await bench.queue.stop(0);
  await bench.store.queue.insert(newItem(bench.clock.now() + 6 * HOUR_MS, [undefined], {}));
  await bench.restart();
  await bench.eventually('the first attempt', async () => attempts === 1);
});

test('an attempt that is deferred just after the clock jumped ahead of its expiry does not end the message', async (t) => {
  let attempts = 0;
  const bench = await open(t, { deliver: (job, signal) => (attempts++, deferring.deliver(job, signal)) });
  const id = await bench.submit([['failure']]);
  await bench.eventually('deferral', async () => (await bench.events(id)).includes('recipient.deferred'));
  bench.clock.jump(96 * HOUR_MS);
  bench.clock.advance(1000);
  await bench.queue.control.refresh([id]);
  await bench.eventually('another attempt', async () => attempts >= 2 && (await bench.events(id)).filter((name) => name === 'recipient.deferred').length >= 2);
  assert.deepEqual(await bench.states(id), ['queued']);
  bench.clock.jump(-96 * HOUR_MS);
  bench.clock.advance(HOUR_MS);
  assert.deepEqual(await bench.states(id), ['queued']);
  bench.clock.advance(48 * HOUR_MS);
  await bench.eventually('expiry', async () => (await bench.states(id))[0] === 'expired');
});

test('what expired while the server was down comes back to its sender right after the start, held or not', async (t) => {
  const bench = await open(t);
  const [queued, held] = [await bench.submit(), await bench.submit()];
  await bench.eventually('deferrals', async () => (await bench.events(queued)).includes('recipient.deferred') && (await bench.events(held)).includes('recipient.deferred'));
  await bench.store.queue.order(held, [0], { state: 'held' }, []);
  await bench.queue.stop(0);
  bench.clock.advance(100 * HOUR_MS);
  await bench.restart();
  for (const id of [queued, held]) {
    await bench.eventually('expiry', async () => (await bench.states(id))[0] === 'expired');
    assert.ok((await bench.events(id)).includes('dsn.sent'));
  }
});

test('what is held stays held over a restart, and goes when it is released', async (t) => {
  let attempts = 0;
  const bench = await open(t, { deliver: (job, signal) => (attempts++, deferring.deliver(job, signal)) });
  const id = await bench.submit();
  await bench.eventually('deferral', async () => (await bench.events(id)).includes('recipient.deferred'));
  await bench.store.queue.order(id, [0], { state: 'held' }, []);
  await bench.restart();
  bench.clock.advance(3 * HOUR_MS);
  const later = await bench.submit();
  await bench.eventually('the other message', async () => (await bench.events(later)).includes('recipient.deferred'));
  assert.deepEqual(await bench.states(id), ['held']);
  const before = attempts;
  await bench.store.queue.order(id, [0], { state: 'queued', nextAttemptAt: bench.clock.now() }, []);
  await bench.queue.control.refresh([id]);
  await bench.eventually('its attempt', async () => attempts > before);
});
