import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BufferSource, type ByteSource } from '../../base/byte-source.ts';
import { AdjustableClock } from '../../base/clock.ts';
import { FEEDBACK_LIMITS } from '../../base/limits.ts';
import { Log, type LogEntry } from '../../base/log.ts';
import type { EnvelopeRecipient } from '../../contract/message.ts';
import type { FeedbackItem, FinalOutcome, QueueMessage } from '../../contract/queue.ts';
import { parseDsn, type ParsedDsn } from '../../mail/dsn.ts';
import { firstField, parseHeader } from '../../mail/header.ts';
import { parseMimeStructure } from '../../mail/mime-structure.ts';
import { createFeedback, type FeedbackOptions, type FeedbackService } from './feedback.ts';

const CONTENT = new BufferSource(Buffer.from('From: alice@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@example.org>\r\n\r\nsecret body\r\n'));
const AT = Date.UTC(2026, 10, 20, 18);
const MESSAGE: QueueMessage = {
  id: '0abc', sender: 'alice@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false, envelopeId: 'env-1' },
  origin: { kind: 'submission', protocol: 'ESMTPSA' }, senderBelieved: true, contentDigest: 'x', sizeBytes: CONTENT.size,
  startedAt: AT, queuedAt: AT, expiresAt: AT + 86_400_000, messageId: '<1@example.org>',
};

function final(state: FinalOutcome['state'], address: string, recipient: Partial<EnvelopeRecipient> = {}, attempt: FinalOutcome['attempt'] = { mx: 'mx.example.net', address: '192.0.2.9' }): FinalOutcome {
  const reply = state === 'delivered' ? { code: 250, enhanced: '2.0.0', text: 'ok' } : state === 'bounced' ? { code: 550, enhanced: '5.1.1', text: 'no such user \x1b[31m\r\nBcc: x' } : { code: 451, text: 'try later' };
  return { recipient: { index: 0, address, state, attempts: 1, nextAttemptAt: 0, ...recipient }, state, reply, attempt };
}

function service(options: Partial<FeedbackOptions> = {}): FeedbackService {
  return createFeedback({ hostname: 'mail.example.org', clock: new AdjustableClock(), config: { queue: { bounceLifetimeMs: 1000 } }, queueId: () => '0dsn', ...options });
}

const ask = (finals: readonly FinalOutcome[], message: Partial<QueueMessage> = {}, content: ByteSource = CONTENT): Promise<readonly FeedbackItem[]> => service().followUps({ ...MESSAGE, ...message }, content, finals);

async function notice(finals: readonly FinalOutcome[], message: Partial<QueueMessage> = {}, content: ByteSource = CONTENT): Promise<{ bytes: Buffer; dsn: ParsedDsn; item: NonNullable<FeedbackItem['enqueue']> }> {
  const [answer, ...more] = await ask(finals, message, content);
  assert.equal(more.length, 0);
  assert.ok(answer?.enqueue);
  const bytes = await answer.enqueue.content.read();
  const dsn = parseDsn(bytes);
  assert.ok(dsn);
  return { bytes, dsn, item: answer.enqueue };
}

