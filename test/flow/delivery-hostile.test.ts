/** Receivers that are slow, rude or wrong: no message is lost or sent twice, and none holds its place for ever. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, test } from 'node:test';
import type { DeliveryJob } from '../../src/contract/queue.ts';
import type { Permit } from '../../src/contract/sending.ts';
import type { AdjustableClock } from '../../src/base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../../src/base/limits.ts';
import { brief, certificate, deliverer, job, mx, peer, signal, verbs, zoneFor } from '../harness/delivery-kit.ts';
import { eventually } from '../harness/lab-process.ts';

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

/** A server that says and does what `serve` wants; returns its port on `address`. */
async function rawServer(serve: (socket: import('node:net').Socket) => void, options: { address?: string; port?: number } = {}): Promise<number> {
  const sockets = new Set<import('node:net').Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, options.address ?? '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

/** With what a site allows. */
function permitted(base: DeliveryJob, changes: Partial<Permit>): DeliveryJob {
  const site = { key: 'site', title: 'site' };
  const permit: Permit = { site, lane: { source: '', site: 'site', dkimDomain: '' }, sources: [], protocols: ['ipv4'], messagesPerConnectionMax: 100, tlsRequired: false, ...changes };
  return { ...base, permit };
}

/** Moves the clock on, step by step, until it has happened: whatever stage the delivery is in, its time comes. */
async function passTimeUntil(clock: AdjustableClock, stepMs: number, hasHappened: () => boolean): Promise<void> {
  while (!hasHappened()) await clock.pass(stepMs);
}

test('a tarpit that answers byte by byte gets its mail all the same', async () => {
  const slowly = (socket: import('node:net').Socket, text: string): void => {
    let at = 0;
    const next = (): void => {
      if (at >= text.length || socket.destroyed) return;
      socket.write(text[at++] as string, () => setImmediate(next));
    };
    next();
  };
  let inData = false;
  const port = await rawServer((socket) => {
    socket.setNoDelay(true);
    slowly(socket, '220 tar.test ESMTP\r\n');
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      for (let end = seen.indexOf('\r\n'); end !== -1; end = seen.indexOf('\r\n')) {
        const line = seen.slice(0, end);
        seen = seen.slice(end + 2);
        if (inData) {
          if (line !== '.') continue;
          inData = false;
          slowly(socket, '250 2.0.0 at last\r\n');
        } else if (line === 'DATA') {
          inData = true;
          slowly(socket, '354 go\r\n');
        } else slowly(socket, '250 ok\r\n');
      }
    });
  });
  const [outcome] = await deliverer({ port }).deliver(job(), signal());
  assert.equal(outcome?.status, 'delivered');
  assert.equal(outcome.reply.text, 'at last');
});

test('a banner that comes after thirty seconds is waited for, one that never comes is not', async () => {
  const waiting: import('node:net').Socket[] = [];
  const port = await rawServer((socket) => void waiting.push(socket));
  const out = deliverer({ port });
  const pending = out.deliver(job(), signal());
  await eventually('the connection stands', async () => waiting.length === 1);
  await out.clock.pass(30_000);
  waiting[0]?.write('554 5.3.2 no service today\r\n');
  assert.deepEqual(brief(await pending), ['deferred host 554 5.3.2']);
  const never = out.deliver(job(), signal());
  await eventually('the second connection stands', async () => waiting.length === 2);
  let isOver = false;
  void never.then(() => (isOver = true));
  await passTimeUntil(out.clock, SMTP_CLIENT_LIMITS.greetingTimeoutMs + 1, () => isOver);
  assert.deepEqual(brief(await never), ['deferred host 451 4.4.2']);
});

