import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createHash } from 'node:crypto';
import { BufferSource } from '../../base/byte-source.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import { openStore, type Store } from '../../store/store.ts';
import { traceShow } from './trace.ts';
import type { TraceResult } from './trace-result.ts';
import type { ManageContext } from '../verb.ts';

const AT = Date.UTC(2026, 10, 20, 18);
const NOW = AT + 3_600_000;
const CONTENT = Buffer.from('Subject: x\r\n\r\ny\r\n');
const REPLY = { code: 550, enhanced: '5.1.1', text: 'no such user' };

describe('trace.show', () => {
  let folder = '';
  let store: Store;
  const show = async (query: string): Promise<TraceResult> => traceShow.run({ store, clock: { now: () => NOW } } as unknown as ManageContext, traceShow.args.parse({ query }));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'posthorn-trace-'));
    store = await openStore(folder);
    await store.queue.insert({
      message: {
        id: '0mq1abcd', sender: 'alice@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'local', protocol: 'ESMTP' }, senderBelieved: true,
        contentDigest: createHash('sha256').update(CONTENT).digest('hex'), sizeBytes: CONTENT.length, startedAt: AT, queuedAt: AT, expiresAt: AT + 1000, messageId: '<Id.1@example.org>', headerFrom: 'alice@example.org',
      },
      recipients: [{ index: 0, address: 'bob@example.net', state: 'queued', attempts: 0, nextAttemptAt: AT }],
      content: new BufferSource(CONTENT),
      events: [{ at: AT, name: MESSAGE_EVENTS.accepted, data: { protocol: 'ESMTP' } }],
    });
    await store.queue.settle('0mq1abcd', [{ recipient: 0, state: 'bounced', attempts: 1, nextAttemptAt: AT, lastReply: REPLY, reason: 'refused' }], [], [], [
      { at: AT + 5, name: MESSAGE_EVENTS.bounced, recipient: 0, data: { mx: 'mx.example.net', address: '127.0.0.21', reply: REPLY } },
    ]);
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  for (const query of ['0mq1abcd', 'bob@example.net', 'Alice@example.org', '<Id.1@example.org>', 'id.1@example.org']) {
    it(`finds a finished message by ${query}`, async () => {
      const { messages } = await show(query);
      assert.deepEqual(messages.map(({ id }) => id), ['0mq1abcd']);
      assert.deepEqual(messages[0]?.events.map(({ name }) => name), ['message.accepted', 'recipient.bounced', 'message.done']);
      assert.equal(messages[0]?.events[1]?.explanation?.culprit, 'recipient');
      assert.equal(messages[0]?.recipients[0]?.state, 'bounced');
    });
  }

  it('answers plain JSON, and nothing for what it does not know', async () => {
    const result = await show('0mq1abcd');
    assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
    assert.deepEqual(await show('nobody@example.org'), { query: 'nobody@example.org', messages: [], now: NOW });
  });

  it('refuses senseless arguments', () => {
    for (const args of [{}, { query: ' ' }, { query: 'x', limit: 0 }, { query: 'x', limit: 1e6 }]) assert.equal(traceShow.args.safeParse(args).success, false);
  });
});
