/** Filters, sorting, rehearsals and orders over many messages, on a bare store. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { BufferSource } from '../../base/byte-source.ts';
import { AdjustableClock } from '../../base/clock.ts';
import { QUEUE_ADMIN_LIMITS } from '../../base/queue-admin-limits.ts';
import { silentLog } from '../../base/log.ts';
import { createQueueId } from '../../base/queue-id.ts';
import type { QueueMessage, QueueRecipient, Settlement } from '../../contract/queue.ts';
import type { LiveWait } from '../../contract/queue-control.ts';
import { createQueueAdmin } from '../../store/clients/queue-admin.ts';
import { openStore } from '../../store/store.ts';
import { runVerb } from '../local-call.ts';
import { queueVerbs } from './queue.ts';
import type { ManageContext } from '../verb.ts';

const HOUR_MS = 3_600_000;

interface Desk {
  readonly context: ManageContext;
  readonly clock: AdjustableClock;
  readonly refreshed: string[];
  call(name: string, args?: unknown): Promise<any>;
  add(addresses: readonly string[], message?: Partial<QueueMessage>, recipient?: Partial<QueueRecipient>): Promise<string>;
  settle(id: string, settlement: Partial<Settlement>): Promise<void>;
  recipients(id: string): Promise<readonly QueueRecipient[]>;
}

/** `siteOf` is what the running queue's router says. */
async function openDesk(t: TestContext, siteOf?: (domain: string) => string | undefined, explainWait?: (index: number) => LiveWait | undefined): Promise<Desk> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-bulk-'));
  const clock = new AdjustableClock();
  const store = await openStore(dir, { clock });
  t.after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const refreshed: string[] = [];
  const queue = {
    refresh: async () => {},
    changed: (rows: readonly { readonly id: string }[]) => void refreshed.push(...new Set(rows.map(({ id }) => id))),
    siteOf: async (id: string, index: number) => siteOf?.((await store.queue.read(id))?.recipients[index]?.address.split('@')[1] ?? ''),
    ...(explainWait ? { explainWait: (_id: string, index: number) => explainWait(index) } : {}),
    size: { recipients: 0, inFlight: 0 },
  };
  const context = { store, clock, log: silentLog, ...(siteOf ? { queue } : {}) } as unknown as ManageContext;
  return {
    context,
    clock,
    refreshed,
    call: async (name, args = {}) => {
      const outcome = await runVerb(queueVerbs, context, name, args);
      return outcome.kind === 'done' ? outcome.result : { error: outcome.error.code, message: outcome.error.message };
    },
    add: async (addresses, message = {}, recipient = {}) => {
      const now = clock.now();
      const id = createQueueId(now);
      const content = Buffer.from(message.contentDigest ?? id);
      await store.queue.insert({
        message: {
          id, sender: 'alice@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
          senderBelieved: true, sizeBytes: content.length, startedAt: now, queuedAt: now, expiresAt: now + 24 * HOUR_MS, ...message,
          contentDigest: createHash('sha256').update(content).digest('hex'),
        },
        recipients: addresses.map((address, index) => ({ index, address, state: 'queued', attempts: 0, nextAttemptAt: now, ...recipient })),
        content: new BufferSource(content),
        events: [],
      });
      return id;
    },
    settle: async (id, settlement) => {
      await store.queue.settle(id, [{ recipient: 0, state: 'queued', attempts: 1, nextAttemptAt: clock.now() + HOUR_MS, ...settlement }], [], [], []);
    },
    recipients: async (id) => (await store.queue.read(id))?.recipients ?? [],
  };
}

test('every filter selects what it says', async (t) => {
  const desk = await openDesk(t);
  const old = await desk.add(['a@one.example'], { sender: 'News@Lists.example' });
  desk.clock.advance(5 * HOUR_MS);
  const bounce = await desk.add(['b@two.example'], { sender: '', stream: 'urgent' });
  const account = await desk.add(['"c@d"@One.example'], { origin: { kind: 'submission', protocol: 'ESMTPSA', account: 'alice@example.org' } });
  await desk.settle(account, { site: 'google', rule: 'google.rate-ip', culprit: 'source-ip', reason: 'Too many messages', lastReply: { code: 421, enhanced: '4.7.28', text: 'Unusual RATE of mail' } });
  const ids = async (filter: object): Promise<string[]> => (await desk.call('queue.list', filter)).entries.map((entry: { id: string }) => entry.id);
  assert.deepEqual(await ids({}), [old, bounce, account]);
  assert.deepEqual(await ids({ sender: '<>' }), [bounce]);
  assert.deepEqual(await ids({ stream: 'urgent' }), [bounce]);
  assert.deepEqual(await ids({ stream: 'transactional' }), [old, account], 'by default');
  assert.deepEqual(await ids({ sender: '@lists.example' }), [old]);
  assert.deepEqual(await ids({ sender: 'news@lists.EXAMPLE' }), [old]);
  assert.deepEqual(await ids({ recipient: '@one.example' }), [old, account]);
  assert.deepEqual(await ids({ domain: 'one.example' }), [old, account], 'an @ in quotes does not end the local part');
  assert.deepEqual(await ids({ olderMs: 4 * HOUR_MS }), [old]);
  assert.deepEqual(await ids({ newerMs: HOUR_MS }), [bounce, account]);
  assert.deepEqual(await ids({ account: 'alice@example.org' }), [account]);
  assert.deepEqual(await ids({ site: 'google' }), [account]);
  assert.deepEqual(await ids({ rule: 'google.rate-ip' }), [account]);
  assert.deepEqual(await ids({ culprit: 'source-ip' }), [account]);
  assert.deepEqual(await ids({ text: 'unusual rate' }), [account], 'in the reply');
  assert.deepEqual(await ids({ text: 'TOO MANY' }), [account], 'in the reason');
  assert.deepEqual(await ids({ site: 'google', state: 'held' }), []);
});