test('a stalled TLS handshake ends in time, and the mail goes on in the clear where TLS is no must', async () => {
  let connections = 0;
  const port = await rawServer((socket) => {
    connections += 1;
    const stalls = connections === 1;
    let inData = false;
    socket.write('220 stall.test ESMTP\r\n');
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (inData) {
        if (text.endsWith('\r\n.\r\n')) socket.write('250 ok\r\n');
      } else if (text.startsWith('EHLO')) socket.write('250-stall.test\r\n250 STARTTLS\r\n');
      else if (text === 'STARTTLS\r\n' && stalls) {
        socket.write('220 go\r\n');
        socket.removeAllListeners('data');
        socket.resume();
      } else if (text === 'STARTTLS\r\n') socket.write('454 not now\r\n');
      else if (text === 'DATA\r\n') {
        inData = true;
        socket.write('354 go\r\n');
      } else socket.write('250 ok\r\n');
    });
  });
  const out = deliverer({ port });
  const pending = out.deliver(job(), signal());
  await passTimeUntil(out.clock, SMTP_CLIENT_LIMITS.tlsHandshakeTimeoutMs / 10, () => connections === 2);
  assert.equal((await pending)[0]?.status, 'delivered');
});

test('a server that takes so many messages each connection costs no attempt, however it says so', async () => {
  const ways: Record<string, (command: string) => string | undefined> = {
    'closes in silence': () => undefined,
    '421': (command) => (command.startsWith('MAIL') ? '421 4.7.0 too many messages' : undefined),
    '451 in words': (command) => (command.startsWith('MAIL') ? '451 4.3.0 maximum number of messages per connection exceeded' : undefined),
  };
  for (const [name, refuse] of Object.entries(ways)) {
    const taken = new Map<object, number>();
    const server = await peer({
      script: ({ command, session }) => {
        const count = taken.get(session) ?? 0;
        if (command === 'content') taken.set(session, count + 1);
        if (count >= 2 && command.startsWith('MAIL')) {
          if (name === 'closes in silence') session.drop();
          return refuse(command);
        }
        return undefined;
      },
    });
    const out = deliverer({ port: server.port });
    for (let number = 0; number < 7; number += 1) assert.deepEqual(brief(await out.deliver(job(), signal())), ['delivered recipient 250 2.0.0'], `${name}, message ${number}`);
    // The scripted peer says yes to what was pipelined behind a refused MAIL; such a transaction is ended without content.
    assert.equal(server.messages.filter(({ content }) => content !== '').length, 7, name);
    out.close();
  }
});

test('recipients that need several transactions survive a server that closes after each', async () => {
  const seen = new Set<object>();
  const server = await peer({
    offers: ['PIPELINING', 'ENHANCEDSTATUSCODES', 'LIMITS RCPTMAX=1'],
    script: ({ command, session }) => {
      if (command.startsWith('MAIL') && seen.has(session)) session.drop();
      if (command === 'content') seen.add(session);
      return undefined;
    },
  });
  const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients: ['a@a.test', 'b@a.test', 'c@a.test'] }), signal());
  assert.deepEqual(brief(outcomes), Array(3).fill('delivered recipient 250 2.0.0'));
  assert.equal(server.messages.length, 3);
  assert.equal(server.sessions.length, 3);
});

test('the permit bounds messages each connection, and names source and EHLO', async () => {
  const server = await peer();
  const out = deliverer({ port: server.port });
  const changes = { messagesPerConnectionMax: 2, sources: [{ address: '127.0.0.77', helo: 'out7.example.org', pool: 'default' }] };
  for (let number = 0; number < 5; number += 1) assert.equal((await out.deliver(permitted(job(), changes), signal()))[0]?.status, 'delivered');
  assert.equal(server.sessions.length, 3);
  assert.equal(server.sessions[0]?.from, '127.0.0.77');
  assert.equal(server.sessions[0]?.commands[0], 'EHLO out7.example.org');
  assert.equal(verbs(server.sessions[0]), 'EHLO MAIL RCPT DATA MAIL RCPT DATA QUIT');
});

