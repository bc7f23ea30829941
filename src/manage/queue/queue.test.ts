/** The queue's verbs on a bare store, as the command line uses them while no server runs. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { BufferSource } from '../../base/byte-source.ts';
import { SystemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { createQueueId } from '../../base/queue-id.ts';
import { RETURN_ORDERED_AT } from '../../contract/queue.ts';
import type { QueueRecipient } from '../../contract/queue.ts';
import { openStore } from '../../store/store.ts';
import { runVerb } from '../local-call.ts';
import { readEntries, type QueueEntry, type QueueRowsPiece } from './queue-entries.ts';
import { queueVerbs } from './queue.ts';
import type { JsonPieces, ManageContext } from '../verb.ts';

interface Desk {
  readonly context: ManageContext;
  readonly refreshed: string[];
  call(name: string, args?: unknown): Promise<any>;
  add(...addresses: string[]): Promise<string>;
  recipients(id: string): Promise<readonly QueueRecipient[]>;
}

async function openDesk(t: TestContext, running = false): Promise<Desk> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-verbs-'));
  const store = await openStore(dir);
  t.after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const refreshed: string[] = [];
  const queue = { enqueue: async () => {}, refresh: async () => {}, changed: (rows: readonly { readonly id: string }[]) => void refreshed.push(...new Set(rows.map(({ id }) => id))), size: { recipients: 0, inFlight: 3 } };
  const context = { store, clock: new SystemClock(), log: silentLog, ...(running ? { queue } : {}) } as unknown as ManageContext;
  return {
    context,
    refreshed,
    call: async (name, args = {}) => {
      const outcome = await runVerb(queueVerbs, context, name, args);
      return outcome.kind === 'done' ? outcome.result : { error: outcome.error.code };
    },
    add: async (...addresses) => {
      const id = createQueueId(Date.now());
      const content = Buffer.from(id);
      const later = Date.now() + 3_600_000;
      await store.queue.insert({
        message: {
          id, sender: 'alice@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
          senderBelieved: true, contentDigest: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, startedAt: 1, queuedAt: 1,
          expiresAt: later,
        },
        recipients: addresses.map((address, index) => ({ index, address, state: 'queued', attempts: 1, nextAttemptAt: later, reason: 'It was busy.' })),
        content: new BufferSource(content),
        events: [],
      });
      return id;
    },
    recipients: async (id) => (await store.queue.read(id))?.recipients ?? [],
  };
}

test('list shows pages of what a filter selects', async (t) => {
  const desk = await openDesk(t);
  const ids = [await desk.add('a@one.example', 'b@two.example'), await desk.add('c@two.example'), await desk.add('d@one.example')];
  const listed = await desk.call('queue.list', { domain: 'two.example' });
  assert.deepEqual(listed.entries.map((entry: any) => [entry.id, entry.recipients.map((one: any) => one.address)]), [
    [ids[0], ['b@two.example']],
    [ids[1], ['c@two.example']],
  ]);
  const first = await desk.call('queue.list', { limit: 2 });
  assert.deepEqual([first.entries.length, first.more], [2, true]);
  const second = await desk.call('queue.list', { limit: 2, after: first.entries[1].id });
  assert.deepEqual([second.entries.map((entry: any) => entry.id), second.more], [[ids[2]], false]);
});

test('hold, release, retry, bounce and delete change exactly what is selected', async (t) => {
  const desk = await openDesk(t);
  const id = await desk.add('a@one.example', 'b@two.example');
  const states = async (): Promise<string[]> => (await desk.recipients(id)).map(({ state }) => state);
  assert.deepEqual(await desk.call('queue.hold', { domain: 'two.example' }), { messages: 1, recipients: 1 });
  assert.deepEqual(await states(), ['queued', 'held']);
  assert.deepEqual(await desk.call('queue.retry', { all: true }), { messages: 1, recipients: 1 });
  const [retried] = await desk.recipients(id);
  assert.ok((retried?.nextAttemptAt ?? 0) <= Date.now());
  assert.equal(retried?.attempts, 1);
  assert.deepEqual(await desk.call('queue.release', { ids: [id] }), { messages: 1, recipients: 1 });
  assert.deepEqual(await states(), ['queued', 'queued']);
  await desk.call('queue.bounce', { recipient: 'A@one.example' });
  const [returned] = await desk.recipients(id);
  assert.deepEqual([returned?.nextAttemptAt, returned?.lastReply?.code], [RETURN_ORDERED_AT, 554]);
  assert.deepEqual(await desk.call('queue.delete', { ids: [id] }), { messages: 1, recipients: 2 });
  assert.deepEqual(await states(), ['deleted', 'deleted']);
  const digest = (await desk.context.store.queue.read(id))?.message.contentDigest as string;
  assert.equal(await desk.context.store.call('bodies.references', digest), 0);
  const names = (await desk.context.store.timeline.events(id)).map(({ name }) => name);
  assert.deepEqual(names, ['recipient.held', 'recipient.retried', 'recipient.released', 'recipient.deleted', 'recipient.deleted', 'message.done']);
});

test('a return that was taken back leaves no word of it behind', async (t) => {
  const desk = await openDesk(t);
  const id = await desk.add('a@one.example', 'b@one.example', 'c@one.example');
  await desk.call('queue.bounce', { ids: [id], note: 'moved away' });
  await desk.call('queue.retry', { recipient: 'a@one.example' });
  await desk.call('queue.hold', { recipient: 'b@one.example' });
  const [retried, held, returned] = await desk.recipients(id);
  assert.deepEqual([retried?.lastReply, retried?.reason, held?.lastReply], [undefined, undefined, undefined]);
  assert.equal(returned?.lastReply?.code, 554);
  assert.match(held?.reason ?? '', /on hold/);
  assert.ok((await desk.call('queue.why', { ids: [id] })).slice(0, 2).every((row: any) => row.lastReply === undefined && !/return/.test(row.reason)));
  await desk.call('queue.release', { ids: [id] });
  assert.equal((await desk.recipients(id))[1]?.lastReply, undefined);
});

test('nothing selected is refused, an unknown id is named', async (t) => {
  const desk = await openDesk(t);
  const id = await desk.add('a@one.example');
  assert.deepEqual(await desk.call('queue.delete'), { error: 'nothing-selected' });
  assert.deepEqual(await desk.call('queue.delete', { ids: ['nosuchid'] }), { error: 'unknown-message' });
  assert.equal((await desk.recipients(id))[0]?.state, 'queued');
});

test('why gives reason, reply and next try; show gives finished recipients too', async (t) => {
  const desk = await openDesk(t);
  const id = await desk.add('a@one.example');
  const [explained] = await desk.call('queue.why', { ids: [id] });
  assert.match(explained.reason, /^The server does not run; .* It was busy\.$/);
  assert.ok(explained.nextAttemptAt > Date.now());
  await desk.call('queue.delete', { ids: [id] });
  assert.equal((await desk.call('queue.show', { id })).recipients[0].state, 'deleted');
});

test('inside the server the running queue is told', async (t) => {
  const desk = await openDesk(t, true);
  const id = await desk.add('a@one.example');
  await desk.call('queue.retry', { all: true });
  assert.deepEqual(desk.refreshed, [id]);
  const stats = await desk.call('queue.stats');
  assert.deepEqual([stats.states, stats.rows.map(({ name, total }: any) => [name, total]), stats.inFlight], [[{ state: 'queued', recipients: 1 }], [['domain:one.example', 1]], 3]);
});

test('rows in pieces are the messages of the list, and a dry run tells those that the order then changes', async (t) => {
  const desk = await openDesk(t);
  for (let at = 0; at < 150; at++) await desk.add(`a${at}@one.example`, `b${at}@two.example`);
  await desk.call('queue.hold', { recipient: 'a7@one.example' });
  const filter = { domain: 'one.example', text: 'BUSY', state: 'queued' };
  const pieces = ((await desk.call('queue.rows', { ...filter, replies: true })) as JsonPieces).pieces;
  const entries: QueueEntry[] = [];
  for await (const parts of pieces) entries.push(...readEntries(JSON.parse(parts.map((part) => Buffer.from(part as Uint8Array).toString()).join('')) as QueueRowsPiece));
  assert.deepEqual(entries, (await desk.call('queue.list', { ...filter, limit: 1000 })).entries);
  assert.equal(entries.length, 149);
  const { messages, recipients, sample } = await desk.call('queue.hold', { ...filter, dryRun: true });
  assert.deepEqual(sample, entries.slice(0, sample.length));
  assert.deepEqual(await desk.call('queue.hold', filter), { messages, recipients });
  const held = (await desk.call('queue.list', { state: 'held', limit: 1000 })).entries as QueueEntry[];
  assert.deepEqual(held.filter(({ recipients: [first] }) => first?.address !== 'a7@one.example').map(({ id }) => id), entries.map(({ id }) => id));
});
