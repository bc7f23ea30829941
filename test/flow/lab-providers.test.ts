/** Rules of single providers that no scenario brings about, and the receivers as real clients see them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { connect } from 'node:net';
import { once } from 'node:events';
import type { SendResult } from '../../src/lab/outside/send.ts';
import { withLab, type LabParts } from '../harness/lab-parts.ts';
import { missingTool } from '../harness/missing-tool.ts';

let parts: LabParts;
let finish: () => void;
let finished: Promise<void>;

before(async () => {
  await new Promise<void>((started, failed) => {
    finished = withLab(79, (lab) => {
      parts = lab;
      started();
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    finished.catch(failed);
  });
});

after(async () => {
  finish();
  await finished;
});

function words(result: SendResult): string {
  if (!result.reply) return `${result.step}: ${result.error}`;
  const { code, enhanced, text } = result.reply;
  return [code, enhanced, text].filter((part) => part !== undefined).join(' ');
}

function mx(provider: string) {
  const found = parts.lab.providers.find((each) => each.name === provider);
  assert.ok(found);
  return found.mx;
}

/** Exit status and both outputs; never rejects. */
function run(command: string, args: readonly string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 30_000 }, (error, stdout, stderr) => resolve({ status: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }));
  });
}

function nothing(): void {}

/** Says the lines one by one and returns everything the server said, to its end or the last reply. */
async function dialogue(provider: string, lines: readonly string[]): Promise<string> {
  const { address, port } = mx(provider);
  const socket = connect({ host: address, port, localAddress: parts.ip });
  let said = '';
  let wake = nothing;
  socket.on('data', (chunk) => {
    said += chunk;
    wake();
  });
  socket.on('close', () => wake());
  const replies = (): number => said.split('\r\n').filter((line) => /^\d{3} /.test(line)).length;
  for (let expected = 1; ; expected++) {
    while (replies() < expected && !socket.closed) await new Promise<void>((resolve) => (wake = resolve));
    const line = lines[expected - 1];
    if (line === undefined || socket.closed) break;
    socket.write(`${line}\r\n`);
  }
  socket.destroy();
  if (!socket.closed) await once(socket, 'close');
  return said;
}

const DATE = 'Date: Fri, 20 Nov 2026 12:00:00 +0000';

test('Gmail refuses messages that are not as RFC 5322 wants them', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['To: <bob@gmail.com>', DATE, 'Message-ID: <1@x>'], /^550 5\.7\.1 Messages missing a valid address in From/],
    [['From: a@example.org', 'From: b@example.org', DATE, 'Message-ID: <1@x>'], /^550 5\.7\.1 Messages with multiple From/],
    [['From: a@example.org, b@example.org', DATE, 'Message-ID: <1@x>'], /^550 5\.7\.1 .*multiple addresses/],
    [['From: nobody', DATE, 'Message-ID: <1@x>'], /^550 5\.7\.1 .*valid address/],
    [['From: a@example.org', DATE], /^550 5\.7\.1 .*Message-ID/],
    [['From: a@example.org', DATE, 'Message-ID: <1@x>', 'Subject: a', 'Subject: b'], /^550 5\.7\.1 .*multiple Subject/],
  ];
  for (const [header, expected] of cases) assert.match(words(await parts.send('bob@gmail.com', { header })), expected);
});

test('Gmail refuses a bad EHLO with 501 5.5.4', async () => {
  assert.match(words(await parts.send('bob@gmail.com', { helo: 'localhost' })), /^501 5\.5\.4/);
  assert.match(words(await parts.send('bob@gmail.com', { helo: 'bad_ host!' })), /^501 5\.5\.4/);
  assert.match(words(await parts.send('bob@gmail.com', { helo: `[${parts.ip}]` })), /^250 /);
});

test('Gmail takes either SPF or DKIM, and asks aligned DMARC of bulk senders', async () => {
  assert.match(words(await parts.send('bob@gmail.com', { sign: false })), /^250 /);
  await parts.lab.scenario('bulk-sender', 'on', ['gmail']);
  // Signed and sent by example.org, in the name of a domain of the host outside with p=none.
  assert.match(words(await parts.send('bob@gmail.com', { from: 'x@news.example' })), /^421 4\.7\.32/);
  await parts.lab.scenario('bulk-sender', 'off');
});

test('Gmail slows a Message-ID that comes again and again', async () => {
  const header = ['From: alice@example.org', DATE, 'Message-ID: <same@example.org>', 'Subject: again'];
  await parts.lab.scenario('complaints', 'off');
  for (let sent = 0; sent < 500; sent++) assert.match(words(await parts.send('bob@gmail.com', { header, sign: false })), /^250 /);
  assert.match(words(await parts.send('bob@gmail.com', { header, sign: false })), /^421 4\.7\.28 .*same Message-ID/);
});