test('connections that wait never come on top of those a site allows', async () => {
  const ended: string[] = [];
  const one = await peer({ script: ({ command }) => (command === 'QUIT' ? (ended.push('one'), undefined) : undefined) });
  const other = await peer({ address: '127.0.0.2', port: one.port });
  const zone = { 'MX a.test': [mx(10, 'mx.a.test')], 'A mx.a.test': ['127.0.0.1'], 'MX b.test': [mx(10, 'mx.b.test')], 'A mx.b.test': ['127.0.0.2'] };
  const out = deliverer({ port: one.port, zone });
  await out.deliver(permitted(job(), {}), signal());
  assert.deepEqual(ended, []);
  const toOther = job({ route: { kind: 'mx', key: 'mx:b.test', domain: 'b.test' }, recipients: ['u@b.test'] });
  assert.equal((await out.deliver(permitted(toOther, {}), signal()))[0]?.status, 'delivered');
  await eventually('the first connection was left', async () => ended.length === 1);
  assert.equal(other.messages.length, 1);
});

test('the detour of the permit goes before the route', async () => {
  const site = await peer();
  const smarthost = await peer({ tls: certificate });
  const detour = { host: 'relay.test', port: smarthost.port, tls: 'verify' } as const;
  const zone = { ...zoneFor(), 'A relay.test': ['127.0.0.1'] };
  const outcomes = await deliverer({ port: site.port, zone }).deliver(permitted(job(), { detour }), signal());
  assert.equal(outcomes[0]?.status, 'delivered');
  assert.equal(outcomes[0]?.attempt.mx, 'relay.test');
  assert.equal(site.sessions.length, 0);
  assert.ok(smarthost.messages[0]?.tls);
});

test('a source address that is not ours is our fault, in plain words', async () => {
  const server = await peer();
  const sources = [{ address: '192.0.2.77', helo: 'out.example.org', pool: 'default' }];
  const [outcome] = await deliverer({ port: server.port }).deliver(permitted(job(), { sources }), signal());
  assert.equal(outcome?.scope, 'local');
  assert.match(outcome.reply.text, /cannot connect from 192\.0\.2\.77 to 127\.0\.0\.1 port \d+: EADDRNOTAVAIL; check outbound\.ip/);
});

test('a reset before the final reply: deferred, and no other host is asked', async () => {
  const server = await peer({ script: ({ command, session }) => (command === 'content' ? (session.drop(), '') : undefined) });
  const backup = await peer({ address: '127.0.0.2', port: server.port });
  const zone = { 'MX a.test': [mx(10, 'one.test'), mx(20, 'two.test')], 'A one.test': ['127.0.0.1'], 'A two.test': ['127.0.0.2'] };
  const outcomes = await deliverer({ port: server.port, zone }).deliver(job(), signal());
  assert.deepEqual(brief(outcomes), ['deferred session 451 4.4.2']);
  assert.ok(outcomes[0]?.attempt.ownReply);
  assert.equal(backup.sessions.length, 0);
});

test('replies without end, in length or in lines, are cut off; long ones are read to their end', async () => {
  const lines = Array.from({ length: 200 }, (_, at) => `250-line ${at}`).join('\r\n');
  for (const long of [`${lines}\r\n250 end`, `250 ${'x'.repeat(100_000)}`]) {
    const server = await peer({ script: ({ command }) => (command.startsWith('RCPT') ? long : undefined) });
    assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  }
  for (const endless of ['250-line\r\n'.repeat(40_000), `250 ${'x'.repeat(400_000)}`]) {
    const server = await peer({ script: ({ command }) => (command.startsWith('RCPT') ? endless : undefined) });
    assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job(), signal())), ['deferred host 451 4.5.0']);
    assert.equal(server.messages.length, 0);
  }
});

