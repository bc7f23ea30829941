import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brief, withServer } from './smtp-server-kit.ts';

test('a message from a stranger to a user arrives with envelope and origin', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    const banner = await client.reply();
    assert.equal(banner.code, 220);
    assert.match(banner.text, /^mail\.example\.org ESMTP/);
    client.send('EHLO client.example.net\r\n');
    const offered = (await client.reply()).text.split('\n');
    assert.deepEqual(offered, ['mail.example.org', 'PIPELINING', 'SIZE 1000000', 'STARTTLS', 'ENHANCEDSTATUSCODES', '8BITMIME', 'BINARYMIME', 'CHUNKING', 'DSN', 'SMTPUTF8', 'LIMITS RCPTMAX=100']);
    assert.equal(await client.say('MAIL FROM:<Carol@Far.Example> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=QQ+3D1'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<Alice@EXAMPLE.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;alice+2Bx@example.org'), '250 2.1.5');
    assert.equal(await client.say('DATA'), '354');
    client.send('Subject: hello\r\n\r\n..dot\r\nbody\r\n.\r\n');
    const done = await client.reply();
    assert.match(done.text, /^Ok: queued as [0-9a-z]+$/);
    assert.equal(await client.say('QUIT'), '221 2.0.0');
    await client.end();
    assert.deepEqual(kit.contents, ['Subject: hello\r\n\r\n.dot\r\nbody\r\n']);
    const [message] = kit.messages;
    assert.deepEqual(message?.envelope, {
      sender: 'Carol@far.example',
      recipients: [{ address: 'Alice@example.org', originalRecipient: 'rfc822;alice+x@example.org', notify: ['success', 'delay'] }],
      body: '8bitmime', smtpUtf8: false, requireTls: false, returnContent: 'headers', envelopeId: 'QQ=1',
    });
    const { clientPort, listener, ...origin } = message.origin;
    assert.ok(clientPort && listener === `127.0.0.1:${kit.port}`);
    assert.deepEqual(origin, { kind: 'inbound', clientAddress: '127.0.0.1', clientName: 'client.example.net', helo: 'client.example.net', protocol: 'ESMTP' });
    const events = kit.log.map((entry) => entry.event);
    assert.deepEqual(events, ['smtp.connected', 'smtp.client', 'smtp.disconnected']);
    assert.deepEqual(kit.log.at(-1)?.fields['commands'], { ehlo: [1, 1], mail: [1, 1], rcpt: [1, 1], data: [1, 1], quit: [1, 1] });
  });
});

test('a whole batch in one packet gets its replies in order and in one write', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send('MAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nRCPT TO:<nobody@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n');
    const codes = [];
    for (let index = 0; index < 5; index++) codes.push(brief(await client.reply()));
    assert.deepEqual(codes, ['250 2.1.0', '250 2.1.5', '550 5.1.1', '250 2.1.5', '354']);
    client.send('\r\nbody\r\n.\r\nQUIT\r\n');
    assert.equal((await client.reply()).code, 250);
    assert.equal((await client.reply()).code, 221);
    assert.deepEqual(kit.messages[0]?.envelope.recipients.map((recipient) => recipient.address), ['alice@example.org', 'bob@example.org']);
    assert.equal(kit.messages[0]?.envelope.sender, '');
  });
});

test('BDAT: chunks, LAST, binary content, and dots that mean nothing', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send('MAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nBDAT 10\r\nA: b\r\n\r\n.\rBDAT 5\r\n\n.\r\nxBDAT 0 LAST\r\n');
    const codes = [];
    for (let index = 0; index < 5; index++) codes.push(brief(await client.reply()));
    assert.deepEqual(codes, ['250 2.1.0', '250 2.1.5', '250 2.0.0', '250 2.0.0', '250 2.0.0']);
    assert.equal(kit.contents[0], 'A: b\r\n\r\n.\r\n.\r\nx');
    client.send(Buffer.from('MAIL FROM:<a@b.example> BODY=BINARYMIME\r\nRCPT TO:<alice@example.org>\r\nBDAT 12 LAST\r\nA: b\r\n\r\n\0\n\r\xff', 'latin1'));
    for (let index = 0; index < 3; index++) assert.equal((await client.reply()).code, 250);
    assert.equal(kit.contents[1], 'A: b\r\n\r\n\0\n\r\xff');
    assert.equal(kit.messages[1]?.envelope.body, 'binarymime');
  });
});

