import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { test } from 'node:test';
import { SMTP_SERVER_LIMITS } from '../../src/base/limits.ts';
import type { IntakeResult } from '../../src/contract/message.ts';
import { eventually } from '../harness/lab-process.ts';
import { brief, Client, withServer } from './smtp-server-kit.ts';
import type { Kit } from './smtp-server-kit.ts';

/** Longer than any test waits: only what is not delayed is answered. */
const GREETING_DELAY_MS = 60_000;

async function openMessage(kit: Kit): Promise<Client> {
  const client = await kit.client();
  await client.greet();
  client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n');
  for (let index = 0; index < 3; index++) await client.reply();
  return client;
}

/** The server still serves: the proof that an attack has not hurt it. */
async function stillServes(kit: Kit): Promise<void> {
  const client = await openMessage(kit);
  assert.equal(await client.say('A: b\r\n\r\nx\r\n.'), '250 2.0.0');
  client.socket.destroy();
}

test('100,000 recipients: 100 are taken, then 452, then the client is sent away', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    let text = 'MAIL FROM:<a@far.example>\r\n';
    for (let index = 0; index < 100_000; index++) text += `RCPT TO:<alice+${index}@example.org>\r\n`;
    client.send(text);
    await client.end();
    const counts = new Map<string, number>();
    for (const reply of client.replies) counts.set(brief(reply), (counts.get(brief(reply)) ?? 0) + 1);
    assert.deepEqual([counts.get('250 2.1.5'), counts.get('452 4.5.3'), counts.get('421 4.7.0')], [100, SMTP_SERVER_LIMITS.excessRecipientsMax + 1, 1]);
    await stillServes(kit);
  });
});

test('harvesting addresses ends soon', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.send('MAIL FROM:<a@far.example>\r\n');
    for (let index = 0; index < 500; index++) client.send(`RCPT TO:<user${index}@example.org>\r\n`);
    await client.end();
    assert.equal(client.replies.filter((reply) => reply.code === 550).length, SMTP_SERVER_LIMITS.refusedRecipientsMax + 1);
    assert.equal(client.replies.at(-1)?.code, 421);
  });
});

test('a header bomb, too many fields, a loop', async () => {
  await withServer({}, async (kit) => {
    const cases = [
      [`X: ${'y'.repeat(900)}\r\n`.repeat(500), '552 5.3.4'],
      ['X: y\r\n'.repeat(SMTP_SERVER_LIMITS.headerFieldsMax + 1), '552 5.3.4'],
      [`X: y\r\n${' z\r\n'.repeat(40_000)}`, '552 5.3.4'],
      ['Received: from a by b\r\n'.repeat(SMTP_SERVER_LIMITS.receivedFieldsMax + 1), '554 5.4.6'],
    ] as const;
    for (const [header, outcome] of cases) {
      const client = await openMessage(kit);
      client.send(header);
      assert.equal(await client.say('\r\nx\r\n.'), outcome, header.slice(0, 30));
      assert.equal(await client.say('NOOP'), '250 2.0.0');
      client.socket.destroy();
    }
    await stillServes(kit);
  });
});

test('overlong lines: a command ends the session, a text line refuses the message', async () => {
  await withServer({}, async (kit) => {
    for (const line of [`NOOP ${'x'.repeat(5000)}\r\n`, 'x'.repeat(5000)]) {
      const client = await kit.client();
      await client.greet();
      client.send(line);
      assert.equal(brief(await client.reply()), '500 5.5.2');
      await client.end();
    }
    const client = await openMessage(kit);
    assert.equal(await client.say(`A: b\r\n\r\n${'x'.repeat(SMTP_SERVER_LIMITS.textLineBytesMax + 10)}\r\n.`), '554 5.6.0');
    const fine = await openMessage(kit);
    assert.equal(await fine.say(`A: b\r\n\r\n${'x'.repeat(60_000)}\r\n.`), '250 2.0.0');
    assert.equal(kit.contents[0]?.length, 60_010);
  });
});

