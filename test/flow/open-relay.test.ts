import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withServer } from './smtp-server-kit.ts';

/** Recipient as written, and what a stranger must be told. */
const ATTEMPTS = [
  ['<victim@far.example>', '550 5.7.1'],
  ['<victim%far.example@example.org>', '550 5.1.1'],
  ['<victim%far.example@catchall.example>', '550 5.7.1'],
  ['<far.example!victim@catchall.example>', '550 5.7.1'],
  ['<"victim@far.example"@catchall.example>', '550 5.7.1'],
  ['<"victim@far.example"@example.org>', '550 5.1.1'],
  ['<"victim%far.example"@catchall.example>', '550 5.7.1'],
  ['<"far.example!victim"@catchall.example>', '550 5.7.1'],
  ['<@example.org:victim@far.example>', '550 5.7.1'],
  ['<@example.org,@catchall.example:victim@far.example>', '550 5.7.1'],
  ['<victim@far.example@example.org>', '501 5.1.3'],
  ['<victim@[127.0.0.1]>', '550 5.7.1'],
  ['<victim@[IPv6:::1]>', '550 5.7.1'],
  ['<victim@mail.example.org.far.example>', '550 5.7.1'],
  ['<victim>', '501 5.1.3'],
  ['<>', '501 5.1.3'],
  ['<"">', '501 5.1.3'],
  ['<@example.org:>', '501 5.1.3'],
  ['<@example.org>', '501 5.1.3'],
  ['victim@far.example', '501 5.1.3'],
  ['<victim@far.example', '501 5.1.3'],
  ['<victim @example.org>', '501 5.1.3'],
  ['<alice@example.org><victim@far.example>', '501 5.1.3'],
  ['<alice@example.org>,<victim@far.example>', '501 5.1.3'],
  ['<alice@example.org,victim@far.example>', '501 5.1.3'],
  ['<far.example!victim>', '501 5.1.3'],
  ['<victim%far.example>', '501 5.1.3'],
  ['<victim@far.example\u0000@example.org>', undefined],
] as const;

test('a stranger reaches nobody elsewhere, however the address is dressed up', async () => {
  for (const sender of ['<stranger@far.example>', '<alice@example.org>', '<>', '<postmaster@example.org>']) {
    await withServer({}, async (kit) => {
      for (const [recipient, outcome] of ATTEMPTS) {
        const client = await kit.client();
        await client.greet();
        assert.equal(await client.say(`MAIL FROM:${sender}`), '250 2.1.0');
        const said = await client.say(`RCPT TO:${recipient}`);
        if (outcome === undefined) assert.match(said, /^5/, recipient);
        else assert.equal(said, outcome, recipient);
        client.socket.destroy();
      }
      assert.equal(kit.messages.length, 0);
    });
  }
});

test('only our own addresses are taken from strangers, with their variants', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    assert.equal(await client.say('MAIL FROM:<x@far.example>'), '250 2.1.0');
    for (const recipient of ['<alice@example.org>', '<ALICE@Example.ORG>', '<"alice"@example.org>', '<alice+tag@example.org>', '<@relay.example:bob@example.org>', '<postmaster>', '<POSTMASTER>', '<PostMaster@mail.example.org>', '<team@example.org>']) {
      assert.equal(await client.say(`RCPT TO:${recipient}`), '250 2.1.5', recipient);
    }
    assert.equal(await client.say('RCPT TO:<nobody@example.org>'), '550 5.1.1');
    assert.equal(await client.say('RCPT TO:<gone@example.org>'), '550 5.2.1');
    assert.equal(await client.say('DATA'), '354');
    assert.equal(await client.say('A: b\r\n\r\nx\r\n.'), '250 2.0.0');
    assert.deepEqual(kit.messages[0]?.envelope.recipients, [
      { address: 'alice@example.org' },
      { address: 'alice+tag@example.org' },
      { address: 'bob@example.org' },
      { address: 'carol@far.example', originalRecipient: 'rfc822;team@example.org', via: 'team@example.org' },
    ]);
  });
});

test('on port 25 a login is not to be had, and a login elsewhere is not remembered', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    await client.startTls(kit.ca);
    assert.equal(await client.say('AUTH PLAIN AGFsaWNlAHg='), '503 5.5.1');
    assert.equal(await client.say('MAIL FROM:<alice@example.org>'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<victim@far.example>'), '550 5.7.1');
    assert.equal(await client.say('DATA'), '554 5.5.1');
  });
});

test('the local socket relays for everybody on this machine, qualified with the host name', async () => {
  const { mkdtemp, rm, stat } = await import('node:fs/promises');
  const { connect } = await import('node:net');
  const { Client } = await import('./smtp-server-kit.ts');
  const dir = await mkdtemp('/tmp/posthorn-sock-');
  const path = `${dir}/run/submit.sock`;
  try {
    await withServer({ service: 'local', listen: path }, async (kit) => {
      assert.equal((await stat(path)).mode & 0o777, 0o666);
      const client = new Client(connect(path));
      await client.greet();
      assert.equal(await client.say('MAIL FROM:<root>'), '250 2.1.0');
      assert.equal(await client.say('RCPT TO:<anyone@far.example>'), '250 2.1.5');
      assert.equal(await client.say('DATA'), '354');
      assert.equal(await client.say('A: b\r\n\r\nx\r\n.'), '250 2.0.0');
      assert.equal(kit.messages[0]?.envelope.sender, 'root@mail.example.org');
      assert.equal(kit.messages[0]?.origin.kind, 'local');
      assert.equal(kit.messages[0]?.origin.clientAddress, undefined);
      client.socket.destroy();
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
