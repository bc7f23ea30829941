/** Copies of one message that differ: a sender of their own (SRS, VERP), and the alias that forwarded them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brief, deliverer, job, peer, signal, TEXT } from '../harness/delivery-kit.ts';

const RECIPIENTS = [
  { address: 'a@a.test' },
  { address: 'b@a.test', reversePath: 'SRS0=X=Y=s.test=me@example.org', via: 'info@example.org' },
  { address: 'c@a.test' },
  { address: 'd@a.test', reversePath: 'SRS0=X=Y=s.test=me@example.org', via: 'info@example.org' },
  { address: 'e@a.test', reversePath: 'me+e=a.test@example.org', notify: ['success'] as const, originalRecipient: 'rfc822;E@a.test' },
];

test('each kind of copy is a transaction of its own, on one connection', async () => {
  const server = await peer();
  const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients: RECIPIENTS, options: { envelopeId: 'x y', returnContent: 'headers' } }), signal());
  assert.deepEqual(brief(outcomes), RECIPIENTS.map(() => 'delivered recipient 250 2.0.0'));
  assert.deepEqual(outcomes.map(({ recipient }) => recipient), [0, 1, 2, 3, 4]);
  assert.equal(server.sessions.length, 1);
  const forwarded = `Delivered-To: info@example.org\r\n${TEXT}`;
  assert.deepEqual(server.messages.map(({ mail, rcpts, content }) => [mail, rcpts.map((line) => line.slice(8)), content]), [
    [`MAIL FROM:<me@example.org> SIZE=${TEXT.length} RET=HDRS ENVID=x+20y`, ['<a@a.test>', '<c@a.test>'], TEXT],
    [`MAIL FROM:<SRS0=X=Y=s.test=me@example.org> SIZE=${forwarded.length} RET=HDRS ENVID=x+20y`, ['<b@a.test>', '<d@a.test>'], forwarded],
    [`MAIL FROM:<me+e=a.test@example.org> SIZE=${TEXT.length} RET=HDRS ENVID=x+20y`, ['<e@a.test> NOTIFY=SUCCESS ORCPT=rfc822;E@a.test'], TEXT],
  ]);
});

test('a refused sender concerns the copies that have it', async () => {
  const server = await peer({ script: ({ command }) => (command.startsWith('MAIL FROM:<SRS0') ? '550 5.7.1 no rewritten senders here' : undefined) });
  const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients: RECIPIENTS }), signal());
  assert.deepEqual(outcomes.map(({ status }) => status), ['delivered', 'failed', 'delivered', 'failed', 'delivered']);
});

test('an alias that only SMTPUTF8 can write is not written elsewhere', async () => {
  const utf8 = await peer();
  await deliverer({ port: utf8.port }).deliver(job({ recipients: [{ address: 'a@a.test', via: 'büro@example.org' }], options: { smtpUtf8: true } }), signal());
  assert.match(utf8.messages[0]?.mail ?? '', /BODY=8BITMIME SMTPUTF8/);
  assert.match(Buffer.from(utf8.messages[0]?.content ?? '', 'latin1').toString(), /^Delivered-To: büro@example\.org\r\n/);
  const plain = await peer({ offers: ['SIZE', '8BITMIME'] });
  await deliverer({ port: plain.port }).deliver(job({ recipients: [{ address: 'a@a.test', via: 'büro@example.org' }] }), signal());
  assert.equal(plain.messages[0]?.content, TEXT);
});