test('a binary message has free bytes in its body only: CR, LF and NUL in its header are refused', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    const headers = ['A: b\nC: d\r\n\r\n', 'A: b\rC: d\r\n\r\n', 'A: b\0\r\n\r\n', 'A: b\n\n', 'A: b\r'];
    for (const header of headers) {
      const content = `${header}x`;
      client.send(`MAIL FROM:<a@b.example> BODY=BINARYMIME\r\nRCPT TO:<alice@example.org>\r\nBDAT ${content.length} LAST\r\n${content}`);
      const codes = [brief(await client.reply()), brief(await client.reply()), brief(await client.reply())];
      assert.deepEqual(codes, ['250 2.1.0', '250 2.1.5', '554 5.6.0'], JSON.stringify(header));
    }
    assert.equal(kit.messages.length, 0);
  });
});

test('a failed BDAT is read to its end, and the next ones are refused until RSET', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send('BDAT 6 LAST\r\nQUIT\r\n');
    assert.equal(brief(await client.reply()), '503 5.5.1');
    client.send('MAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nBDAT 3\r\na\nbBDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nRSET\r\n');
    const codes = [];
    for (let index = 0; index < 6; index++) codes.push(brief(await client.reply()));
    assert.deepEqual(codes, ['250 2.1.0', '250 2.1.5', '554 5.6.0', '503 5.5.1', '503 5.5.1', '250 2.0.0']);
    assert.equal(await client.say('MAIL FROM:<a@b.example> BODY=BINARYMIME'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<alice@example.org>'), '250 2.1.5');
    assert.equal(await client.say('DATA'), '503 5.5.1');
    assert.equal(kit.messages.length, 0);
    client.send('BDAT x\r\n');
    assert.equal(brief(await client.reply()), '501 5.5.4');
    await client.end();
  });
});

test('wrong order, wrong words, and what we do not do', async () => {
  await withServer({}, async (kit) => {
    const first = await kit.client();
    await first.reply();
    assert.equal(await first.say('MAIL FROM:<a@b.example>'), '503 5.5.1');
    assert.equal(await first.say('EHLO'), '501 5.5.4');
    assert.equal(await first.say('LHLO x'), '502 5.5.1');
    assert.equal(await first.say('HELO x'), '250');
    assert.equal(await first.say('RCPT TO:<alice@example.org>'), '503 5.5.1');
    assert.equal(await first.say('DATA'), '503 5.5.1');
    assert.equal(await first.say('ETRN example.org'), '502 5.5.1');
    assert.equal(await first.say('EXPN team'), '502 5.5.1');
    assert.equal(await first.say('AUTH PLAIN'), '503 5.5.1');
    const second = await kit.client();
    await second.greet();
    assert.equal(await second.say('VRFY alice'), '252 2.5.0');
    assert.equal(await second.say('HELP'), '214 2.0.0');
    assert.equal(await second.say('NOOP whatever'), '250 2.0.0');
    assert.equal(await second.say('FROB'), '500 5.5.2');
    assert.equal(await second.say('MAIL FROM:a@b.example'), '501 5.1.7');
    assert.equal(await second.say('MAIL FROM:<a@b.example> FROB=1'), '555 5.5.4');
    assert.equal(await second.say('MAIL FROM:<a@b.example> SIZE=x'), '501 5.5.4');
    assert.equal(await second.say('MAIL FROM:<a@b.example> SIZE=1 SIZE=1'), '501 5.5.4');
    assert.equal(await second.say('MAIL FROM:<a@b.example> SIZE=1000001'), '552 5.3.4');
    assert.equal(await second.say('MAIL FROM:<a@b.example> REQUIRETLS'), '555 5.5.4');
    assert.equal(await second.say('mail from: <a@b.example>'), '250 2.1.0');
    assert.equal(await second.say('MAIL FROM:<a@b.example>'), '503 5.5.1');
    assert.equal(await second.say('RCPT TO:<alice@example.org> NOTIFY=NEVER,DELAY'), '501 5.5.4');
    assert.equal(await second.say('RCPT TO:<alice@example.org> ORCPT=rfc822;a=b'), '501 5.5.4');
  });
});

