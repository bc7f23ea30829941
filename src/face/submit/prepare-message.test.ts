import assert from 'node:assert/strict';
import test from 'node:test';
import { type MessageInput, prepareMessage, type Submission, type Submitter } from './prepare-message.ts';

const submitter: Submitter = {
  user: 'alice',
  fullName: 'Alice Ärmel',
  origin: 'example.org',
  hostname: 'mail.example.org',
  now: Date.UTC(2026, 10, 20, 12),
  offsetMinutes: 60,
};

function prepare(text: string, input: Partial<MessageInput> = {}): Submission {
  const prepared = prepareMessage({ bytes: Buffer.from(text.replaceAll('\n', '\r\n')), recipients: [], fromHeader: false, ...input }, submitter);
  assert.ok(prepared.kind === 'ready', JSON.stringify(prepared));
  return prepared.submission;
}

test('plain text becomes a message with From, Date and Message-ID', () => {
  const { sender, recipients, content, body } = prepare('hello\n\nworld\n', { recipients: ['root', 'Bob <bob@Example.NET>'] });
  assert.equal(sender, 'alice@example.org');
  assert.deepEqual(recipients, ['root@example.org', 'bob@example.net']);
  assert.equal(body, '7bit');
  const text = content.toString();
  assert.match(text, /^From: =\?utf-8\?B\?[^?]+\?= <alice@example\.org>\r\nDate: Fri, 20 Nov 2026 13:00:00 \+0100\r\nMessage-ID: <[^>]+@mail\.example\.org>\r\n\r\nhello\r\n\r\nworld\r\n$/);
});

test('a body line straight after header fields ends the header', () => {
  assert.match(prepare('Subject: x\nno field\nTo: y\n', { recipients: ['a'] }).content.toString(), /Subject: x\r\n\r\nno field\r\nTo: y\r\n$/);
  assert.match(prepare('Subject: x\n', { recipients: ['a'] }).content.toString(), /Subject: x\r\n\r\n$/);
});

test('-t takes To, Cc and Bcc, adds the command line, and removes Bcc', () => {
  const { recipients, content } = prepare('To: a@b.example,\n Carl <c@d.example>\nCc: group: e@f.example;\nBcc: x@y.example\nFrom: z@b.example\n\nhi\n', {
    fromHeader: true,
    recipients: ['more@b.example', 'A@B.example'],
  });
  assert.deepEqual([...recipients].sort(), ['A@b.example', 'a@b.example', 'c@d.example', 'e@f.example', 'more@b.example', 'x@y.example']);
  assert.ok(!content.toString().includes('x@y.example'));
  assert.ok(content.toString().includes('From: z@b.example'));
});

test('-t of a resent message goes to the Resent- addresses only', () => {
  const { recipients } = prepare('Resent-To: new@b.example\nTo: old@b.example\n\nhi\n', { fromHeader: true });
  assert.deepEqual(recipients, ['new@b.example']);
});

test('the sender may be named, or be null', () => {
  assert.equal(prepare('\nx\n', { recipients: ['a'], sender: 'www' }).sender, 'www@example.org');
  const empty = prepare('\nx\n', { recipients: ['a'], sender: '' });
  assert.equal(empty.sender, '');
  assert.match(empty.content.toString(), /From: =.*<alice@example\.org>/);
  assert.match(prepare('\nx\n', { recipients: ['a'], sender: 'w@x.example', fullName: 'Web' }).content.toString(), /^From: Web <w@x\.example>\r\n/);
});

test('8-bit text without MIME fields is labelled UTF-8', () => {
  const { body, smtpUtf8, content } = prepare('Subject: x\n\ngrüße\n', { recipients: ['a'] });
  assert.deepEqual([body, smtpUtf8], ['8bitmime', false]);
  assert.match(content.toString(), /Content-Type: text\/plain; charset=utf-8\r\n/);
  assert.equal(prepare('Subject: grüße\n\nx\n', { recipients: ['a'] }).smtpUtf8, true);
  assert.equal(prepare('Subject: x\n\nx\n', { recipients: ['jörg@example.org'] }).smtpUtf8, true);
});

const refuse = (recipients: string[], fromHeader = false): unknown => prepareMessage({ bytes: Buffer.from('X: y\r\n\r\n'), recipients, fromHeader }, submitter);

test('missing and broken addresses are told', () => {
  assert.equal((refuse([]) as { reason: string }).reason, 'no-recipients');
  assert.equal((refuse([], true) as { reason: string }).reason, 'no-recipients');
  assert.equal((refuse(['a b@c d']) as { reason: string }).reason, 'bad-address');
  assert.equal((refuse(['a@b..c']) as { reason: string }).reason, 'bad-address');
});
