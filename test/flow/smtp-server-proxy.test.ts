import assert from 'node:assert/strict';
import { connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import { SMTP_SERVER_LIMITS } from '../../src/base/limits.ts';
import { brief, Client, withServer } from './smtp-server-kit.ts';

const V1 = 'PROXY TCP4 198.51.100.7 192.0.2.25 40000 25\r\n';
const V2 = Buffer.from('0d0a0d0a000d0a515549540a 21 11 000c c6336407 c0000219 9c40 0019'.replaceAll(' ', ''), 'hex');

test('a named proxy must say who its client is, in version 1 or 2, whole or in pieces', async () => {
  await withServer({ proxies: ['127.0.0.1/32'] }, async (kit) => {
    const pieces = [[V1], [V2], [V1.slice(0, 9), V1.slice(9)], [V2.subarray(0, 5), V2.subarray(5)]];
    for (const header of pieces) {
      const client = await kit.client();
      for (const piece of header) {
        client.send(piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await client.greet();
      client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n');
      for (let index = 0; index < 3; index++) await client.reply();
      assert.equal(await client.say('A: b\r\n\r\nx\r\n.'), '250 2.0.0');
      client.socket.destroy();
    }
    for (const { origin } of kit.messages) assert.deepEqual([origin.clientAddress, origin.clientPort, origin.listener], ['198.51.100.7', 40000, '192.0.2.25:25']);
    assert.equal(kit.messages.length, 4);
  });
});

test('without the header, with a wrong one, or too late: no service', async () => {
  await withServer({ proxies: ['127.0.0.1/32'] }, async (kit) => {
    for (const first of ['EHLO x\r\n', 'PROXY TCP4 1.2.3.4 x 1 1\r\n', `PROXY ${'x'.repeat(200)}`]) {
      const client = await kit.client();
      client.send(first);
      await client.end();
      assert.equal(client.replies.length, 0, first);
    }
    while (kit.server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    const silent = await kit.client();
    while (kit.server.connections === 0) await new Promise((resolve) => setImmediate(resolve));
    await kit.clock.pass(SMTP_SERVER_LIMITS.proxyHeaderTimeoutMs + 100);
    await silent.end();
    assert.equal(silent.replies.length, 0);
    const early = await kit.client();
    early.send(`${V1}EHLO x\r\n`);
    assert.equal(brief(await early.reply()), '554 5.5.1');
  });
});

test('a client that is no proxy cannot choose its address, nor can the proxied be trusted by the proxy\'s address', async () => {
  await withServer({ proxies: ['127.0.0.2/32'], greetingDelayMs: 600_000 }, async (kit) => {
    const client = await kit.client();
    client.send(V1);
    assert.equal(brief(await client.reply()), '554 5.5.1');
  });
  await withServer({ proxies: ['127.0.0.1/32'], trusted: ['127.0.0.0/8'] }, async (kit) => {
    const client = await kit.client();
    client.send(V1);
    await client.greet();
    assert.equal(await client.say('MAIL FROM:<a@far.example>'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<victim@far.example>'), '550 5.7.1');
    const local = await kit.client();
    local.send('PROXY UNKNOWN\r\n');
    await local.greet();
    assert.equal(await local.say('MAIL FROM:<a@far.example>'), '250 2.1.0');
    // A proxy that does not say who its client is lends it no trust either.
    assert.equal(await local.say('RCPT TO:<victim@far.example>'), '550 5.7.1');
  });
});

test('the header comes before TLS, also in one packet with the handshake', async () => {
  await withServer({ service: 'submissions', proxies: ['127.0.0.1/32'] }, async (kit) => {
    const plain = await kit.client();
    plain.socket.cork();
    plain.send(V1);
    plain.socket.removeAllListeners('data');
    const secure = new Client(connectTls({ socket: plain.socket, ca: kit.ca, servername: 'mail.example.org' }));
    setImmediate(() => plain.socket.uncork());
    await secure.greet();
    assert.equal(await secure.say('QUIT'), '221 2.0.0');
  });
});

test('limits count the real clients', async () => {
  await withServer({ proxies: ['127.0.0.1/32'], smtp: { maxConnectionsPerClient: 1 } }, async (kit) => {
    const first = await kit.client();
    first.send(V1);
    await first.greet();
    const second = await kit.client();
    second.send(V1);
    assert.equal(brief(await second.reply()), '421 4.7.0');
    const other = await kit.client();
    other.send(V1.replace('100.7', '100.8'));
    await other.greet();
  });
});
