import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSaslClient } from '../../src/wire/sasl/client.ts';
import { IMAP_LIMITS } from '../../src/base/access-limits.ts';
import { HOST, PASSWORD, withImap } from '../harness/imap-kit.ts';
import { ImapDialogue } from '../harness/imap-dialogue.ts';

test('greets with capabilities, logs in and out', () =>
  withImap({}, async (kit) => {
    const client = await kit.open();
    const greeting = await client.line();
    assert.match(greeting, /^\* OK \[CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL\+ SASL-IR ID ENABLE STARTTLS AUTH=/);
    assert.doesNotMatch(greeting, /LOGINDISABLED/);
    assert.deepEqual((await client.say('NOOP')), ['OK NOOP completed']);
    assert.match(await client.result('LIST "" *'), /^BAD LIST: log in first/);
    assert.match(await client.result('LOGIN alice@example.org wrong'), /^NO \[AUTHENTICATIONFAILED\]/);
    assert.match(await client.result(`LOGIN alice@example.org ${PASSWORD}`), /^OK \[CAPABILITY IMAP4rev1 .*NAMESPACE/);
    assert.match(await client.result(`LOGIN alice@example.org ${PASSWORD}`), /^BAD LOGIN: you are logged in already/);
    assert.match((await client.say('ID ("name" "test" "version" NIL)')).join('|'), /^\* ID \("name" "Posthorn"\)\|OK/);
    assert.deepEqual(await client.say('ENABLE UTF8=ACCEPT X-NOTHING CONDSTORE'), ['* ENABLED UTF8=ACCEPT CONDSTORE', 'OK ENABLE completed']);
    assert.deepEqual(await client.say('ENABLE CONDSTORE'), ['* ENABLED', 'OK ENABLE completed']);
    assert.deepEqual(await client.say('LOGOUT'), ['* BYE see you', 'OK LOGOUT completed']);
    assert.equal(await client.line(), '');
  }));

test('passwords are not taken before TLS from a stranger; STARTTLS drops what came behind it in the clear', () =>
  withImap({ trusted: [] }, async (kit) => {
    const client = await kit.open();
    const greeting = await client.line();
    assert.match(greeting, /STARTTLS LOGINDISABLED\]/);
    assert.doesNotMatch(greeting, /AUTH=/);
    assert.match(await client.result(`LOGIN alice@example.org ${PASSWORD}`), /^NO \[PRIVACYREQUIRED\]/);
    assert.match(await client.result('AUTHENTICATE PLAIN AGFsaWNlAGFsaWNl'), /^NO \[PRIVACYREQUIRED\]/);
    client.write('s1 STARTTLS\r\ninjected NOOP\r\n');
    assert.match(await client.line(), /^s1 OK/);
    await client.startTls(kit.ca, HOST);
    const [capability, done] = await client.say('CAPABILITY');
    assert.match(capability as string, /AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN/);
    assert.doesNotMatch(capability as string, /STARTTLS|LOGINDISABLED/);
    assert.match(done as string, /^OK/);
    assert.match(await client.result('STARTTLS'), /^BAD/);
    assert.match(await client.result(`LOGIN alice@example.org ${PASSWORD}`), /^OK/);
    assert.doesNotMatch(client.pending, /injected/);
  }));

test('AUTHENTICATE with and without initial response, cancelled, malformed, unknown', () =>
  withImap({}, async (kit) => {
    const plain = Buffer.from(`\0alice@example.org\0${PASSWORD}`).toString('base64');
    const first = await kit.openSecure();
    await first.line();
    assert.match(await first.result(`AUTHENTICATE PLAIN ${plain}`), /^OK \[CAPABILITY/);
    const second = await kit.openSecure();
    await second.line();
    second.write('x AUTHENTICATE PLAIN\r\n');
    assert.equal(await second.line(), '+ ');
    second.write('*\r\n');
    assert.match(await second.line(), /^x BAD .*cancelled/);
    assert.match(await second.result('AUTHENTICATE NOSUCH'), /^NO \[CANNOT\]/);
    assert.match(await second.result('AUTHENTICATE PLAIN !!!'), /^BAD/);
    second.write('y AUTHENTICATE PLAIN\r\n');
    assert.equal(await second.line(), '+ ');
    second.write(`${plain}\r\n`);
    assert.match(await second.line(), /^y OK \[CAPABILITY/);
  }));

test('many wrong passwords end the session', () =>
  withImap({}, async (kit) => {
    const client = await kit.open();
    await client.line();
    let last: string[] = [];
    for (let attempt = 0; attempt < 10 && !last.some((line) => line.startsWith('* BYE')); attempt++) last = await client.say(`LOGIN alice@example.org wrong${attempt}`);
    assert.match(last.join('|'), /^\* BYE too many failed log-ins\|NO/);
    assert.equal(await client.line(), '');
  }));

test('a malformed command gets BAD under its tag, and the session goes on; too many end it', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    for (const wrong of ['', 'NOSUCH', 'LIST', 'LIST "', 'STATUS INBOX', 'STATUS INBOX (NOSUCH)', 'CREATE', 'CREATE a b', 'APPEND INBOX', 'UID', 'SETACL INBOX bob rq', 'LOGIN "\\x" y']) {
      assert.match(await client.result(wrong), /^BAD /, wrong);
    }
    client.write('\r\n');
    assert.match(await client.line(), /^\* BAD /);
    client.write('(bad tag\r\n');
    assert.match(await client.line(), /^\* BAD /);
    assert.match(await client.result('NOOP'), /^OK/);
    const stranger = await kit.open();
    await stranger.line();
    let heard: readonly string[] = [];
    let commands = 0;
    for (; commands < 20 && !heard.some((line) => line.startsWith('* BYE')) && !stranger.pending.startsWith('* BYE'); commands += 1) heard = await stranger.say('GARBAGE');
    assert.ok(commands < 20);
  }));

test('literals: waited for, not waited for, refused, and split at every byte', () =>
  withImap({}, async (kit) => {
    const client = await kit.open();
    await client.line();
    client.write('l1 LOGIN {17}\r\n');
    assert.match(await client.line(), /^\+ /);
    client.write(`alice@example.org {${PASSWORD.length}}\r\n`);
    assert.match(await client.line(), /^\+ /);
    client.write(`${PASSWORD}\r\n`);
    assert.match(await client.line(), /^l1 OK/);
    const text = `l2 CREATE {5+}\r\none/x\r\nl3 CREATE {3}\r\n`;
    for (const byte of text) {
      client.write(byte);
      await new Promise(setImmediate);
    }
    assert.match(await client.line(), /^l2 OK/);
    assert.match(await client.line(), /^\+ /);
    for (const byte of 'two\r\n') client.write(byte);
    assert.match(await client.line(), /^l3 OK/);
    // Too large: refused before it is sent, or read and dropped when it is sent all the same.
    client.write('l4 CREATE {99999999}\r\n');
    assert.match(await client.line(), /^l4 BAD \[TOOBIG\]/);
    client.write(`l5 CREATE {200000+}\r\n${'x'.repeat(200_000)} and {5+}\r\nabcde rest\r\nl6 NOOP\r\n`);
    assert.match(await client.line(), /^l5 BAD \[TOOBIG\]/);
    assert.match(await client.line(), /^l6 OK/);
    client.write('l7 NOSUCH {5+}\r\nl0 NO\r\nl8 NOOP\r\n');
    assert.match(await client.line(), /^l7 BAD/);
    assert.match(await client.line(), /^l8 OK/);
    client.write(`l9 NOOP ${'x'.repeat(200_000)}\r\n`);
    assert.match(await client.line(), /^\* BAD \[TOOBIG\]/);
    assert.match(await client.result('NOOP'), /^OK/);
  }));

test('pipelined commands are answered in order, in few packets', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    const names = Array.from({ length: 100 }, (_, index) => `p${index}`);
    client.write(names.map((name) => `${name} NOOP\r\n`).join(''));
    for (const name of names) assert.match(await client.line(), new RegExp(`^${name} OK`));
  }));