test('local parts decide about mailboxes', async () => {
  assert.match(words(await parts.send('nobody1@gmail.com')), /^550 5\.1\.1/);
  assert.match(words(await parts.send('unknown@example.net')), /^550 5\.1\.1/);
  assert.match(words(await parts.send('full@gmail.com')), /^452 4\.2\.2/);
  assert.match(words(await parts.send('disabled@gmail.com')), /^550 5\.2\.1/);
});

test('Outlook refuses an address that guesses recipients', async () => {
  for (let sent = 0; sent <= 100; sent++) assert.match(words(await parts.send(`nobody${sent}@outlook.com`)), /^550 5\.5\.0/);
  assert.match(words(await parts.send('bob@outlook.com')), /^550 SC-002/);
});

test('Yahoo and Apple refuse senders whose domain does not resolve', async () => {
  const sender = 'x@no-such-domain.example';
  assert.match(words(await parts.send('bob@yahoo.com', { sender })), /^451 .*does not resolve/);
  assert.match(words(await parts.send('bob@icloud.com', { sender })), /^450 4\.1\.8/);
  assert.match(words(await parts.send('bob@example.net', { sender })), /^450 4\.1\.8/);
});

test('Yahoo closes without a word after 20 messages on a connection', async () => {
  const message = ['MAIL FROM:<alice@example.org>', 'RCPT TO:<bob@yahoo.com>', 'DATA', 'From: alice@example.org\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n.'];
  const said = await dialogue('yahoo', ['EHLO mail.example.org', ...Array.from({ length: 21 }, () => message).flat()]);
  assert.equal(said.match(/^250 2\.0\.0 OK /gm)?.length, 20);
  assert.doesNotMatch(said, /^221|^421/m);
});