test('too large: refused at the end, also when trickled in by BDAT; a flood is cut off', async () => {
  await withServer({ smtp: { maxMessageSize: 50_000 } }, async (kit) => {
    const client = await openMessage(kit);
    assert.equal(await client.say(`A: b\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(800)}.`), '552 5.3.4');
    client.send('MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\nBDAT 40000\r\n');
    client.send(`A: b\r\n\r\n${'x'.repeat(39_992)}`);
    client.send('BDAT 20000\r\n');
    client.send('x'.repeat(20_000));
    const codes = [];
    for (let index = 0; index < 4; index++) codes.push(brief(await client.reply()));
    assert.deepEqual(codes, ['250 2.1.0', '250 2.1.5', '250 2.0.0', '552 5.3.4']);
    const flood = await openMessage(kit);
    const block = Buffer.alloc(1024 * 1024, `${'x'.repeat(62)}\r\n`);
    const ended = flood.end();
    for (let sent = 0; sent < 80 && !flood.closed; sent++) if (!flood.socket.write(block)) await Promise.race([once(flood.socket, 'drain').catch(() => {}), ended]);
    await ended;
    assert.equal(kit.messages.length, 0);
    await stillServes(kit);
  });
});

test('a large message goes through a file, which is gone afterwards', async () => {
  let during: string[] = [];
  let spoolDir = '';
  const seen: { size: number; inMemory: boolean; tail: string }[] = [];
  const intake = async ({ content, id }: { content: { size: number; inMemory?: Buffer | undefined; read(start?: number, end?: number): Promise<Buffer> }; id: string }): Promise<IntakeResult> => {
    during = await readdir(spoolDir);
    seen.push({ size: content.size, inMemory: content.inMemory !== undefined, tail: (await content.read(content.size - 6)).toString() });
    return { kind: 'queued', id };
  };
  await withServer({ intake }, async (kit) => {
    spoolDir = kit.spoolDir;
    const client = await openMessage(kit);
    client.send('A: b\r\n\r\n');
    client.send(`${'x'.repeat(98)}\r\n`.repeat(8000));
    assert.equal(await client.say('last\r\n.'), '250 2.0.0');
    assert.deepEqual(seen, [{ size: 800_014, inMemory: false, tail: 'last\r\n' }]);
    assert.equal(during.length, 1);
    // The reply is on its way when the file goes.
    await eventually('the file is gone', async () => (await readdir(spoolDir)).length === 0);
  });
});

test('a spool that cannot be written is a temporary failure', async () => {
  await withServer({}, async (kit) => {
    await rm(kit.spoolDir, { recursive: true });
    const client = await openMessage(kit);
    client.send('A: b\r\n\r\n');
    client.send(`${'x'.repeat(98)}\r\n`.repeat(8000));
    assert.equal(await client.say('.'), '452 4.3.1');
    assert.equal(await client.say('NOOP'), '250 2.0.0');
    client.socket.destroy();
    await stillServes(kit);
  });
});

test('a client that goes away in the middle of a large message leaves nothing', async () => {
  await withServer({}, async (kit) => {
    const client = await openMessage(kit);
    client.send(`A: b\r\n\r\n${`${'x'.repeat(98)}\r\n`.repeat(5000)}`);
    client.send('half a li');
    await eventually('the file is there', async () => (await readdir(kit.spoolDir)).length > 0);
    client.socket.destroy();
    await eventually('client and file are gone', async () => kit.server.connections === 0 && (await readdir(kit.spoolDir)).length === 0);
    assert.equal(kit.messages.length, 0);
    assert.ok(kit.log.some((entry) => entry.event === 'smtp.lost-connection' && entry.fields['after'] === 'DATA'));
  });
});

test('half-closed clients still get their replies', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.socket.end('MAIL FROM:<a@far.example>\r\nRCPT TO:<alice@example.org>\r\nBDAT 8 LAST\r\nA: b\r\n\r\nNOOP\r\n');
    for (const code of ['250 2.1.0', '250 2.1.5', '250 2.0.0', '250 2.0.0']) assert.equal(brief(await client.reply()), code);
    await client.end();
    assert.equal(kit.messages.length, 1);
  });
});

test('a client that talks before the greeting is refused', async () => {
  await withServer({ greetingDelayMs: GREETING_DELAY_MS }, async (kit) => {
    const client = await kit.client();
    client.send('EHLO x\r\nMAIL FROM:<a@far.example>\r\n');
    assert.equal(brief(await client.reply()), '554 5.5.1');
    await client.end();
    assert.equal(client.replies.length, 0);
  });
});