test('COMPRESS=DEFLATE once, then everything is deflated', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    assert.match((await client.say('CAPABILITY'))[0] as string, /COMPRESS=DEFLATE/);
    assert.match(await client.result('COMPRESS GZIP'), /^BAD/);
    client.write('c1 COMPRESS DEFLATE\r\n');
    assert.match(await client.line(), /^c1 OK/);
    client.startCompression();
    assert.match((await client.say('LIST "" INBOX'))[0] as string, /^\* LIST .* INBOX$/);
    assert.match(await client.result('COMPRESS DEFLATE'), /^NO \[COMPRESSIONACTIVE\]/);
    assert.doesNotMatch((await client.say('CAPABILITY'))[0] as string, /COMPRESS/);
  }));

test('UNAUTHENTICATE: the same connection logs in as somebody else', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    assert.match(await client.result('CREATE mine'), /^OK/);
    assert.match(await client.result('UNAUTHENTICATE'), /^OK/);
    assert.match(await client.result('LIST "" *'), /^BAD/);
    assert.match(await client.result(`LOGIN bob@example.org ${PASSWORD}`), /^OK/);
    assert.doesNotMatch((await client.say('LIST "" *')).join('|'), /mine/);
  }));

test('TLS from the first byte', () =>
  withImap({ trusted: [] }, async (kit) => {
    const client = await ImapDialogue.open('127.33.0.1', kit.securePort, { ca: kit.ca, servername: HOST });
    assert.match(await client.line(), /^\* OK \[CAPABILITY .*AUTH=PLAIN/);
    assert.match(await client.result(`LOGIN alice@example.org ${PASSWORD}`), /^OK/);
    client.close();
  }));

test('INPROGRESS: a command that takes long shows that it lives', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    client.write(Array.from({ length: 100 }, (_, index) => `i${index} STATUS INBOX (MESSAGES)\r\n`).join(''));
    // Some of them is waiting for the store whenever the clock jumps.
    for (let jump = 0; jump < 100 && !client.pending.includes('INPROGRESS'); jump++) {
      kit.clock.advance(IMAP_LIMITS.progressEveryMs);
      await new Promise(setImmediate);
    }
    const lines = await client.until('i99');
    const told = lines.findIndex((line) => line.includes('INPROGRESS'));
    assert.match(lines[told] as string, /^\* OK \[INPROGRESS \("i\d+" NIL NIL\)\]/);
    assert.match(lines.slice(told + 1).find((line) => !line.startsWith('*')) as string, new RegExp(`^${/"(i\d+)"/.exec(lines[told] as string)?.[1]} OK`));
  }));

test('AUTHENTICATE with SCRAM, with and without the binding to the channel', () =>
  withImap({}, async (kit) => {
    for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'] as const) {
      const client = await kit.openSecure();
      await client.line();
      const sasl = createSaslClient(mechanism, { username: 'alice@example.org', password: PASSWORD }, mechanism.endsWith('PLUS') ? { tlsExporter: client.tlsExporter as Buffer } : {});
      client.write(`s AUTHENTICATE ${mechanism} ${(sasl.initial as Buffer).toString('base64')}\r\n`);
      let line = await client.line();
      for (; line.startsWith('+ '); line = await client.line()) {
        const step = await sasl.step(Buffer.from(line.slice(2), 'base64'));
        assert.equal(step.kind, 'respond');
        if (step.kind === 'respond') client.write(`${step.data.toString('base64')}\r\n`);
      }
      assert.match(line, /^s OK \[CAPABILITY/, mechanism);
      assert.ok(sasl.serverProven);
    }
  }));