describe('feedback', () => {
  it('tells a failure in one notice with the null sender, explained', async () => {
    const { bytes, dsn, item } = await notice([final('bounced', 'bob@example.net', { originalRecipient: 'rfc822;list@example.org' }), final('expired', 'carol@example.net')]);
    assert.equal(item.message.sender, '');
    assert.equal(item.message.senderBelieved, false);
    assert.equal(item.message.expiresAt - item.message.queuedAt, 1000);
    assert.deepEqual(item.recipients.map(({ address, notify, state }) => ({ address, notify, state })), [{ address: 'alice@example.org', notify: ['never'], state: 'queued' }]);
    assert.deepEqual(dsn.recipients.map(({ finalRecipient, action, status }) => [finalRecipient, action, status]), [['bob@example.net', 'failed', '5.1.1'], ['carol@example.net', 'failed', '4.4.7']]);
    assert.equal(dsn.envelopeId, 'env-1');
    assert.match(dsn.text, /Your message could not be delivered to:\n\n {2}list@example\.org \(forwarded to bob@example\.net\)\n {4}The receiver has no such recipient\.\n {4}What to do: Check the address/);
    assert.match(dsn.text, /mx\.example\.net \[192\.0\.2\.9\] said: 550 5\.1\.1 no such user/);
    assert.match(dsn.text, /Subject: Grüße/);
    assert.doesNotMatch(dsn.text, /\x1b/); // oxlint-disable-line no-control-regex
    assert.equal(firstField(parseHeader(bytes).fields, 'bcc'), undefined);
    for (const line of dsn.text.split('\n')) assert.ok(line.length <= 100, line);
  });

  it('returns the header only, unless the whole was asked for and is small', async () => {
    assert.doesNotMatch((await notice([final('bounced', 'b@x')])).bytes.toString(), /secret body/);
    const full = { options: { ...MESSAGE.options, returnContent: 'full' as const } };
    assert.match((await notice([final('bounced', 'b@x')], full)).bytes.toString(), /secret body/);
    assert.doesNotMatch((await notice([final('bounced', 'b@x')], { options: { ...full.options, requireTls: true } })).bytes.toString(), /secret body/);
    const large = new BufferSource(Buffer.concat([CONTENT.inMemory, Buffer.alloc(FEEDBACK_LIMITS.returnedContentBytesMax, 'x')]));
    assert.ok((await notice([final('bounced', 'b@x')], full, large)).bytes.length < 10_000);
  });

  it('cuts an endless header at a field', async () => {
    const huge = new BufferSource(Buffer.from('X-Field: 0123456789\r\n'.repeat(10_000)));
    const { bytes } = await notice([final('bounced', 'b@x')], {}, huge);
    assert.ok(bytes.length < FEEDBACK_LIMITS.returnedHeaderBytesMax + 5000);
    assert.doesNotMatch(bytes.toString(), /X-Field: \d{1,9}\r\n/);
  });

  it('tells success only when asked, and not when the peer does', async () => {
    assert.deepEqual(await ask([final('delivered', 'b@x')]), []);
    assert.deepEqual(await ask([final('delivered', 'b@x', { notify: ['success'] }, { mx: 'm', address: '192.0.2.9', peerDsn: true })]), []);
    const { dsn } = await notice([final('delivered', 'b@x', { notify: ['success'] }), final('delivered', 'c@x', { notify: ['success', 'failure'] }, {})]);
    assert.deepEqual(dsn.recipients.map(({ action, status }) => [action, status]), [['relayed', '2.0.0'], ['delivered', '2.0.0']]);
  });

  for (const [name, message, recipient, reason] of [
    ['a null sender', { sender: '' }, {}, /null sender/],
    ['a sender nobody vouches for', { senderBelieved: false }, {}, /forged/],
    ['who asked not to be told', {}, { notify: ['never'] }, /no report/],
    ['who wants successes only', {}, { notify: ['success'] }, /no report/],
  ] as const) {
    it(`does not answer ${name}, and says so`, async () => {
      const [answer, ...more] = await ask([final('bounced', 'b@x', recipient)], message);
      assert.equal(more.length, 0);
      assert.equal(answer?.enqueue, undefined);
      assert.equal(answer?.event.name, 'dsn.withheld');
      assert.match(String(answer?.event.data?.['reason']), reason);
    });
  }

  it('says nothing where there is nothing to say', async () => assert.deepEqual(await ask([]), []));

  it('signs, and goes unsigned rather than not at all', async () => {
    const entries: LogEntry[] = [];
    const log = new Log((entry) => entries.push(entry));
    const signed = await service({ sign: async (content) => new BufferSource(Buffer.concat([Buffer.from('DKIM-Signature: x\r\n'), await content.read()])) }).followUps(MESSAGE, CONTENT, [final('bounced', 'b@x')]);
    const item = signed[0]?.enqueue;
    assert.match((await item?.content.read())?.toString() ?? '', /^DKIM-Signature/);
    assert.equal(item?.message.sizeBytes, item?.content.size);
    const unsigned = await service({ log, sign: () => Promise.reject(new Error('no key')) }).followUps(MESSAGE, CONTENT, [final('bounced', 'b@x')]);
    assert.ok(unsigned[0]?.enqueue);
    assert.deepEqual(entries.map(({ event }) => event), ['dsn.unsigned', 'dsn.sent']);
  });

  it('speaks RFC 6533 for SMTPUTF8 mail', async () => {
    const options = { ...MESSAGE.options, smtpUtf8: true };
    const { bytes, item } = await notice([final('bounced', 'jörg@bücher.de')], { sender: 'älice@example.org', options });
    assert.equal(item.message.options.smtpUtf8, true);
    assert.equal(item.message.options.body, '8bitmime');
    assert.equal(parseMimeStructure(bytes).parts?.[1]?.subtype, 'global-delivery-status');
  });

  it('tells that an alias was expanded, and not to whom', async () => {
    const [answer] = await service().expansionNotice(MESSAGE, CONTENT, [{ address: 'team@example.org', originalRecipient: 'rfc822;Team@example.org', notify: ['success'] }]);
    const bytes = (await answer?.enqueue?.content.read()) ?? Buffer.alloc(0);
    const dsn = parseDsn(bytes);
    assert.deepEqual(dsn?.recipients.map(({ action, status, finalRecipient, originalRecipient }) => [action, status, finalRecipient, originalRecipient]), [['expanded', '2.0.0', 'team@example.org', 'Team@example.org']]);
    assert.match(dsn?.text ?? '', /passed on to everybody behind:\n\n {2}team@example\.org/i);
    assert.doesNotMatch(bytes.toString(), /Diagnostic-Code/);
  });

  it('goes to everybody behind a sender that is an alias', async () => {
    const [answer] = await service({ recipientsOf: async () => ['bob@example.org', 'carol@example.net'] }).followUps(MESSAGE, CONTENT, [final('bounced', 'b@x')]);
    assert.deepEqual(answer?.enqueue?.recipients.map(({ index, address, via, notify }) => [index, address, via, notify]), [[0, 'bob@example.org', 'alice@example.org', ['never']], [1, 'carol@example.net', 'alice@example.org', ['never']]]);
  });

  it('goes to the sender of the copy (VERP), and past a return path of forwarded mail', async () => {
    const finals = [
      final('bounced', 'b@x.test', { reversePath: 'alice+b=x.test@example.org' }),
      final('bounced', 'c@x.test', { reversePath: 'alice+c=x.test@example.org' }),
      final('bounced', 'd@x.test', { reversePath: 'SRS0=AAAAAA=AA=y.test=e@example.org' }),
    ];
    const answers = await ask(finals);
    assert.deepEqual(answers.map(({ enqueue }) => enqueue?.recipients.map(({ address }) => address)), [['alice+b=x.test@example.org'], ['alice+c=x.test@example.org'], ['alice@example.org']]);
  });

  it('tells a delay to whom it may', async () => {
    const entry = final('expired', 'b@x');
    const [answer] = await service().delayNotice(MESSAGE, CONTENT, [entry]);
    const dsn = parseDsn((await answer?.enqueue?.content.read()) ?? Buffer.alloc(0));
    assert.deepEqual(dsn?.recipients.map(({ action, status }) => [action, status]), [['delayed', '4.0.0']]);
    assert.match(dsn?.text ?? '', /still waiting/);
    const text = dsn?.text.replace(/\s+/g, ' ') ?? '';
    assert.match(text, /waited since Fri, 20 Nov 2026 18:00:00 \+0000 and was tried once\. The next attempt is due now\. /);
    const [later] = await service().delayNotice({ ...MESSAGE, options: { ...MESSAGE.options, returnContent: 'full' } }, CONTENT, [{ ...entry, recipient: { ...entry.recipient, nextAttemptAt: Date.UTC(2126, 10, 21, 20) } }]);
    const told = ((await later?.enqueue?.content.read()) ?? Buffer.alloc(0)).toString().replace(/\s+/g, ' ');
    assert.match(told, /The next attempt is due at Thu, 21 Nov 2126 20:00:00 \+0000\./);
    // When it was tried last is not known here, and RET=FULL is for failures (RFC 3461 §4.3).
    assert.doesNotMatch(told, /Last-Attempt-Date|message\/rfc822;? /);
    assert.match(told, /text\/rfc822-headers/);
    assert.match(text, /If it cannot be delivered by Sat, 21 Nov 2026 18:00:00 \+0000, it is returned to you\./);
    const [held] = await service().delayNotice(MESSAGE, CONTENT, [{ ...entry, recipient: { ...entry.recipient, state: 'held', attempts: 0 } }]);
    assert.match((await held?.enqueue?.content.read())?.toString().replace(/\s+/g, ' ') ?? '', /was not tried yet\. The administrator of this server has put it on hold/);
    assert.deepEqual(await service().delayNotice(MESSAGE, CONTENT, [{ ...entry, recipient: { ...entry.recipient, notify: ['failure'] } }]), []);
    const [onlyDelays] = await service().delayNotice(MESSAGE, CONTENT, [{ ...entry, recipient: { ...entry.recipient, notify: ['delay'] } }]);
    assert.match((await onlyDelays?.enqueue?.content.read())?.toString().replace(/\s+/g, ' ') ?? '', /it is given up, and as you asked you are not told\./);
  });
});