test('on the submission ports, and from trusted networks, commands may be piped in', async () => {
  for (const options of [{ service: 'submission' }, { trusted: ['127.0.0.0/8'] }] as const) {
    await withServer({ ...options, greetingDelayMs: GREETING_DELAY_MS }, async (kit) => {
      const client = await kit.client();
      client.send('EHLO x\r\nQUIT\r\n');
      assert.deepEqual([(await client.reply()).code, (await client.reply()).code, (await client.reply()).code], [220, 250, 221]);
    });
  }
});

test('silence and trickling time out: before a command, in the content, in the whole message', async () => {
  await withServer({}, async (kit) => {
    const silent = await kit.client();
    await silent.greet();
    silent.send('NOO');
    await kit.clock.pass(SMTP_SERVER_LIMITS.commandTimeoutMs + 1000);
    assert.equal(brief(await silent.reply()), '421 4.4.2');
    await silent.end();
    const stalled = await openMessage(kit);
    await kit.clock.pass(SMTP_SERVER_LIMITS.dataTimeoutMs + 1000);
    assert.equal(brief(await stalled.reply()), '421 4.4.2');
    const trickling = await openMessage(kit);
    for (let passed = 0; passed <= SMTP_SERVER_LIMITS.messageTimeoutMs && !trickling.closed; passed += 120_000) {
      trickling.send('x');
      await kit.clock.pass(120_000);
    }
    assert.equal(brief(await trickling.reply()), '421 4.4.2');
    assert.equal(kit.messages.length, 0);
  });
});

test('a command that trickles in must be whole within the time for one', async () => {
  await withServer({}, async (kit) => {
    const client = await kit.client();
    await client.greet();
    for (const letter of 'NOOP with an argument that never ends') {
      if (client.closed || client.replies.length > 0) break;
      client.send(letter);
      await kit.clock.pass(SMTP_SERVER_LIMITS.commandTimeoutMs / 4);
    }
    assert.equal(brief(await client.reply()), '421 4.4.2');
  });
});

test('a TLS handshake that does not come on is given up, after STARTTLS and from the first byte', async () => {
  for (const service of ['submission', 'submissions'] as const) {
    await withServer({ service }, async (kit) => {
      const client = await kit.client();
      if (service === 'submission') {
        await client.greet();
        assert.equal(await client.say('STARTTLS'), '220 2.0.0');
      }
      client.send(Buffer.from('16030102000100', 'hex'));
      await eventually('the connection is there', async () => kit.server.connections > 0);
      await kit.clock.pass(SMTP_SERVER_LIMITS.tlsHandshakeTimeoutMs + 100);
      await client.end();
    });
  }
});

test('an intake that hangs is a temporary failure', async () => {
  const asked = Promise.withResolvers<void>();
  const intake = (): Promise<IntakeResult> => {
    asked.resolve();
    return new Promise(() => {});
  };
  await withServer({ intake }, async (kit) => {
    const client = await openMessage(kit);
    client.send('A: b\r\n\r\nx\r\n.\r\n');
    await asked.promise;
    await kit.clock.pass(SMTP_SERVER_LIMITS.portTimeoutMs + 1000);
    assert.equal(brief(await client.reply()), '421 4.3.0');
  });
});

test('too many errors, too many commands without mail', async () => {
  await withServer({}, async (kit) => {
    const rude = await kit.client();
    await rude.greet();
    for (let index = 0; index < 20; index++) rude.send('FROB\r\n');
    await rude.end();
    assert.deepEqual([rude.replies.length, rude.replies.at(-1)?.code], [SMTP_SERVER_LIMITS.errorsMax + 1, 421]);
    const idle = await kit.client();
    await idle.greet();
    for (let index = 0; index < 200; index++) idle.send('NOOP\r\n');
    await idle.end();
    assert.equal(idle.replies.at(-1)?.code, 421);
    assert.ok(idle.replies.length <= SMTP_SERVER_LIMITS.commandsWithoutMailMax + 1);
  });
});

test('connections are limited for each client and in all; trusted clients only in all', async () => {
  await withServer({ smtp: { maxConnectionsPerClient: 2, maxConnections: 4 }, trusted: ['127.0.0.9/32'] }, async (kit) => {
    const first = await kit.client();
    await first.greet();
    const second = await kit.client();
    await second.greet();
    const third = await kit.client();
    assert.equal(brief(await third.reply()), '421 4.7.0');
    await third.end();
    first.socket.destroy();
    await eventually('they have left', async () => kit.server.connections === 1);
    const again = await kit.client();
    await again.greet();
  });
});

