import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createSaslClient } from '../../src/wire/sasl/client.ts';
import { deriveScramKeys, hmac, xor } from '../../src/wire/sasl/scram.ts';
import { eventually } from '../harness/lab-process.ts';
import { PASSWORD, withServer } from './smtp-server-kit.ts';
import type { Client } from './smtp-server-kit.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const PLAIN = base64(`\0alice@example.org\0${PASSWORD}`);

async function offered(client: Client): Promise<string[]> {
  client.send('EHLO x\r\n');
  return (await client.reply()).text.split('\n');
}

test('AUTH is neither offered nor taken before TLS, and mail needs both', async () => {
  await withServer({ service: 'submission' }, async (kit) => {
    const client = await kit.client();
    await client.greet();
    assert.ok(!(await offered(client)).some((line) => line.startsWith('AUTH')));
    assert.equal(await client.say(`AUTH PLAIN ${PLAIN}`), '538 5.7.11');
    assert.equal(await client.say('MAIL FROM:<alice@example.org>'), '530 5.7.0');
    await client.startTls(kit.ca);
    assert.ok((await offered(client)).includes('AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN'));
    assert.equal(await client.say('MAIL FROM:<alice@example.org>'), '530 5.7.0');
    assert.equal(await client.say(`AUTH PLAIN ${PLAIN}`), '235 2.7.0');
    assert.equal(await client.say(`AUTH PLAIN ${PLAIN}`), '503 5.5.1');
    assert.equal(await client.say('MAIL FROM:<alice@example.org> AUTH=<>'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<anyone@far.example>'), '250 2.1.5');
    assert.equal(await client.say('DATA'), '354');
    assert.equal(await client.say('From: alice@example.org\r\n\r\nx\r\n.'), '250 2.0.0');
    const origin = kit.messages[0]?.origin;
    assert.deepEqual([origin?.kind, origin?.account, origin?.saslMechanism, origin?.protocol], ['submission', 'alice@example.org', 'PLAIN', 'ESMTPSA']);
  });
});

test('trusted networks may log in without TLS, and send without login', async () => {
  await withServer({ service: 'submission', trusted: ['127.0.0.0/8'] }, async (kit) => {
    const client = await kit.client();
    await client.greet();
    assert.ok((await offered(client)).includes('AUTH SCRAM-SHA-256 PLAIN LOGIN'));
    assert.equal(await client.say('MAIL FROM:<cron>'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<anyone@far.example>'), '250 2.1.5');
    assert.equal(await client.say('RSET'), '250 2.0.0');
    assert.equal(await client.say(`AUTH PLAIN ${PLAIN}`), '235 2.7.0');
    assert.equal(await client.say('MAIL FROM:<bob@example.org>'), '553 5.7.1');
  });
});

test('PLAIN, LOGIN and their mistakes', async () => {
  await withServer({ service: 'submissions' }, async (kit) => {
    const client = await kit.secureClient();
    await client.greet();
    assert.equal(await client.say('AUTH CRAM-MD5'), '504 5.5.4');
    assert.equal(await client.say('AUTH PLAIN'), '334');
    assert.equal(await client.say('*'), '501 5.7.0');
    assert.equal(await client.say('AUTH PLAIN ='), '501 5.5.2');
    assert.equal(await client.say('AUTH PLAIN !!!'), '501 5.5.2');
    assert.equal(await client.say('AUTH LOGIN'), '334');
    assert.equal(await client.say(base64('alice@example.org')), '334');
    assert.equal(await client.say(base64('wrong')), '535 5.7.8');
    assert.equal(await client.say(`AUTH LOGIN ${base64('alice@example.org')}`), '334');
    assert.equal(await client.say(base64(PASSWORD)), '235 2.7.0');
    const failures = kit.log.filter((entry) => entry.event === 'smtp.login-failed');
    assert.ok(failures.length > 0);
    assert.ok(!JSON.stringify(kit.log).includes('wrong"') && !JSON.stringify(kit.log).includes(PASSWORD));
  });
});

test('three failures end the session; a store that fails or throttles is temporary', async () => {
  await withServer({ service: 'submissions' }, async (kit) => {
    const client = await kit.secureClient();
    await client.greet();
    for (let attempt = 0; attempt < 3; attempt++) assert.equal(await client.say(`AUTH PLAIN ${base64('\0alice@example.org\0wrong')}`), '535 5.7.8');
    assert.equal((await client.reply()).code, 421);
    await client.end();
    const second = await kit.secureClient();
    await second.greet();
    assert.equal(await second.say(`AUTH PLAIN ${base64('\0broken\0x')}`), '454 4.7.0');
    assert.equal(await second.say(`AUTH PLAIN ${base64('\0throttled\0x')}`), '454 4.7.0');
  });
});

test('the log counts commands as Postfix does: STARTTLS and each AUTH once, failed ones apart', async () => {
  await withServer({ service: 'submission' }, async (kit) => {
    const client = await kit.client();
    await client.greet();
    await client.startTls(kit.ca);
    for (const password of ['wrong', PASSWORD]) {
      assert.equal(await client.say('AUTH LOGIN'), '334');
      assert.equal(await client.say(Buffer.from('alice@example.org').toString('base64')), '334');
      await client.say(Buffer.from(password).toString('base64'));
    }
    assert.equal(await client.say('QUIT'), '221 2.0.0');
    await eventually('the end is logged', async () => kit.log.some(({ event }) => event === 'smtp.disconnected'));
    const { commands } = kit.log.find(({ event }) => event === 'smtp.disconnected')?.fields ?? {};
    assert.deepEqual(commands, { ehlo: [2, 2], starttls: [1, 1], auth: [1, 2], quit: [1, 1] });
  });
});

test('SCRAM-SHA-256 with a right and a wrong password', async () => {
  await withServer({ service: 'submissions' }, async (kit) => {
    for (const [password, end] of [['wrong', 535], [PASSWORD, 235]] as const) {
      const client = await kit.secureClient();
      await client.greet();
      const sasl = createSaslClient('SCRAM-SHA-256', { username: 'alice@example.org', password });
      client.send(`AUTH SCRAM-SHA-256 ${sasl.initial?.toString('base64')}\r\n`);
      let reply = await client.reply();
      while (reply.code === 334) {
        const step = await sasl.step(Buffer.from(reply.text, 'base64'));
        assert.ok(step.kind === 'respond');
        client.send(`${step.data.toString('base64')}\r\n`);
        reply = await client.reply();
      }
      assert.equal(reply.code, end);
      assert.equal(sasl.serverProven, end === 235);
    }
  });
});

test('SCRAM-SHA-256-PLUS binds the connection, and a downgrade is seen', async () => {
  await withServer({ service: 'submissions' }, async (kit) => {
    const client = await kit.secureClient();
    await client.greet();
    const bare = 'n=alice@example.org,r=abcdef';
    assert.equal(await client.say(`AUTH SCRAM-SHA-256 ${base64(`y,,${bare}`)}`), '535 5.7.8');
    client.send(`AUTH SCRAM-SHA-256-PLUS ${base64(`p=tls-exporter,,${bare}`)}\r\n`);
    const first = Buffer.from((await client.reply()).text, 'base64').toString();
    const [nonce, salt] = first.split(',').map((part) => part.slice(2));
    const keys = await deriveScramKeys(PASSWORD, Buffer.from(salt as string, 'base64'), 4096);
    const exported = (client.socket as TLSSocket).exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    const withoutProof = `c=${Buffer.concat([Buffer.from('p=tls-exporter,,'), exported]).toString('base64')},r=${nonce}`;
    const proof = xor(keys.clientKey, hmac(keys.storedKey, `${bare},${first},${withoutProof}`));
    assert.equal(await client.say(base64(`${withoutProof},p=${proof.toString('base64')}`)), '334');
    assert.equal(await client.say(''), '235 2.7.0');
  });
});

test('a login may use its own addresses only, in the envelope and in the header', async () => {
  await withServer({ service: 'submissions' }, async (kit) => {
    const client = await kit.secureClient();
    await client.greet();
    assert.equal(await client.say(`AUTH PLAIN ${PLAIN}`), '235 2.7.0');
    assert.equal(await client.say('MAIL FROM:<bob@example.org>'), '553 5.7.1');
    const cases = [
      ['alice@example.org', 'From: Alice <alice+news@example.org>', '250 2.0.0'],
      ['alice@example.org', 'Subject: no From at all', '250 2.0.0'],
      ['', 'From: alice@example.org', '250 2.0.0'],
      ['', 'From: bob@example.org', '550 5.7.1'],
      ['alice@example.org', 'From: bob@example.org', '550 5.7.1'],
      ['alice@example.org', 'From: alice@example.org, bob@example.org', '550 5.7.1'],
      ['alice@example.org', 'From: alice@example.org\r\nFROM : bob@example.org', '550 5.7.1'],
      ['alice@example.org', 'From: alice@example.org\r\nSender: bob@example.org', '550 5.7.1'],
      ['alice@example.org', 'From: alice@example.org\r\nResent-From: alice+work@example.org', '250 2.0.0'],
      ['alice@example.org', 'From: alice@example.org\r\nResent-From: bob@example.org', '550 5.7.1'],
      ['alice@example.org', 'From: alice@example.org\r\nResent-Sender: bob@example.org', '550 5.7.1'],
      ['alice@example.org', 'From: "alice@example.org" <bob@example.org>', '550 5.7.1'],
      ['alice@example.org', 'From: bob', '550 5.7.1'],
    ] as const;
    for (const [sender, header, outcome] of cases) {
      assert.equal(await client.say(`MAIL FROM:<${sender}>`), '250 2.1.0');
      assert.equal(await client.say('RCPT TO:<x@far.example>'), '250 2.1.5');
      assert.equal(await client.say('DATA'), '354');
      assert.equal(await client.say(`${header}\r\n\r\nx\r\n.`), outcome, header);
    }
  });
});

test('without a certificate there is no TLS, and no way to log in', async () => {
  await withServer({ service: 'submission', withoutTls: true }, async (kit) => {
    const client = await kit.client();
    await client.greet();
    assert.equal(await client.say('STARTTLS'), '502 5.5.1');
    assert.equal(await client.say(`AUTH PLAIN ${PLAIN}`), '538 5.7.11');
    assert.equal(await client.say('MAIL FROM:<alice@example.org>'), '530 5.7.0');
  });
});