test('a filter by site is true for recipients that were never tried', async (t) => {
  const desk = await openDesk(t, (domain) => (domain.endsWith('.google.example') ? 'google' : domain === 'dark.example' ? undefined : 'elsewhere'));
  const first = await desk.add(['a@one.google.example', 'b@other.example']);
  const second = await desk.add(['c@two.google.example']);
  const dark = await desk.add(['d@dark.example']);
  await desk.settle(second, { site: 'somewhere-now' });
  const listed = await desk.call('queue.list', { site: 'google' });
  assert.deepEqual(listed.entries.map((entry: any) => [entry.id, entry.recipients.map((one: any) => one.address)]), [[first, ['a@one.google.example']]]);
  assert.equal(listed.unknownSites, 1);
  assert.deepEqual(await desk.call('queue.hold', { site: 'google' }), { messages: 1, recipients: 1, unknownSites: 1 });
  assert.deepEqual(desk.refreshed, [first]);
  const { rows } = await desk.call('queue.stats', {});
  assert.deepEqual(rows.map(({ name, total, held }: any) => [name, total, held]), [['domain:dark.example', 1, 0], ['elsewhere', 1, 0], ['google', 1, 1], ['somewhere-now', 1, 0]]);
  assert.equal((await desk.recipients(dark))[0]?.state, 'queued');
});

test('stats count by age as qshape does', async (t) => {
  const desk = await openDesk(t);
  for (let minutes = 0; minutes < 3; minutes += 1) {
    await desk.add([`a${minutes}@one.example`, `b${minutes}@two.example`]);
    desk.clock.advance(6 * 60_000);
  }
  const stats = await desk.call('queue.stats', { by: 'domain' });
  assert.deepEqual(stats.ageMinutes, [5, 10, 20, 40, 80, 160, 320, 640, 1280]);
  assert.deepEqual(stats.rows.map(({ name, total, ages }: any) => [name, total, ages]), [
    ['one.example', 3, [0, 1, 2, 0, 0, 0, 0, 0, 0, 0]],
    ['two.example', 3, [0, 1, 2, 0, 0, 0, 0, 0, 0, 0]],
  ]);
  const limited = await desk.call('queue.stats', { by: 'domain', limit: 1, sender: 'alice@example.org' });
  assert.deepEqual(limited.rows.map(({ name, total }: any) => [name, total]), [['one.example', 3], ['(others)', 3]]);
  for (const by of ['sender', 'stream', 'account', 'state']) assert.equal((await desk.call('queue.stats', { by })).rows.length, 1, by);
});

test('sorting looks at the whole queue', async (t) => {
  const desk = await openDesk(t);
  const ids: string[] = [];
  for (let number = 0; number < 5; number += 1) ids.push(await desk.add([`user${number}@one.example`], { sizeBytes: number * 100 }, { nextAttemptAt: 1_000_000 - number, attempts: number % 3 }));
  const order = async (sort: string): Promise<number[]> => (await desk.call('queue.list', { sort, limit: 3 })).entries.map((entry: any) => ids.indexOf(entry.id));
  assert.deepEqual(await order('newest'), [4, 3, 2]);
  assert.deepEqual(await order('next'), [4, 3, 2]);
  assert.deepEqual(await order('size'), [4, 3, 2]);
  assert.deepEqual(await order('attempts'), [2, 1, 4]);
  assert.deepEqual(await order('recipient'), [0, 1, 2]);
});

test('a rehearsal counts, shows a few, and changes nothing', async (t) => {
  const desk = await openDesk(t, () => 'somewhere');
  const ids = [];
  for (let number = 0; number < QUEUE_ADMIN_LIMITS.sampleMessages + 2; number += 1) ids.push(await desk.add([`a${number}@one.example`, `b${number}@two.example`]));
  const rehearsal = await desk.call('queue.delete', { domain: 'two.example', dryRun: true });
  assert.deepEqual([rehearsal.messages, rehearsal.recipients, rehearsal.dryRun, rehearsal.sample.length], [7, 7, true, 5]);
  const one = await desk.call('queue.hold', { ids: [ids[0]], dryRun: true });
  assert.deepEqual([one.messages, one.recipients, one.sample[0].id], [1, 2, ids[0]]);
  assert.ok((await desk.recipients(ids[0] as string)).every(({ state }) => state === 'queued'));
  assert.deepEqual(desk.refreshed, []);
});