test('when all places are taken, a silent stranger leaves his to the next; who is at work, trusted or new stays', async () => {
  await withServer({ smtp: { maxConnections: 4 }, trusted: ['127.0.0.9/32'] }, async (kit) => {
    const silent = await kit.client();
    await silent.greet();
    const working = await openMessage(kit);
    const trusted = new Client(connect({ host: '127.0.0.1', port: kit.port, localAddress: '127.0.0.9' }));
    await trusted.greet();
    await kit.clock.pass(SMTP_SERVER_LIMITS.idleWhenFullMs + 1000);
    const fresh = await kit.client();
    await fresh.greet();
    const next = await kit.client();
    await next.greet();
    assert.equal(brief(await silent.reply()), '421 4.3.2');
    const tooMany = await kit.client();
    assert.equal(brief(await tooMany.reply()), '421 4.7.0');
    assert.equal(await working.say('A: b\r\n\r\nx\r\n.'), '250 2.0.0');
    assert.equal(await trusted.say('NOOP'), '250 2.0.0');
    trusted.socket.destroy();
  });
});

test('a client that does not read is cut off', async () => {
  await withServer({ trusted: ['127.0.0.0/8'], smtp: { maxRecipients: 1 } }, async (kit) => {
    const client = await kit.client();
    await client.greet();
    client.socket.pause();
    client.send('MAIL FROM:<a@far.example>\r\n');
    const line = 'RCPT TO:<x@far.example>\r\n'.repeat(1000);
    // Our side stops reading when the replies are not read, so that these writes cannot all go out.
    for (let index = 0; index < 300; index++) client.socket.write(line);
    await eventually('its time for a command and that for its last words are over', async () => {
      await kit.clock.pass(SMTP_SERVER_LIMITS.commandTimeoutMs + 10_000);
      return kit.server.connections === 0;
    });
  });
});

test('random bytes, seeded: no crash, no message, and the server still serves', async () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? 20261120);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const words = ['EHLO x', 'HELO', 'MAIL FROM:<', 'MAIL FROM:<a@b.example>', 'RCPT TO:<x@example.org>', 'DATA', 'BDAT 5', 'BDAT 99999999999999999999', 'RSET', 'AUTH PLAIN', 'STARTTLS', ' SIZE=', '>', '@', '"', '\r\n', '\r\n', '\n', '\r', '\0', '.', '\r\n.\r\n', ' LAST', '\xff\xfe', '%s%n', 'ORCPT=', '+0'];
  await withServer({}, async (kit) => {
    for (let round = 0; round < 150; round++) {
      const client = await kit.client();
      let wire = random(2) === 0 ? 'EHLO x\r\n' : '';
      for (let index = random(60); index >= 0; index--) wire += random(4) === 0 ? String.fromCharCode(random(256)) : (words[random(words.length)] as string);
      await client.reply();
      client.socket.end(Buffer.from(wire, 'latin1'));
      await client.end().catch((error: unknown) => assert.fail(`seed ${seed} round ${round}: ${String(error)} after ${JSON.stringify(wire)}`));
      client.socket.destroy();
    }
    assert.equal(kit.messages.length, 0, `seed ${seed}`);
    assert.ok(!kit.log.some((entry) => entry.event === 'smtp.internal-error'), `seed ${seed}: ${JSON.stringify(kit.log.find((entry) => entry.event === 'smtp.internal-error'))}`);
    await stillServes(kit);
  });
});

test('closing: idle sessions at once, open transactions when they are done, the rest at the deadline', async () => {
  await withServer({}, async (kit) => {
    const idle = await kit.client();
    await idle.greet();
    const busy = await openMessage(kit);
    const stuck = await openMessage(kit);
    const closed = kit.server.close(60_000);
    assert.equal(brief(await idle.reply()), '421 4.3.2');
    busy.send('A: b\r\n\r\nx\r\n.\r\n');
    assert.equal(brief(await busy.reply()), '250 2.0.0');
    assert.equal(brief(await busy.reply()), '421 4.3.2');
    await kit.clock.pass(61_000);
    await stuck.end();
    await closed;
    assert.equal(kit.server.connections, 0);
  });
});