test('spam test pattern goes to the spam folder', async () => {
  assert.match(words(await parts.send('bob@example.net', { body: 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X' })), /^250 /);
  assert.equal(parts.lab.inbox('example.net').at(-1)?.folder, 'spam');
});

test('example.net offers DSN, GMX no enhanced codes, neither relays', async () => {
  assert.match(await dialogue('example.net', ['EHLO mail.example.org']), /250-?[^]*\bDSN\r\n/);
  const gmx = await dialogue('gmx', ['EHLO mail.example.org', 'MAIL FROM:<alice@example.org>', 'RCPT TO:<x@elsewhere.example>']);
  assert.doesNotMatch(gmx, /ENHANCEDSTATUSCODES|DSN|5\.\d\.\d/);
  assert.match(gmx, /^550 |^550-/m);
  assert.match(await dialogue('example.net', ['EHLO mail.example.org', 'MAIL FROM:<alice@example.org>', 'RCPT TO:<x@elsewhere.example>']), /554 5\.7\.1 .*Relay access denied/);
});

test('commands in wrong order and bad syntax are refused, the session goes on', async () => {
  const said = await dialogue('gmail', ['MAIL FROM:<a@example.org>', 'EHLO mail.example.org', 'RCPT TO:<bob@gmail.com>', 'DATA', 'MAIL FROM:a@example.org', 'NONSENSE', 'NOOP', 'VRFY bob', 'QUIT']);
  assert.deepEqual(said.split('\r\n').flatMap((line) => (/^\d{3} /.test(line) ? [line.slice(0, 3)] : [])), ['220', '503', '250', '503', '503', '501', '502', '250', '252', '221']);
});

test('BDAT carries a message in chunks; the binary form is the same as sent', async () => {
  const content = 'From: alice@example.org\r\nMessage-ID: <bdat@x>\r\nDate: now\r\n\r\n.leading dot\r\n';
  const cut = content.indexOf('\n') + 1;
  // The line end that the dialogue adds is the last of each chunk.
  const chunk = (from: number, to: number, last = ''): string => `BDAT ${to - from}${last}\r\n${content.slice(from, to - 2)}`;
  const said = await dialogue('gmail', ['EHLO mail.example.org', 'MAIL FROM:<alice@example.org>', 'RCPT TO:<bdat@gmail.com>', chunk(0, cut), chunk(cut, content.length, ' LAST')]);
  assert.match(said, /250 2\.0\.0 25 bytes received[^]*250 2\.0\.0 OK/);
  const id = parts.lab.inbox('gmail', 'bdat@gmail.com').at(-1)?.id;
  assert.equal((await parts.lab.raw('gmail', String(id))).toString(), content);
});

test('swaks delivers over verified TLS', { skip: missingTool('swaks') }, async () => {
  const { address, port, host } = mx('example.net');
  const { status, output } = await run('swaks', [
    '--server', address,
    '--port', String(port),
    '--local-interface', parts.ip,
    '--ehlo', 'mail.example.org',
    '--from', 'alice@example.org',
    '--to', 'swaks@example.net',
    '--tls-ca-path', parts.lab.ca,
    '--tls-sni', host,
    '--tls', '--tls-verify',
  ]);
  assert.equal(status, 0, output.slice(-800));
  const message = parts.lab.inbox('example.net', 'SWAKS@example.net').at(-1);
  assert.equal(message?.mailFrom, 'alice@example.org');
  assert.match(String(message?.tls), /^TLSv1/);
  assert.equal(message?.clientIp, parts.ip);
});

test('dig finds every provider, its policies, its reverse name, and our host', { skip: missingTool('dig') }, async () => {
  const dig = async (...args: string[]): Promise<string> => (await run('dig', [`@${parts.lab.dns.host}`, '-p', String(parts.lab.dns.port), '+short', ...args])).output;
  for (const provider of parts.lab.providers) {
    for (const domain of provider.domains) assert.match(await dig('MX', domain), new RegExp(`^10 ${provider.mx.host}\\.`, 'm'));
    assert.equal((await dig('-x', provider.mx.address)).trim(), `${provider.mx.host}.`);
    assert.equal((await dig('A', provider.mx.host)).trim(), provider.mx.address);
  }
  assert.match(await dig('TXT', '_dmarc.yahoo.com'), /p=reject/);
  assert.match(await dig('TXT', 'gmx.net'), /v=spf1 ip4:127/);
  assert.equal((await dig('-x', parts.ip)).trim(), 'mail.example.org.');
  assert.match(await dig('A', 'mail.example.org'), new RegExp(`^${parts.ip}$`, 'm'));
  const tlsa = await run('dig', [`@${parts.lab.dns.host}`, '-p', String(parts.lab.dns.port), '+adflag', 'TLSA', '_25._tcp.mx00.gmx.net']);
  assert.match(tlsa.output, /flags:[^;]* ad;[^]*IN\s+TLSA\s+3 1 1 [0-9A-F ]{64,}/);
  assert.doesNotMatch((await run('dig', [`@${parts.lab.dns.host}`, '-p', String(parts.lab.dns.port), '+adflag', 'TLSA', '_25._tcp.gmail-smtp-in.l.google.com'])).output, / ad;|3 1 1/);
  await parts.lab.scenario('no-ptr', 'on');
  assert.equal((await dig('-x', parts.ip)).trim(), '');
  await parts.lab.scenario('no-ptr', 'off');
  await parts.lab.scenario('mx-null', 'on', ['gmail']);
  assert.equal((await dig('MX', 'gmail.com')).trim(), '0 .');
  assert.match(await dig('MX', 'gmx.net'), /^10 /);
  await parts.lab.scenario('mx-null', 'off');
  await parts.lab.scenario('dns-servfail', 'on');
  assert.match((await run('dig', [`@${parts.lab.dns.host}`, '-p', String(parts.lab.dns.port), 'MX', 'gmail.com'])).output, /SERVFAIL/);
  assert.match(words(await parts.send('bob@gmail.com')), /^250 /, 'the providers keep their own resolver');
  await parts.lab.scenario('dns-servfail', 'off');
});

test('unknown names are refused in words', async () => {
  assert.throws(() => parts.lab.inbox('hotmail'), /no provider "hotmail"/);
  assert.equal(parts.lab.inbox('GoogleMail.com').length, parts.lab.inbox('gmail').length);
  await assert.rejects(parts.lab.raw('gmail', '../../etc/passwd'), /no message/);
  await assert.rejects(parts.lab.scenario('sunshine', 'on'), /no scenario/);
});

test('mail into a black hole times out: it is not hung up on while it waits for the greeting', async () => {
  await parts.lab.scenario('blackhole-mx', 'on', ['gmail']);
  const { address, port } = mx('gmail');
  const socket = connect({ host: address, port, localAddress: parts.ip });
  let ended = false;
  socket.resume().on('close', () => (ended = true));
  await once(socket, 'connect');
  // It is taken, and then the five minutes pass that RFC 5321 §4.5.3.2.1 gives a greeting.
  for (const ms of [1_000, 310_000, 1_000]) await parts.clock.pass(ms);
  assert.equal(ended, false);
  socket.destroy();
  await parts.lab.scenario('blackhole-mx', 'off');
});
