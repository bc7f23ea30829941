/** Remote delivery end to end over real sockets: MX order, fall-back, TLS, extensions, reuse, partial acceptance. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileSource } from '../../src/base/byte-source.ts';
import { brief, certificate, deliverer, folder, job, mx, peer, signal, TEXT, type Zone, verbs, zoneFor } from '../harness/delivery-kit.ts';
import type { PeerOptions } from '../harness/scripted-peer.ts';

test('a message arrives whole, with the facts of the attempt', async () => {
  const server = await peer();
  const [outcome] = await deliverer({ port: server.port, ips: [{ address: '127.0.0.10', helo: 'out.example.org' }] }).deliver(job(), signal());
  assert.ok(outcome);
  assert.deepEqual(brief([outcome]), ['delivered recipient 250 2.0.0']);
  assert.equal(server.messages[0]?.content, TEXT);
  assert.equal(server.messages[0]?.mail, `MAIL FROM:<me@example.org> SIZE=${TEXT.length}`);
  assert.equal(server.sessions[0]?.from, '127.0.0.10');
  assert.deepEqual(server.sessions[0]?.commands.slice(0, 1), ['EHLO out.example.org']);
  const { delays, ...facts } = outcome.attempt;
  assert.deepEqual(facts, {
    mx: 'mx.a.test', address: '127.0.0.1', port: server.port, helo: 'out.example.org', localAddress: '127.0.0.10', reused: false, peerDsn: true,
    tlsPolicy: { policy: 'opportunistic', source: 'default' },
  });
  assert.ok(delays && delays.a === 10 && delays.b === 20 && delays.c >= 0 && delays.d >= 0);
});

test('connections are reused, and one that the peer closed while idle is replaced in silence', async () => {
  const server = await peer();
  const out = deliverer({ port: server.port });
  await out.deliver(job(), signal());
  const [second] = await out.deliver(job(), signal());
  assert.equal(second?.attempt.reused, true);
  assert.equal(verbs(server.sessions[0]), 'EHLO MAIL RCPT DATA MAIL RCPT DATA');
  server.sessions[0]?.drop();
  // At once, so that the end of the connection and the next message cross.
  const [third] = await out.deliver(job(), signal());
  assert.deepEqual([third?.status, third?.attempt.tried], ['delivered', undefined]);
  assert.equal(server.sessions.length, 2);
});

test('421 on a reused connection means: another connection', async () => {
  const server = await peer({ script: ({ command, count }) => (command.startsWith('MAIL') && count > 4 ? '421 4.7.0 enough for this connection' : undefined) });
  const out = deliverer({ port: server.port });
  for (const wanted of [false, false]) {
    const [outcome] = await out.deliver(job(), signal());
    assert.deepEqual([outcome?.status, outcome?.attempt.reused], ['delivered', wanted]);
  }
  assert.equal(server.sessions.length, 2);
});

test('idle connections are left when asked, and kept again afterwards', async () => {
  const server = await peer();
  const out = deliverer({ port: server.port });
  await out.deliver(job(), signal());
  out.leaveIdle();
  await out.deliver(job(), signal());
  await out.deliver(job(), signal());
  assert.deepEqual(server.sessions.map(verbs), ['EHLO MAIL RCPT DATA QUIT', 'EHLO MAIL RCPT DATA MAIL RCPT DATA']);
});

test('an idle connection is left with QUIT after its time', async () => {
  const server = await peer();
  const out = deliverer({ port: server.port });
  await out.deliver(job(), signal());
  await out.clock.pass(6_000);
  await out.deliver(job(), signal());
  assert.equal(server.sessions.length, 2);
  assert.equal(verbs(server.sessions[0]), 'EHLO MAIL RCPT DATA QUIT');
});

test('CHUNKING carries the content in one BDAT, also from a file', async () => {
  const server = await peer({ offers: ['PIPELINING', 'CHUNKING'] });
  const out = deliverer({ port: server.port });
  await out.deliver(job(), signal());
  const text = `Subject: big\r\n\r\n${'.0123456789\r\n'.repeat(100_000)}`;
  const file = join(folder, 'big');
  writeFileSync(file, text);
  const [outcome] = await out.deliver(job({ content: new FileSource(file, text.length) }), signal());
  assert.equal(outcome?.status, 'delivered');
  assert.deepEqual(server.messages.map(({ via, content }) => [via, content === TEXT || content === text]), [['BDAT', true], ['BDAT', true]]);
});

test('the yes to a BDAT that comes while the file is being closed counts: the message is not sent twice', async () => {
  const server = await peer({ offers: ['PIPELINING', 'CHUNKING'] });
  const text = 'Subject: quick\r\n\r\nbody\r\n';
  const content = Object.assign(new FileSource('unused', text.length), {
    async *chunks() {
      yield Buffer.from(text);
      // The peer is in this process: some turns later its answer is here.
      for (let turns = 0; turns < 100 || server.messages.length === 0; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    },
  });
  assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job({ content }), signal())), ['delivered recipient 250 2.0.0']);
});

test('large content from a file goes by DATA too', async () => {
  const server = await peer();
  const text = `Subject: big\r\n\r\n${'.0123456789\r\n'.repeat(60_000)}`;
  const file = join(folder, 'big-data');
  writeFileSync(file, text);
  await deliverer({ port: server.port }).deliver(job({ content: new FileSource(file, text.length) }), signal());
  assert.equal(server.messages[0]?.content === text, true);
});

test('a stored message that is shorter than it should be never ends as a message', async () => {
  for (const offers of [['PIPELINING'], ['PIPELINING', 'CHUNKING'], []]) {
    const server = await peer({ offers });
    const file = join(folder, 'short');
    writeFileSync(file, TEXT);
    const outcomes = await deliverer({ port: server.port }).deliver(job({ content: new FileSource(file, TEXT.length + 50) }), signal());
    assert.deepEqual(brief(outcomes), ['deferred local 451 4.3.0']);
    assert.equal(server.messages.length, 0);
  }
});

test('a server without any extension, and one that knows only HELO', async () => {
  const plain = await peer({ offers: [] });
  assert.deepEqual(brief(await deliverer({ port: plain.port }).deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  const old = await peer({ script: ({ command }) => (command.startsWith('EHLO') ? '502 what?' : undefined) });
  assert.deepEqual(brief(await deliverer({ port: old.port }).deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  assert.equal(verbs(old.sessions[0]), 'EHLO HELO MAIL RCPT DATA');
});

test('each recipient has its own fate, those accepted get the message', async () => {
  const replies: Record<string, string> = { 'no@a.test': '550 5.1.1 who?', 'full@a.test': '452 4.2.2 full', 'big@a.test': '552 5.2.2 over quota' };
  const script: PeerOptions['script'] = ({ command }) => replies[/^RCPT TO:<(.*?)>/.exec(command)?.[1] ?? ''];
  for (const offers of [['PIPELINING'], ['PIPELINING', 'CHUNKING'], []]) {
    const server = await peer({ offers, script });
    const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients: ['u@a.test', 'no@a.test', 'full@a.test', 'big@a.test', 'v@a.test'] }), signal());
    assert.deepEqual(brief(outcomes), [
      'delivered recipient 250 2.0.0', 'failed recipient 550 5.1.1', 'deferred recipient 452 4.2.2', 'deferred recipient 552 5.2.2', 'delivered recipient 250 2.0.0',
    ]);
    assert.deepEqual(server.messages.map(({ rcpts }) => rcpts), [['RCPT TO:<u@a.test>', 'RCPT TO:<v@a.test>']]);
  }
});

test('when nobody is accepted no content is sent, even if the server would take it, and RSET comes before the next', async () => {
  const server = await peer({
    script: ({ command }) => (command.startsWith('RCPT TO:<no') ? '550 5.1.1 who?' : command === 'DATA' ? '354 go' : undefined),
  });
  const out = deliverer({ port: server.port });
  assert.deepEqual(brief(await out.deliver(job({ recipients: ['no@a.test'] }), signal())), ['failed recipient 550 5.1.1']);
  assert.deepEqual(server.messages.map(({ content }) => content), ['']);
  assert.deepEqual(brief(await out.deliver(job(), signal())), ['delivered recipient 250 2.0.0']);
  assert.equal(verbs(server.sessions[0]), 'EHLO MAIL RCPT DATA RSET MAIL RCPT DATA');
});

test('MAIL refused concerns the message, whatever is said to the pipelined rest', async () => {
  const server = await peer({ script: ({ command }) => (command.startsWith('MAIL') ? '550 5.7.1 bad sender' : command.startsWith('RCPT') ? '503 5.5.1 need MAIL' : undefined) });
  const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients: ['u@a.test', 'v@a.test'] }), signal());
  assert.deepEqual(brief(outcomes), ['failed message 550 5.7.1', 'failed message 550 5.7.1']);
});

test('452 4.5.3 splits into further transactions on the same connection; RCPTMAX does it beforehand', async () => {
  let inTransaction = 0;
  const counting: PeerOptions['script'] = ({ command }) => {
    if (command.startsWith('MAIL')) inTransaction = 0;
    return command.startsWith('RCPT') && ++inTransaction > 2 ? '452 4.5.3 too many' : undefined;
  };
  const recipients = Array.from({ length: 7 }, (_, index) => `u${index}@a.test`);
  for (const server of [await peer({ script: counting }), await peer({ offers: ['PIPELINING', 'LIMITS RCPTMAX=2'] })]) {
    const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients }), signal());
    assert.equal(outcomes.filter(({ status }) => status === 'delivered').length, 7);
    assert.deepEqual(outcomes.map(({ recipient }) => recipient), [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(server.messages.map(({ rcpts }) => rcpts.length), [2, 2, 2, 1]);
    assert.equal(server.sessions.length, 1);
  }
});

test('hosts are tried by preference; what the first said is kept with the outcome', async () => {
  const first = await peer({ script: ({ command }) => (command === 'greeting' ? '554 5.7.1 go away' : undefined) });
  const second = await peer({ address: '127.0.0.2', port: first.port });
  const zone = { 'MX a.test': [mx(20, 'two.a.test'), mx(10, 'one.a.test'), mx(5, 'dead.a.test')], 'A one.a.test': ['127.0.0.3', '127.0.0.1'], 'A two.a.test': ['127.0.0.2'] };
  const [outcome] = await deliverer({ port: first.port, zone }).deliver(job(), signal());
  assert.equal(outcome?.status, 'delivered');
  assert.equal(outcome?.attempt.mx, 'two.a.test');
  assert.deepEqual(outcome?.attempt.tried?.map((tried) => [tried.mx, tried.address, tried.error]), [
    ['dead.a.test', undefined, 'dead.a.test has no ipv4 address'],
    ['one.a.test', '127.0.0.3', `connect to one.a.test[127.0.0.3]:${first.port}: Connection refused`],
    ['one.a.test', '127.0.0.1', '554 5.7.1 go away'],
  ]);
  assert.equal(second.messages.length, 1);
});

test('temporary refusals go on to the next host, permanent ones do not', async () => {
  const zone = { 'MX a.test': [mx(10, 'one.a.test'), mx(20, 'two.a.test')], 'A one.a.test': ['127.0.0.1'], 'A two.a.test': ['127.0.0.2'] };
  const first = await peer({ script: ({ command }) => (command.startsWith('RCPT TO:<grey') ? '450 4.2.0 later' : command.startsWith('RCPT TO:<no') ? '550 5.1.1 no' : undefined) });
  const second = await peer({ address: '127.0.0.2', port: first.port });
  const outcomes = await deliverer({ port: first.port, zone }).deliver(job({ recipients: ['grey@a.test', 'no@a.test', 'u@a.test'] }), signal());
  assert.deepEqual(brief(outcomes), ['delivered recipient 250 2.0.0', 'failed recipient 550 5.1.1', 'delivered recipient 250 2.0.0']);
  assert.deepEqual(outcomes.map(({ attempt }) => attempt.mx), ['two.a.test', 'one.a.test', 'one.a.test']);
  assert.deepEqual(second.messages.map(({ rcpts }) => rcpts), [['RCPT TO:<grey@a.test>']]);
});

test('domains that take no mail, and those nobody can tell about', async () => {
  const cases: [string, Zone, string][] = [
    ['null MX', { 'MX a.test': [mx(0, '')] }, 'failed recipient 556 5.1.10'],
    ['no domain', {}, 'failed recipient 550 5.1.2'],
    ['no MX, no address', { 'TXT a.test': ['x'] }, 'failed recipient 550 5.1.2'],
    ['MX fails', { 'MX a.test': 'servfail' }, 'deferred host 451 4.4.3'],
    ['MX has no address', { 'MX a.test': [mx(1, 'gone.a.test')] }, 'failed host 550 5.4.4'],
    ['address of the MX fails', { 'MX a.test': [mx(1, 'gone.a.test'), mx(2, 'mx.a.test')], 'A mx.a.test': 'servfail' }, 'deferred host 451 4.4.3'],
    ['MX is an address', { 'MX a.test': [mx(1, '127.0.0.1')] }, 'failed host 550 5.4.4'],
    ['MX is nowhere', { 'MX a.test': [mx(1, 'mx.a.test')], 'A mx.a.test': ['0.0.0.0', '255.255.255.255'] }, 'failed host 550 5.4.4'],
    ['MX is our name', { 'MX a.test': [mx(1, 'mail.example.org')], 'A mail.example.org': ['127.0.0.1'] }, 'failed host 554 5.4.6'],
    ['MX is our address', zoneFor('127.0.0.77'), 'failed host 554 5.4.6'],
  ];
  for (const [name, zone, wanted] of cases) {
    const out = deliverer({ port: 1, zone, listen: '127.0.0.77' });
    assert.deepEqual(brief(await out.deliver(job(), signal())), [wanted], name);
  }
});

test('as a backup MX we try the better hosts only, and wait for them', async () => {
  const zone = { 'MX a.test': [mx(10, 'one.a.test'), mx(20, 'mail.example.org'), mx(30, 'three.a.test')], 'A one.a.test': ['127.0.0.1'], 'A mail.example.org': ['127.0.0.77'], 'A three.a.test': ['127.0.0.3'] };
  const third = await peer({ address: '127.0.0.3' });
  assert.deepEqual(brief(await deliverer({ port: third.port, zone }).deliver(job(), signal())), ['deferred host 451 4.4.1']);
  assert.equal(third.sessions.length, 0);
});

test('a domain without MX gets its mail at its own address; an address literal too', async () => {
  const server = await peer();
  const zone = { 'A a.test': ['127.0.0.1'] };
  assert.equal((await deliverer({ port: server.port, zone }).deliver(job(), signal()))[0]?.status, 'delivered');
  const route = { kind: 'mx', key: 'mx:[127.0.0.1]', domain: '[127.0.0.1]' } as const;
  assert.equal((await deliverer({ port: server.port, zone: {} }).deliver(job({ route }), signal()))[0]?.status, 'delivered');
});

test('what the lab does not allow is refused by code', async () => {
  const outcomes = await deliverer({ port: 25, zone: zoneFor('192.0.2.1') }).deliver(job(), signal());
  assert.deepEqual(brief(outcomes), ['deferred local 451 4.3.0']);
  assert.match(outcomes[0]?.reply.text ?? '', /stays inside the lab/);
});

test('STARTTLS is used when offered, verified or not, and recorded', async () => {
  const server = await peer({ tls: certificate });
  const [known] = await deliverer({ port: server.port }).deliver(job(), signal());
  assert.deepEqual([known?.status, known?.attempt.tls?.version, known?.attempt.tls?.verified], ['delivered', 'TLSv1.3', true]);
  const [unknown] = await deliverer({ port: server.port, caKnown: false }).deliver(job(), signal());
  assert.deepEqual([unknown?.status, unknown?.attempt.tls?.verified], ['delivered', false]);
  assert.deepEqual(server.messages.map(({ tls }) => tls), [true, true]);
});

test('broken TLS: refused STARTTLS goes on in the clear, a broken handshake on a new connection', async () => {
  const refusing = await peer({ tls: certificate, script: ({ command }) => (command === 'STARTTLS' ? '454 4.7.0 not now' : undefined) });
  assert.equal((await deliverer({ port: refusing.port }).deliver(job(), signal()))[0]?.status, 'delivered');
  assert.equal(refusing.sessions.length, 1);
  const broken = await peer({
    offers: ['STARTTLS'],
    script: ({ command, session }) => {
      if (command === 'STARTTLS') setImmediate(() => session.drop());
      return undefined;
    },
  });
  const [outcome] = await deliverer({ port: broken.port }).deliver(job(), signal());
  assert.deepEqual([outcome?.status, outcome?.attempt.tls], ['delivered', undefined]);
  assert.equal(broken.sessions.length, 2);
});

test('bytes in the clear behind the go-ahead of STARTTLS are an attack', async () => {
  const server = await peer({ tls: certificate, script: ({ command, tls }) => (command === 'STARTTLS' && !tls ? '220 go\r\n250 injected' : undefined) });
  const outcomes = await deliverer({ port: server.port }).deliver(job(), signal());
  assert.deepEqual(brief(outcomes), ['deferred host 451 4.5.0']);
  assert.equal(server.messages.length, 0);
});

test('REQUIRETLS: delivered only with DNSSEC, a certificate that checks out and the offer, else 5.7.30', async () => {
  const options = { requireTls: true };
  const offering = await peer({ tls: certificate, offers: ['REQUIRETLS', 'PIPELINING'] });
  const good = await deliverer({ port: offering.port, secure: true }).deliver(job({ options }), signal());
  assert.deepEqual(brief(good), ['delivered recipient 250 2.0.0']);
  assert.equal(offering.messages[0]?.mail, 'MAIL FROM:<me@example.org> REQUIRETLS');
  const lacking = await peer({ tls: certificate });
  const clear = await peer();
  for (const out of [
    deliverer({ port: offering.port, secure: false }),
    deliverer({ port: offering.port, secure: true, caKnown: false }),
    deliverer({ port: lacking.port, secure: true }),
    deliverer({ port: clear.port, secure: true }),
  ]) assert.deepEqual(brief(await out.deliver(job({ options }), signal())), ['failed message 550 5.7.30']);
});

test('extensions are used where offered: DSN parameters in xtext, SIZE, SMTPUTF8', async () => {
  const server = await peer();
  const recipients = [{ notify: ['success', 'failure'] as const, originalRecipient: 'rfc822;a+b=c@a.test' }];
  await deliverer({ port: server.port }).deliver(job({ recipients, options: { returnContent: 'headers', envelopeId: 'x y+1' } }), signal());
  assert.equal(server.messages[0]?.mail, `MAIL FROM:<me@example.org> SIZE=${TEXT.length} RET=HDRS ENVID=x+20y+2B1`);
  assert.deepEqual(server.messages[0]?.rcpts, ['RCPT TO:<u@a.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb+3Dc@a.test']);
  await deliverer({ port: server.port }).deliver(job({ recipients: ['\u00fc@a.test'], sender: '' }), signal());
  assert.equal(server.messages[1]?.mail, `MAIL FROM:<> SIZE=${TEXT.length} SMTPUTF8`);
  const plain = await peer({ offers: ['PIPELINING'] });
  const [outcome] = await deliverer({ port: plain.port }).deliver(job({ recipients, options: { envelopeId: 'x' } }), signal());
  assert.deepEqual([plain.messages[0]?.mail, outcome?.attempt.peerDsn], ['MAIL FROM:<me@example.org>', false]);
});

test('UTF-8 addresses without SMTPUTF8: domains are rewritten, local parts fail alone, headers fail the message', async () => {
  const server = await peer({ offers: ['PIPELINING'] });
  const out = deliverer({ port: server.port });
  const outcomes = await out.deliver(job({ recipients: ['u@b\u00fccher.test', '\u00fc@a.test'], options: { smtpUtf8: true } }), signal());
  assert.deepEqual(brief(outcomes), ['delivered recipient 250 2.0.0', 'failed recipient 553 5.6.7']);
  assert.deepEqual(server.messages[0]?.rcpts, ['RCPT TO:<u@xn--bcher-kva.test>']);
  assert.deepEqual(brief(await out.deliver(job({ content: 'Subject: \u00fc\r\n\r\nx\r\n', options: { smtpUtf8: true } }), signal())), ['failed message 554 5.6.7']);
  assert.deepEqual(brief(await out.deliver(job({ sender: '\u00fc@a.test', options: { smtpUtf8: true } }), signal())), ['failed message 554 5.6.7']);
});

test('8-bit text: declared where offered, narrowed when it is ASCII, converted where not offered', async () => {
  const eight = 'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u00fc\r\n';
  const offering = await peer({ offers: ['PIPELINING', '8BITMIME'] });
  const out = deliverer({ port: offering.port });
  await out.deliver(job({ content: eight, options: { body: '8bitmime' } }), signal());
  assert.equal(offering.messages[0]?.mail, 'MAIL FROM:<me@example.org> BODY=8BITMIME');
  const plain = await peer({ offers: ['PIPELINING'] });
  const other = deliverer({ port: plain.port });
  await other.deliver(job({ options: { body: '8bitmime' } }), signal());
  assert.equal(plain.messages[0]?.content, TEXT);
  await other.deliver(job({ content: eight, options: { body: '8bitmime' } }), signal());
  assert.match(plain.messages[1]?.content ?? '', /Content-Transfer-Encoding: (quoted-printable|base64)[^]*(=C3=BC|w7w)/);
  const signing = deliverer({ port: plain.port, signAgain: async ({ sender }, converted) => Buffer.concat([Buffer.from(`DKIM-Signature: of ${sender}\r\n`), converted]) });
  await signing.deliver(job({ content: eight, options: { body: '8bitmime' } }), signal());
  await signing.deliver(job({ options: { body: '8bitmime' } }), signal());
  assert.match(plain.messages[2]?.content ?? '', /^DKIM-Signature: of me@example.org\r\nSubject: x/);
  assert.equal(plain.messages[3]?.content, TEXT);
  const hopeless = 'Subject: \u00fc\r\n\r\nx\r\n';
  assert.deepEqual(brief(await other.deliver(job({ content: hopeless, options: { body: '8bitmime' } }), signal())), ['failed message 554 5.6.3']);
});

test('a message larger than the server takes is not sent', async () => {
  const server = await peer({ offers: ['SIZE 10'] });
  assert.deepEqual(brief(await deliverer({ port: server.port }).deliver(job(), signal())), ['failed message 554 5.3.4']);
  assert.equal(verbs(server.sessions[0]), 'EHLO');
});

test('an address with a line end in it is never put into a command', async () => {
  const server = await peer();
  const outcomes = await deliverer({ port: server.port }).deliver(job({ recipients: ['u@a.test>\r\nRCPT TO:<x@b.test', 'v@a.test'] }), signal());
  assert.deepEqual(brief(outcomes), ['failed recipient 553 5.1.3', 'delivered recipient 250 2.0.0']);
  assert.deepEqual(server.messages[0]?.rcpts, ['RCPT TO:<v@a.test>']);
});