/** Honest up to the content; answers it with these bytes, and closes. */
function answersContent(answer: string): Promise<number> {
  return rawServer((socket) => {
    let seen = '';
    let inData = false;
    socket.write('220 raw.test\r\n');
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      for (let end = seen.indexOf('\r\n'); end !== -1; end = seen.indexOf('\r\n')) {
        const line = seen.slice(0, end);
        seen = seen.slice(end + 2);
        if (inData && line !== '.') continue;
        if (inData) socket.end(answer);
        else socket.write(line === 'DATA' ? '354 go\r\n' : '250 ok\r\n');
        inData = line === 'DATA';
      }
    });
  });
}

test('a message that was taken is not sent again because of how its receiver says so', async () => {
  const ways = ['250\r\n', '250OK queued\r\n', '250-2.0.0 queued\r\n', '250 2.0.0 queued, and then no line end', `250 ${'x'.repeat(400_000)}`, '250-yes\r\n'.repeat(40_000)];
  for (const way of ways) {
    const [outcome] = await deliverer({ port: await answersContent(way) }).deliver(job(), signal());
    assert.equal(outcome?.status, 'delivered', way.slice(0, 40));
  }
  for (const way of ['25', '250-yes\r\n550 no\r\n', 'OK\r\n', '354 and now?\r\n']) {
    const [outcome] = await deliverer({ port: await answersContent(way) }).deliver(job(), signal());
    assert.equal(outcome?.status, 'deferred', way);
  }
});

test('a server that offers an extension and refuses its parameters gets the message without them', async () => {
  const refusals: Record<string, (command: string) => string | undefined> = {
    SIZE: (command) => (/ SIZE=/.test(command) ? '555 5.5.4 SIZE not implemented' : undefined),
    BODY: (command) => (/ BODY=/.test(command) ? '504 5.5.4 BODY not implemented' : undefined),
    NOTIFY: (command) => (/ NOTIFY=/.test(command) ? '501 5.5.4 Syntax error in parameters' : undefined),
  };
  const content = 'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n';
  for (const [name, refuse] of Object.entries(refusals)) {
    const server = await peer({ script: ({ command }) => refuse(command) });
    const one = job({ recipients: ['a@a.test', 'b@a.test'], content, options: { body: '8bitmime' } });
    const notified = { ...one, recipients: one.recipients.map((recipient) => ({ ...recipient, notify: ['failure' as const] })) };
    assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(notified, signal())), Array(2).fill('delivered recipient 250 2.0.0'), name);
    assert.equal(server.messages.filter(({ content: got }) => got !== '').length, 1);
    assert.match(server.messages.at(-1)?.content ?? '', /^R3LDvMOfZQ0K/m);
  }
  const noChunks = await peer({ offers: ['PIPELINING', 'CHUNKING', '8BITMIME'], script: ({ command, session }) => (command === 'content' && !session.commands.includes('DATA') ? '502 5.5.1 Command not implemented' : undefined) });
  assert.deepEqual(brief(await deliverer({ port: noChunks.port }).deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  assert.deepEqual([noChunks.messages.at(-1)?.via, noChunks.sessions.length], ['DATA', 2]);
  const noUtf8 = await peer({ script: ({ command }) => (/ SMTPUTF8/.test(command) ? '555 5.6.7 no' : undefined) });
  assert.deepEqual(brief(await deliverer({ port: noUtf8.port }).deliver(job({ options: { smtpUtf8: true } }), signal())), ['delivered recipient 250 2.0.0']);
  const stubborn = await peer({ script: ({ command }) => (command.startsWith('MAIL') ? '555 5.5.4 whatever it is' : undefined) });
  assert.deepEqual(brief(await deliverer({ port: stubborn.port }).deliver(job(), signal())), ['failed message 555 5.5.4']);
});

test('a yes that comes before the message does not count, at whatever step it is said', async () => {
  const early: Record<string, string> = {
    greeting: '220 hi\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued',
    EHLO: '250-x\r\n250 PIPELINING\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued',
    DATA: '354 go\r\n250 queued already',
  };
  for (const [at, words] of Object.entries(early)) {
    const server = await peer({ script: ({ command }) => (command.startsWith(at) ? words : undefined) });
    assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job(), signal())), ['deferred host 451 4.5.0'], at);
    assert.equal(server.messages.length, 0);
  }
});

