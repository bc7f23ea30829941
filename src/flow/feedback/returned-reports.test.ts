import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BufferSource } from '../../base/byte-source.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { MessageEvent, QueueItem, QueueRecipient } from '../../contract/queue.ts';
import { buildDsn, type DsnRecipient } from '../../mail/dsn.ts';
import { readReturned, type IncomingReport, type SentMail } from './returned-reports.ts';

const AT = Date.UTC(2026, 10, 20);
const ORIGINAL = Buffer.from('From: news@example.org\r\nMessage-ID: <1@example.org>\r\n\r\n');

function recipient(index: number, address: string, more: Partial<QueueRecipient> = {}): QueueRecipient {
  return { index, address, state: 'delivered', attempts: 1, nextAttemptAt: 0, ...more };
}

function sentMail(recipients: readonly QueueRecipient[], more: Partial<QueueItem['message']> = {}, extra: readonly MessageEvent[] = []): SentMail {
  const message: QueueItem['message'] = {
    id: '0sent', sender: 'news@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA' },
    senderBelieved: true, contentDigest: 'x', sizeBytes: 1, startedAt: AT, queuedAt: AT, expiresAt: AT, messageId: '<1@example.org>', ...more,
  };
  const events = recipients.map(({ index }) => ({ at: AT, name: MESSAGE_EVENTS.delivered, recipient: index, data: { mx: 'mx1.mail.example.net' } }));
  return { find: async () => [{ message, recipients }], events: async () => [...events, ...extra] };
}

function report(recipients: readonly Partial<DsnRecipient>[], more: Partial<IncomingReport> = {}): IncomingReport {
  const bytes = buildDsn({
    id: 'r1', hostname: 'out.example.net', from: 'mailer-daemon@example.net', to: 'news@example.org', subject: 'Undeliverable', date: AT, text: 'No.\n',
    recipients: recipients.map((one) => ({ address: 'bob@example.net', action: 'failed', status: '5.1.1', diagnostic: { type: 'smtp', text: '550 5.1.1 No such user' }, ...one })),
    original: { kind: 'headers', bytes: ORIGINAL }, utf8: false,
  });
  return { id: '0report', recipients: ['news@example.org'], origin: {}, dkim: [], content: new BufferSource(bytes), ...more };
}

const returned = async (sent: SentMail, incoming: IncomingReport): Promise<readonly string[]> => (await readReturned(sent, incoming, AT)).map(({ recipient: { address }, reply }) => `${address} ${reply.code} ${reply.enhanced ?? ''} ${reply.text}`);
const SINGLE = sentMail([recipient(0, 'Bob@example.net')]);
const MANY = sentMail([recipient(0, 'bob@example.net'), recipient(1, 'carol@example.com')]);
const BOB = 'bob@example.net 550 5.1.1 No such user';

describe('reports about our mail', () => {
  it('count when they quote a message of ours to one recipient', async () => {
    assert.deepEqual(await returned(SINGLE, report([{}])), ['Bob@example.net 550 5.1.1 No such user']);
    assert.deepEqual(await returned(SINGLE, report([{ address: 'bob.new@inner.test', originalRecipient: 'rfc822;bob@example.net' }])), ['Bob@example.net 550 5.1.1 No such user']);
    assert.deepEqual(await returned(SINGLE, report([{ status: '5.2.1', diagnostic: { type: 'x-posthorn', text: 'the mailbox is closed' } }])), ['Bob@example.net 550 5.2.1 the mailbox is closed']);
  });

  it('of a message to many count from whoever has to do with the recipient', async () => {
    assert.deepEqual(await returned(MANY, report([{}])), []);
    assert.deepEqual(await returned(MANY, report([{}], { origin: { clientName: 'out7.example.net' } })), [BOB]);
    assert.deepEqual(await returned(MANY, report([{}], { dkim: [{ result: 'pass', domain: 'example.net' }] })), [BOB]);
    assert.deepEqual(await returned(MANY, report([{}], { dkim: [{ result: 'fail', domain: 'example.net' }] })), []);
    assert.deepEqual(await returned(MANY, report([{}], { origin: { clientName: 'mail.example.com' } })), [], 'a fellow recipient');
    assert.deepEqual(await returned(MANY, report([{}], { origin: { clientName: 'example.net.evil.test' } })), []);
  });

  it('do not count otherwise', async () => {
    for (const [name, sent, incoming] of [
      ['a delay', SINGLE, report([{ action: 'delayed', status: '4.4.1' }])],
      ['a success', SINGLE, report([{ action: 'delivered', status: '2.0.0' }])],
      ['another recipient', SINGLE, report([{ address: 'eve@example.net' }])],
      ['another address', SINGLE, report([{}], { recipients: ['alice@example.org'] })],
      ['mail of a stranger', sentMail([recipient(0, 'bob@example.net')], { origin: { kind: 'inbound', protocol: 'ESMTP' } }), report([{}])],
      ['another Message-ID', sentMail([recipient(0, 'bob@example.net')], { messageId: '<2@example.org>' }), report([{}])],
      ['what never left', sentMail([recipient(0, 'bob@example.net', { state: 'queued' })]), report([{}])],
      ['what was told before', sentMail([recipient(0, 'bob@example.net')], {}, [{ at: AT, name: MESSAGE_EVENTS.returned, recipient: 0 }]), report([{}])],
      ['no report', SINGLE, report([{}], { content: new BufferSource(ORIGINAL) })],
    ] as const) {
      assert.deepEqual(await returned(sent, incoming), [], name);
    }
  });

  it('find the sender of the copy', async () => {
    const sent = sentMail([recipient(0, 'bob@example.net', { reversePath: 'news+bob=example.net@example.org' })]);
    assert.deepEqual(await returned(sent, report([{}])), []);
    assert.deepEqual(await returned(sent, report([{}], { recipients: ['news+Bob=example.net@example.org'] })), [BOB]);
  });
});
