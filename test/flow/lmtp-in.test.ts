/** Mail for our mailboxes from other servers of ours: RFC 2033 over TCP and over a Unix socket. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createInterface } from 'node:readline';
import { handOver, startSmallServer, type SmallServer } from '../harness/small-server.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

let small: SmallServer;
before(async () => {
  small = await startSmallServer();
});
after(() => small?.stop());

const CONTENT = 'From: pat@far.example\r\nTo: ann\r\nSubject: over LMTP\r\nMessage-ID: <1@far.example>\r\n\r\nHello\r\n';

test('a reply for each recipient that was taken, in their order, and each copy is in its mailbox', async () => {
  const replies = await handOver(small.lmtpPort, { from: 'pat@far.example', to: ['ann', 'nobody', 'ben', 'ann'], content: CONTENT });
  assert.equal(replies.length, 3);
  for (const reply of replies) assert.match(reply, /^250 2\.0\.0 /);
  const [first] = await small.holds(1, 'ann');
  assert.match(first?.content ?? '', /^Return-Path: <pat@far\.example>\r\nDelivered-To: ann@serve\.example\r\n/);
  assert.match(first?.content ?? '', /Received: from front\.example [^]*?with LMTP id/);
  assert.doesNotMatch(first?.content ?? '', /DKIM-Signature/);
  await small.holds(1, 'ben');
  assert.equal((await small.folder('ann')).length, 1, 'the second RCPT for ann has a reply, not a copy');
});

test('it is LMTP and says so: LHLO alone, no relaying, 503 without recipients', async () => {
  const session = await SmtpDialogue.open('127.0.0.1', small.lmtpPort);
  assert.match(await session.reply(), /^220 .* LMTP /);
  assert.match(await session.say('EHLO x.example'), /^500 /);
  assert.match(await session.say('HELO x.example'), /^500 /);
  const offers = await session.say('LHLO x.example');
  assert.match(offers, /PIPELINING/);
  assert.doesNotMatch(offers, /AUTH|XVERP/);
  await session.say('MAIL FROM:<pat@far.example>');
  assert.match(await session.say('RCPT TO:<joe@elsewhere.example>'), /^550 5\.7\.1/);
  assert.match(await session.say('DATA'), /^503/);
  assert.match(await session.say('QUIT'), /^221/);
  const plain = await SmtpDialogue.open('127.0.0.1', small.smtpPort);
  await plain.reply();
  assert.match(await plain.say('LHLO x.example'), /^502/);
  plain.close();
});

test('what is refused is refused for each of them', async () => {
  const replies = await handOver(small.lmtpPort, { from: 'pat@far.example', to: ['ann', 'ben'], content: `${CONTENT}bare\nline` });
  assert.deepEqual(replies.map((reply) => reply.slice(0, 9)), ['554 5.6.0', '554 5.6.0']);
});

test('BDAT: one reply a chunk, and one for each recipient behind the last', async () => {
  const session = await SmtpDialogue.open('127.0.0.1', small.lmtpPort);
  await session.reply();
  session.write('LHLO x.example\r\nMAIL FROM:<pat@far.example>\r\nRCPT TO:<ann@serve.example>\r\nRCPT TO:<ben@serve.example>\r\n');
  for (let count = 0; count < 4; count += 1) assert.match(await session.reply(), /^250/);
  session.write(`BDAT ${CONTENT.length}\r\n${CONTENT}`);
  assert.match(await session.reply(), /^250 2\.0\.0 \d+ octets/);
  session.write('BDAT 6 LAST\r\nmore\r\n');
  assert.match(await session.reply(), /queued as/);
  assert.match(await session.reply(), /queued as/);
  assert.match(await session.say('NOOP'), /^250/);
  session.close();
});

test('over the socket, too', async () => {
  const socket = connect(small.socket);
  await once(socket, 'connect');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value as string;
  assert.match(await next(), /^220 /);
  socket.write('LHLO front.example\r\n');
  while (!(await next()).startsWith('250 ')) { /* the list of what is offered */ }
  socket.write('MAIL FROM:<>\r\nRCPT TO:<ann@serve.example>\r\nDATA\r\n');
  assert.deepEqual([(await next()).slice(0, 3), (await next()).slice(0, 3), (await next()).slice(0, 3)], ['250', '250', '354']);
  socket.write(`${CONTENT.replace('over LMTP', 'over the socket')}.\r\n`);
  assert.match(await next(), /^250 .*queued as/);
  socket.end('QUIT\r\n');
});