test('answers to pipelined commands that come in one piece, in many, or too many', async () => {
  const many = await peer({ script: ({ command }) => (command.startsWith('RCPT TO:<b@') ? '550 5.1.1 no\r\n250 2.1.5 one too many' : undefined) });
  const outcomes = await deliverer({ port: many.port }).deliver(job({ recipients: ['a@a.test', 'b@a.test', 'c@a.test'] }), signal());
  assert.equal(outcomes.length, 3);
  // Nobody knows which answer belongs to what behind the surplus one: nothing of it may count as delivered twice.
  assert.equal(many.messages.length <= 1, true);
  for (const outcome of outcomes) assert.ok(['delivered', 'deferred', 'failed'].includes(outcome.status));
});

test('a dead host costs its time-out once, then the others are asked first', async () => {
  const alive = await peer({ address: '127.0.0.2' });
  let silent = 0;
  await rawServer(() => void (silent += 1), { address: '127.0.0.1', port: alive.port });
  const zone = { 'MX a.test': [mx(10, 'one.test'), mx(20, 'two.test')], 'A one.test': ['127.0.0.1'], 'A two.test': ['127.0.0.2'] };
  const out = deliverer({ port: alive.port, zone });
  const first = out.deliver(job(), signal());
  await eventually('the silent one was asked', async () => silent === 1);
  await passTimeUntil(out.clock, SMTP_CLIENT_LIMITS.greetingTimeoutMs + 1, () => alive.sessions.length === 1);
  assert.equal((await first)[0]?.status, 'delivered');
  out.leaveIdle();
  // leaveIdle forgets, so the silent one is met and remembered again.
  const second = out.deliver(job(), signal());
  await eventually('the silent one was asked again', async () => silent === 2);
  await passTimeUntil(out.clock, SMTP_CLIENT_LIMITS.greetingTimeoutMs + 1, () => alive.sessions.length === 2);
  assert.equal((await second)[0]?.status, 'delivered');
  await out.clock.pass(SMTP_CLIENT_LIMITS.idleConnectionMs + 1);
  assert.equal((await out.deliver(job(), signal()))[0]?.status, 'delivered');
  assert.equal(silent, 2);
});

test('fifty MX records, aliases, dead names and names without servers', async () => {
  const server = await peer();
  const crowd = Array.from({ length: 50 }, (_, at) => mx(10, `mx${at}.test`));
  const addresses = Object.fromEntries(crowd.map(({ exchange }) => [`A ${exchange}`, ['127.0.0.1']]));
  const out = (zone: Parameters<typeof deliverer>[0]['zone']): ReturnType<typeof deliverer> => deliverer({ port: server.port, ...(zone && { zone }) });
  assert.equal((await out({ 'MX a.test': crowd, ...addresses }).deliver(job(), signal()))[0]?.status, 'delivered');
  assert.deepEqual(brief(await out({ 'MX a.test': 'servfail' }).deliver(job(), signal())), ['deferred host 451 4.4.3']);
  assert.deepEqual(brief(await out({ 'MX a.test': [mx(10, 'mx.a.test')], 'A mx.a.test': 'servfail' }).deliver(job(), signal())), ['deferred host 451 4.4.3']);
  assert.deepEqual(brief(await out({ 'MX a.test': [mx(0, '')] }).deliver(job(), signal())), ['failed recipient 556 5.1.10']);
  const half = { 'MX a.test': [mx(10, 'dead.test'), mx(20, 'mx.a.test')], 'A dead.test': 'servfail', 'A mx.a.test': ['127.0.0.1'] } as const;
  assert.equal((await out(half).deliver(job(), signal()))[0]?.status, 'delivered');
  assert.deepEqual(brief(await out({ 'MX a.test': [mx(10, 'mx.a.test')], 'A mx.a.test': ['0.0.0.0', '224.0.0.1'] }).deliver(job(), signal())), ['failed host 550 5.4.4']);
});