test('SMTPUTF8 addresses need the parameter', async () => {
  await withServer({ trusted: ['127.0.0.0/8'] }, async (kit) => {
    const client = await kit.client();
    await client.greet();
    assert.equal(await client.say('MAIL FROM:<jürgen@far.example>'), '553 5.6.7');
    assert.equal(await client.say('MAIL FROM:<a@far.example>'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<jürgen@far.example>'), '553 5.6.7');
    assert.equal(await client.say('RSET'), '250 2.0.0');
    assert.equal(await client.say('MAIL FROM:<jürgen@far.example> SMTPUTF8'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<用户@例え.jp>'), '250 2.1.5');
    assert.equal(await client.say('DATA'), '354');
    assert.equal(await client.say('Subject: x\r\n\r\nx\r\n.'), '250 2.0.0');
    assert.equal(kit.messages[0]?.envelope.recipients[0]?.address, '用户@例え.jp');
    assert.equal(kit.messages[0]?.origin.protocol, 'UTF8SMTP');
    assert.equal(kit.messages[0]?.origin.kind, 'trusted');
  });
});

test('bytes that are no UTF-8 are no address, neither in the path nor in ORCPT', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    assert.equal(await client.say('MAIL FROM:<a@far.example> SMTPUTF8'), '250 2.1.0');
    const bad = ['RCPT TO:<alice+\xff\xfe@example.org>', 'RCPT TO:<alice+\xe9@example.org>', 'RCPT TO:<alice@example.org> ORCPT=utf-8;\xe9@example.org'];
    for (const line of bad) {
      client.send(Buffer.from(`${line}\r\n`, 'latin1'));
      assert.equal((await client.reply()).code, 501, line);
    }
    assert.equal(await client.say('RCPT TO:<alice+é@example.org>'), '250 2.1.5');
  });
});

test('STARTTLS: forgets what was said, drops what was slipped in, offers REQUIRETLS', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send('STARTTLS\r\nMAIL FROM:<injected@far.example>\r\nRCPT TO:<alice@example.org>\r\n');
    assert.equal((await client.reply()).code, 220);
    assert.deepEqual(client.replies, []);
    const other = await kit.client();
    await other.greet();
    await other.startTls(kit.ca);
    assert.equal(await other.say('STARTTLS'), '503 5.5.1');
    other.send('EHLO x\r\n');
    const offered = (await other.reply()).text.split('\n');
    assert.ok(offered.includes('REQUIRETLS') && !offered.includes('STARTTLS'));
    assert.equal(await other.say('MAIL FROM:<a@far.example> REQUIRETLS'), '250 2.1.0');
    assert.equal(await other.say('RCPT TO:<alice@example.org>'), '250 2.1.5');
    assert.equal(await other.say('DATA'), '354');
    assert.equal(await other.say('Subject: x\r\n\r\nx\r\n.'), '250 2.0.0');
    assert.equal(kit.messages[0]?.envelope.requireTls, true);
    assert.equal(kit.messages[0]?.origin.protocol, 'ESMTPS');
    assert.match(kit.messages[0]?.origin.tls?.version ?? '', /^TLSv1\.[23]$/);
  });
});

test('temporary troubles are 4xx and never lost mail', async () => {
  let space = false;
  await withServer({ intake: () => Promise.reject(new Error('the disk is gone')), ports: { hasDiskSpace: () => space } }, async (kit) => {
    const client = await kit.client();
    await client.greet();
    assert.equal(await client.say('MAIL FROM:<a@far.example>'), '452 4.3.1');
    space = true;
    assert.equal(await client.say('MAIL FROM:<a@far.example>'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<broken@example.org>'), '451 4.3.0');
    assert.equal(await client.say('RCPT TO:<alice@example.org>'), '250 2.1.5');
    assert.equal(await client.say('DATA'), '354');
    assert.equal(await client.say('x: y\r\n\r\nz\r\n.'), '451 4.3.0');
    assert.equal(await client.say('NOOP'), '250 2.0.0');
  });
});

test('intake may refuse, and its reply is the client\'s', async () => {
  const reply = { code: 550, enhanced: '5.7.26', text: 'forged' };
  await withServer({ intake: async () => ({ kind: 'refused', reply }) }, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n');
    for (let index = 0; index < 3; index++) await client.reply();
    assert.equal(await client.say('x: y\r\n\r\nz\r\n.'), '550 5.7.26');
    const rejected = kit.log.find((entry) => entry.event === 'smtp.rejected');
    assert.equal(rejected?.fields['stage'], 'END-OF-MESSAGE');
    assert.equal(rejected?.fields['from'], 'a@far.example');
  });
});

test('the body of mail of our own is hashed while it arrives, in pieces that join to the body', async () => {
  const seen: Buffer[] = [];
  const createBodyHasher = () => ({ update: (chunk: Buffer) => void seen.push(Buffer.from(chunk)), digest: () => Buffer.from('digest') });
  await withServer({ ports: { createBodyHasher }, trusted: ['127.0.0.0/8'] }, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n');
    for (let index = 0; index < 3; index++) await client.reply();
    for (const piece of ['A: b\r', '\n\r', '\nbo', 'dy\r\n..', 'x\r\n.', '\r\n']) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await client.reply()).code, 250);
    assert.equal(Buffer.concat(seen).toString(), 'body\r\n.x\r\n');
    assert.equal(kit.messages[0]?.relaxedBodyHash?.toString(), 'digest');
  });
});
