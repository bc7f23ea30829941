import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brief, withServer } from './smtp-server-kit.ts';

/**
 * Ends of data that some server somewhere took for the real one (published 2023 and later as "SMTP smuggling", and the
 * older ones with NUL). Behind each stands a second message.
 */
const FALSE_ENDS = [
  '\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r', '\n.\r', '\r.\n', '\r\r\n.\n', '\n\r\n.\n', '\r\n.\r\r\n', '\n\n.\r\r\n',
  '\r\n\0.\r\n', '\r\n.\0\r\n', '\0\r\n.\n', '\r\n.\x0b\n', '\r\n\x00\x2e\r\n', '\n.\0\n', '\r\n.\r\x00\n', '\n\r.\n\r', '\r\n.\n\r\n',
];
const SECOND = 'MAIL FROM:<forged@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled\r\n';

test('DATA: no false end is taken, the message is refused, nothing is smuggled', async () => {
  await withServer({}, async (kit) => {
    for (const end of FALSE_ENDS) {
      for (const split of [false, true]) {
        const client = await kit.client();
        await client.greet();
        client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n');
        for (let index = 0; index < 3; index++) await client.reply();
        const wire = Buffer.from(`Subject: x\r\n\r\nbody${end}${SECOND}.\r\n`, 'latin1');
        if (split) for (let at = 0; at < wire.length; at += 7) client.send(wire.subarray(at, at + 7));
        else client.send(wire);
        const name = JSON.stringify(end);
        assert.equal(brief(await client.reply()), '554 5.6.0', name);
        assert.equal(await client.say('NOOP'), '250 2.0.0', name);
        assert.equal(client.replies.length, 0, name);
        client.socket.destroy();
      }
    }
    assert.equal(kit.messages.length, 0);
  });
});

test('BDAT without BINARYMIME: the same bytes are refused, and the stream stays in step', async () => {
  await withServer({}, async (kit) => {
    for (const end of FALSE_ENDS) {
      const content = Buffer.from(`Subject: x\r\n\r\nbody${end}${SECOND}.\r\n`, 'latin1');
      for (const cut of [content.length, 16, content.length - 3]) {
        const client = await kit.client();
        await client.greet();
        client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\n');
        for (let index = 0; index < 2; index++) await client.reply();
        client.send(`BDAT ${cut}\r\n`);
        client.send(content.subarray(0, cut));
        client.send(`BDAT ${content.length - cut} LAST\r\n`);
        client.send(content.subarray(cut));
        const replies = [brief(await client.reply()), brief(await client.reply())];
        const name = `${JSON.stringify(end)} cut at ${cut}: ${replies.join(', ')}`;
        assert.ok(replies.includes('554 5.6.0') && replies[1] !== '250 2.0.0', name);
        assert.equal(await client.say('NOOP'), '250 2.0.0', name);
        client.socket.destroy();
      }
    }
    assert.equal(kit.messages.length, 0);
  });
});

test('a true end behind a bare CR is the end, and the message is refused all the same', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n');
    for (let index = 0; index < 3; index++) await client.reply();
    client.send('Subject: x\r\n\r\nbody\r\r\n.\r\nNOOP\r\n');
    assert.deepEqual([brief(await client.reply()), brief(await client.reply())], ['554 5.6.0', '250 2.0.0']);
    assert.equal(kit.messages.length, 0);
  });
});

test('commands with a bare LF, a bare CR or a NUL end the session unexecuted', async () => {
  await withServer({}, async (kit) => {
    for (const line of ['NOOP\n', 'NOOP\nNOOP\r\n', 'NOOP\rNOOP\r\n', 'NOOP\0\r\n', 'NOOP\r\r\n', '\n', 'MAIL FROM:<a@b.example>\nRCPT TO:<alice@example.org>\r\n']) {
      const client = await kit.client();
      await client.greet();
      client.send(line);
      assert.equal(brief(await client.reply()), '554 5.5.2', JSON.stringify(line));
      await client.end();
      assert.equal(client.replies.length, 0);
    }
  });
});

test('a web request is no mail, whatever its body says', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    assert.equal((await client.reply()).code, 220);
    client.send(`POST / HTTP/1.1\r\nHost: mail.example.org\r\n\r\nEHLO x\r\n${SECOND}.\r\n`);
    assert.equal(brief(await client.reply()), '554 5.5.1');
    await client.end();
    assert.equal(client.replies.length, 0);
    assert.equal(kit.messages.length, 0);
  });
});

test('content sent behind DATA before 354 is refused, and not executed either', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send(`MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n${SECOND}.\r\n`);
    assert.deepEqual([brief(await client.reply()), brief(await client.reply()), brief(await client.reply())], ['250 2.1.0', '250 2.1.5', '554 5.5.0']);
    await client.end();
    assert.equal(client.replies.length, 0);
    assert.equal(kit.messages.length, 0);
    assert.ok(kit.log.some((entry) => entry.event === 'smtp.improper-pipelining'));
  });
});

test('STARTTLS with commands behind it: they are not executed, neither before nor after the handshake', async () => {
  const { connect: connectTls } = await import('node:tls');
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send('STARTTLS\r\nEHLO injected\r\nMAIL FROM:<injected@far.example>\r\nRCPT TO:<alice@example.org>\r\n');
    assert.equal((await client.reply()).code, 220);
    client.socket.removeAllListeners('data');
    const secure = connectTls({ socket: client.socket, ca: kit.ca, servername: 'mail.example.org' });
    const answers: string[] = [];
    secure.on('data', (chunk: Buffer) => answers.push(chunk.toString()));
    secure.on('error', () => {});
    const ended = new Promise((resolve) => secure.once('end', resolve));
    secure.write('RCPT TO:<alice@example.org>\r\nQUIT\r\n');
    await ended;
    assert.match(answers.join(''), /^503 5\.5\.1 [^\r]*\r\n221 /);
  });
});