test('a reroute is kept with the recipient, makes it due, and can be taken back', async (t) => {
  const desk = await openDesk(t);
  const id = await desk.add(['a@one.example']);
  await desk.settle(id, { site: 'google' });
  await desk.call('queue.reroute', { ids: [id], to: { host: 'relay.example', port: 587 } });
  const [sent] = await desk.recipients(id);
  assert.deepEqual([sent?.reroute, sent?.site, (sent?.nextAttemptAt ?? 0) <= desk.clock.now()], [{ kind: 'relay', host: 'relay.example', port: 587 }, undefined, true]);
  await desk.call('queue.reroute', { all: true, to: 'mx' });
  assert.deepEqual((await desk.recipients(id))[0]?.reroute, { kind: 'mx' });
  await desk.call('queue.reroute', { all: true, to: 'default' });
  assert.equal((await desk.recipients(id))[0]?.reroute, undefined);
});

test('an order in the wrong state is refused instead of silently doing nothing', async (t) => {
  const desk = await openDesk(t);
  assert.equal((await desk.call('queue.release', { state: 'queued' })).error, 'wrong-state');
  assert.equal((await desk.call('queue.hold', { all: true, note: 'two\nlines' })).error, 'bad-arguments');
});

test('an order to send says how many wait all the same, and why', async (t) => {
  let looks = 0;
  const desk = await openDesk(t, () => 'google', (index) => {
    looks += 1;
    // The way of the last one is looked up when it is first asked about.
    if (index === 4) return looks < 6 ? { phase: 'taken-up', reason: 'Its turn has come.' } : { phase: 'shaped', rule: 'sender-paused', site: 'google', reason: 'Mail of alice@example.org is paused.' };
    if (index === 3) return undefined;
    if (index === 2) return { phase: 'in-line', site: 'google', reason: 'It stands alone in the line.' };
    return { phase: 'shaped', rule: 'lane-hot', site: 'google', until: 5000 - index, reason: `Mail from 192.0.2.1 to Google rests until 08:1${index} UTC.` };
  });
  const id = await desk.add(['a@one.example', 'b@one.example', 'c@one.example', 'd@one.example', 'e@one.example']);
  const retried = await desk.call('queue.retry', { ids: [id] });
  assert.deepEqual(retried, { messages: 1, recipients: 5, stillWaiting: [
    { recipients: 2, reason: 'Mail from 192.0.2.1 to Google rests until 08:10 UTC.', rule: 'lane-hot', until: 4999, site: 'google' },
    { recipients: 1, reason: 'Mail of alice@example.org is paused.', rule: 'sender-paused', site: 'google' },
  ] });
  await desk.call('queue.hold', { all: true });
  assert.deepEqual((await desk.call('queue.release', { all: true })).stillWaiting, retried.stillWaiting);
  assert.deepEqual(await desk.call('queue.hold', { all: true }), { messages: 1, recipients: 5 }, 'who is to wait waits');
});

test('deleting frees contents that nobody else needs, and only those', async (t) => {
  const desk = await openDesk(t);
  const shared = { contentDigest: 'shared' };
  const twins = [await desk.add(['a@one.example'], shared), await desk.add(['b@two.example', 'c@one.example'], shared)];
  const digest = (await desk.context.store.queue.read(twins[0] as string))?.message.contentDigest as string;
  const references = (): Promise<number> => desk.context.store.call('bodies.references', digest);
  assert.equal(await references(), 2);
  assert.deepEqual(await desk.call('queue.delete', { domain: 'one.example' }), { messages: 2, recipients: 2 });
  assert.equal(await references(), 1);
  await desk.call('queue.delete', { all: true });
  assert.equal(await references(), 0);
  assert.deepEqual(await desk.context.store.call('integrity.problems', undefined), []);
});

test('an order over many messages goes to the storage thread in few steps', async (t) => {
  const desk = await openDesk(t);
  const messages = QUEUE_ADMIN_LIMITS.recipientsPerOrder * 2 + 1;
  for (let at = 0; at < messages; at += 1000) await Promise.all(Array.from({ length: Math.min(1000, messages - at) }, (_, number) => desk.add([`user${at + number}@one.example`])));
  const steps: string[] = [];
  const call = ((name: never, args: never) => {
    steps.push(name);
    return desk.context.store.call(name, args);
  }) as unknown as typeof desk.context.store.call;
  const admin = createQueueAdmin(call, desk.clock);
  let recipients = 0;
  for await (const piece of admin.order({}, { state: 'held', event: { name: 'recipient.held', data: { by: 'administrator' } } })) recipients += piece.length;
  assert.equal(recipients, messages);
  // The last one finds nothing more.
  assert.deepEqual(steps, Array<string>(4).fill('queueAdmin.orderSelected'));
  steps.length = 0;
  assert.equal((await admin.page({}, 100)).rows.length, 100);
  assert.equal(steps.length, 1);
});