test('an MX or a relay that is this server itself is no way', async () => {
  const wild = { port: 25, listen: '0.0.0.0' };
  for (const address of ['127.0.0.1', '127.77.1.2']) {
    assert.deepEqual(brief(await deliverer({ ...wild, zone: zoneFor(address) }).deliver(job(), signal())), ['failed host 554 5.4.6'], address);
    const route = { kind: 'smarthost', key: 's', host: address, port: 25, tls: 'none' } as const;
    const [outcome] = await deliverer(wild).deliver(job({ route }), signal());
    assert.deepEqual(outcome && brief([outcome]), ['deferred local 451 4.3.5']);
    assert.match(outcome?.reply.text ?? '', /is this server itself/);
  }
});

test('a relay named by a domain is looked for by its MX', async () => {
  const server = await peer();
  const zone = { 'MX provider.test': [mx(10, 'mx.a.test')], 'A mx.a.test': ['127.0.0.1'] };
  const route = { kind: 'smarthost', key: 's', host: 'provider.test', port: server.port, tls: 'none', lookup: 'mx' } as const;
  assert.equal((await deliverer({ port: 1, zone }).deliver(job({ route }), signal()))[0]?.status, 'delivered');
  assert.deepEqual(brief(await deliverer({ port: 1, zone: {} }).deliver(job({ route }), signal())), ['deferred local 451 4.3.5']);
});

test('a server that loses commands sent together gets its mail with the next attempt, one command at a time', async () => {
  let answered: string | undefined;
  const seen: string[] = [];
  const port = await rawServer((socket) => {
    socket.write('220 one.test ESMTP\r\n');
    let inData = false;
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (inData) {
        if (!text.endsWith('\r\n.\r\n')) return;
        inData = false;
        return void socket.write('250 2.0.0 got it\r\n');
      }
      // What comes behind the first line is thrown away.
      const line = text.split('\r\n')[0] ?? '';
      seen.push(line.split(' ')[0] ?? '');
      answered = line;
      inData = line === 'DATA';
      socket.write(line.startsWith('EHLO') ? '250-one.test\r\n250 PIPELINING\r\n' : inData ? '354 go\r\n' : '250 ok\r\n');
    });
  });
  const out = deliverer({ port });
  const first = out.deliver(job(), signal());
  await eventually('only MAIL was read', async () => answered?.startsWith('MAIL') ?? false);
  // Until the answer to MAIL is there the deadline is that of MAIL; it is as long.
  await eventually('it is given up', async () => {
    out.clock.advance(SMTP_CLIENT_LIMITS.rcptTimeoutMs + 1);
    return (await Promise.race([first, Promise.resolve(undefined)])) !== undefined;
  });
  assert.deepEqual(brief(await first), ['deferred session 451 4.4.2']);
  assert.deepEqual(brief(await out.deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  assert.deepEqual(seen.slice(-4), ['EHLO', 'MAIL', 'RCPT', 'DATA']);
});

test('a server that offers CHUNKING and answers BDAT as a command out of turn gets the message with DATA', async () => {
  for (const words of ['503 5.5.1 Bad sequence of commands', '500 Unrecognized command', '502 5.5.1 not implemented', '504 5.5.4 not here']) {
    const server = await peer({ offers: ['PIPELINING', 'CHUNKING', '8BITMIME'], script: ({ command, session }) => (command === 'content' && session.commands.some((each) => each.startsWith('BDAT')) ? words : undefined) });
    const outcomes = await deliverer({ port: server.port }).deliver(job(), signal());
    assert.deepEqual(brief(outcomes), ['delivered recipient 250 2.0.0'], words);
    assert.equal(server.messages[0]?.via, 'DATA');
  }
});
