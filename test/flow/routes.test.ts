/** Routes in a running server: they hold at once, relay domains are taken from strangers, and nothing else is. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer, type RunningServer } from '../../src/compose/server.ts';
import { parseConfig } from '../../src/config/load.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import type { RouteTestResult, ShownRoute } from '../../src/manage/route/route.ts';
import { startDnsServer, type DnsServer } from '../../src/lab/dns/server.ts';
import { Zones } from '../../src/lab/dns/zones.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { createNetworkSet } from '../../src/net/cidr.ts';
import { eventually } from '../harness/lab-process.ts';
import { startPeer, type Peer } from '../harness/scripted-peer.ts';
import { freePort } from '../harness/serve-process.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-routes-'));
let server: RunningServer;
let port: number;
let inner: Peer;
let provider: Peer;
let dns: DnsServer;
let down = false;

/** A server on this port, with what goes on in its configuration. */
function start(name: string, listenPort: number, more: string): Promise<RunningServer> {
  const toml = `hostname = "${name}"\ndata-dir = "${join(folder, name)}"\n[listen]\nsmtp = ["127.0.0.1:${listenPort}"]\n[networks]\ntrusted = ["127.0.0.9/32"]\n${more}`;
  const config = parseConfig(toml, join(folder, 'posthorn.toml'));
  return startServer({ config, clock: new SystemClock(), log: silentLog, verbs, connectAllowed: createNetworkSet(['127.0.0.0/8']).has });
}

before(async () => {
  port = await freePort();
  inner = await startPeer({
    script: ({ command, session }) => {
      if (down) return (session.drop(), '');
      return command.startsWith('RCPT TO:<nobody@') ? '550 5.1.1 no such user' : undefined;
    },
  });
  provider = await startPeer();
  const zones = new Zones();
  zones.load([
    { apex: 'far.test', records: [{ name: 'far.test', type: 'TXT', value: 'v=spf1 -all' }] },
    // The domain is an alias of one whose MX is an alias of an alias.
    { apex: 'chain.test', records: [
      { name: 'www.chain.test', type: 'CNAME', value: 'mail.chain.test' },
      { name: 'mail.chain.test', type: 'MX', value: '10 mx.chain.test' },
      { name: 'mx.chain.test', type: 'CNAME', value: 'mx1.chain.test' },
      { name: 'mx1.chain.test', type: 'CNAME', value: 'mx2.chain.test' },
      { name: 'mx2.chain.test', type: 'A', value: '127.0.0.1' },
      { name: 'round.chain.test', type: 'CNAME', value: 'about.chain.test' },
      { name: 'about.chain.test', type: 'CNAME', value: 'round.chain.test' },
    ] },
  ]);
  dns = await startDnsServer({ host: '127.0.0.1', port: 0, zones, clock: new SystemClock(), log: silentLog, fault: () => 'none' });
  server = await start('mail.example.org', port, `
[dns]
servers = ["127.0.0.1:${dns.port}"]
[outbound]
protocols = ["ipv4"]
port = ${inner.port}
[relay]
host = "127.0.0.1"
port = ${provider.port}
tls = "none"
`);
});

after(async () => {
  await server.stop();
  await inner.close();
  await provider.close();
  await dns.stop();
  rmSync(folder, { recursive: true });
});

async function verb<T>(name: string, args: unknown, at: RunningServer = server): Promise<T> {
  const outcome = await runVerb(verbs, at.context, name, args);
  if (outcome.kind === 'error') throw new Error(outcome.error.code);
  return outcome.result as T;
}

async function session(localAddress: string): Promise<SmtpDialogue> {
  const dialogue = await SmtpDialogue.open('127.0.0.1', port, { localAddress });
  await dialogue.reply();
  await dialogue.say('EHLO client.test');
  return dialogue;
}

const STRANGER = '127.0.0.1';
const TRUSTED = '127.0.0.9';

/** The reply to RCPT. */
async function rcpt(from: string, recipient: string): Promise<string> {
  const dialogue = await session(from);
  await dialogue.say('MAIL FROM:<someone@far.test>');
  const reply = await dialogue.say(`RCPT TO:<${recipient}>`);
  await dialogue.say('QUIT');
  return reply;
}

async function send(from: string, sender: string, recipient: string): Promise<void> {
  const dialogue = await session(from);
  assert.match(await dialogue.say(`MAIL FROM:<${sender}>`), /^250/);
  assert.match(await dialogue.say(`RCPT TO:<${recipient}>`), /^250/);
  assert.match(await dialogue.say('DATA'), /^354/);
  assert.match(await dialogue.say(`From: <${sender || 'x@far.test'}>\r\nSubject: x\r\nDate: Fri, 20 Nov 2026 20:00:00 +0000\r\nMessage-ID: <${Math.random()}@far.test>\r\n\r\nx\r\n.`), /^250/);
  await dialogue.say('QUIT');
}

test('a relay domain is taken from strangers as soon as its route is there, and not a moment longer', async () => {
  assert.match(await rcpt(STRANGER, 'anna@corp.test'), /^550 5\.7\.1/);
  await verb('route.add', { pattern: 'corp.test', to: `[127.0.0.1]:${inner.port}`, accept: true });
  await send(STRANGER, '', 'anna@corp.test');
  await eventually('the inner server has it', async () => inner.messages.some(({ rcpts }) => rcpts[0]?.startsWith('RCPT TO:<anna@corp.test>')));
  for (const other of ['anna@sub.corp.test', 'anna@corp.test.far.test', 'u@far.test', 'u%far.test@corp.test', 'far.test!u@corp.test', '"u@far.test"@corp.test']) {
    assert.match(await rcpt(STRANGER, other), /^550 5\.7\.1/, other);
  }
  await verb('route.remove', { pattern: 'corp.test' });
  assert.match(await rcpt(STRANGER, 'anna@corp.test'), /^550 5\.7\.1/);
});

test('recipients are verified at the inner server, without content, and remembered', async () => {
  await verb('route.add', { pattern: 'checked.test', to: `[127.0.0.1]:${inner.port}`, accept: true, verify: true });
  const sessions = inner.sessions.length;
  assert.match(await rcpt(STRANGER, 'anna@checked.test'), /^250/);
  assert.match(await rcpt(STRANGER, 'nobody@checked.test'), /^550 5\.1\.1/);
  assert.match(await rcpt(STRANGER, 'nobody@checked.test'), /^550 5\.1\.1/);
  assert.match(await rcpt(TRUSTED, 'nobody@checked.test'), /^550 5\.1\.1/);
  assert.equal(inner.sessions.length, sessions + 2);
  await eventually('the inner server was left politely', async () => inner.sessions.at(-1)?.commands.at(-1) === 'QUIT');
  assert.deepEqual(inner.sessions.at(-1)?.commands, ['EHLO mail.example.org', 'MAIL FROM:<>', 'RCPT TO:<nobody@checked.test>', 'QUIT']);
  down = true;
  assert.match(await rcpt(STRANGER, 'anna@checked.test'), /^250/);
  assert.match(await rcpt(STRANGER, 'new@checked.test'), /^450 4\.1\.1/);
  assert.match(await rcpt(TRUSTED, 'new@checked.test'), /^250/);
  down = false;
});

test('by recipient, then by sender, then the relay of the configuration', async () => {
  await verb('route.add', { match: 'sender', pattern: '@shop.test', to: `127.0.0.1:${inner.port}` });
  await verb('route.add', { pattern: 'partner.test', to: `127.0.0.1:${provider.port}` });
  const way = async (sender: string, recipient: string): Promise<string> => {
    const result = await verb<RouteTestResult>('route.test', { sender, recipient });
    return `${result.because} ${result.to}`;
  };
  assert.equal(await way('a@shop.test', 'u@far.test'), `sender [127.0.0.1]:${inner.port}`);
  assert.equal(await way('a@shop.test', 'u@partner.test'), `recipient [127.0.0.1]:${provider.port}`);
  assert.equal(await way('a@other.test', 'u@far.test'), `relay [127.0.0.1]:${provider.port}`);
  assert.equal(await way('<>', 'u@far.test'), `relay [127.0.0.1]:${provider.port}`);
  await send(TRUSTED, 'a@shop.test', 'one@far.test');
  await send(TRUSTED, 'a@other.test', 'two@far.test');
  const has = (peer: Peer, recipient: string): boolean => peer.messages.some(({ rcpts }) => rcpts[0]?.startsWith(`RCPT TO:<${recipient}>`));
  await eventually('each went its way', async () => has(inner, 'one@far.test') && has(provider, 'two@far.test'));
});

test('aliases of aliases are followed, and those that go in circles lead nowhere', async () => {
  await verb('route.add', { pattern: '.chain.test', to: 'mx' });
  await send(TRUSTED, 'a@other.test', 'u@www.chain.test');
  await eventually('it arrived', async () => inner.messages.some(({ rcpts }) => rcpts[0]?.startsWith('RCPT TO:<u@www.chain.test>')));
  await send(TRUSTED, 'a@other.test', 'u@round.chain.test');
  const where = async (): Promise<string> => JSON.stringify(await verb('queue.list', {}));
  await eventually('its fate is known', async () => /cannot be looked up|does not exist|neither a mail server/.test(await where()));
});

test('two servers that route to each other: the message goes round for a while, and its end is told', async () => {
  const otherPort = await freePort();
  const other = await start('other.example.org', otherPort, `[dns]\nservers = ["127.0.0.1:${dns.port}"]\n[outbound]\nprotocols = ["ipv4"]\n`);
  try {
    await verb('route.add', { pattern: 'circle.test', to: `127.0.0.1:${otherPort}`, accept: true, tls: 'none' });
    await verb('route.add', { pattern: 'circle.test', to: `127.0.0.1:${port}`, accept: true, tls: 'none' }, other);
    await send(TRUSTED, '', 'u@circle.test');
    const ends = async (at: RunningServer): Promise<boolean> => JSON.stringify(await verb('trace.show', { query: 'u@circle.test' }, at)).includes('5.4.6');
    await eventually('one of them refused it', async () => (await ends(server)) || (await ends(other)));
    for (const at of [server, other]) await eventually('nothing of it waits', async () => !JSON.stringify(await verb('queue.list', {}, at)).includes('circle.test'));
  } finally {
    await other.stop();
  }
});

test('a route that refuses returns the mail in the words given', async () => {
  const shown = await verb<ShownRoute>('route.add', { pattern: '.blocked.test', refuse: '5.7.0 the contract with this partner has ended' });
  assert.deepEqual(shown.reply, { code: 550, enhanced: '5.7.0', text: 'the contract with this partner has ended' });
  const result = await verb<RouteTestResult>('route.test', { sender: 'a@shop.test', recipient: 'u@x.blocked.test' });
  assert.equal(result.kind, 'undeliverable');
});

test('what would be an open relay, or give a password away, is refused', async () => {
  const to = '[relay.test]';
  const bad: [Record<string, unknown>, string][] = [
    [{ pattern: '*', to, accept: true }, 'accept-refused'],
    [{ pattern: '.test', to, accept: true }, 'accept-refused'],
    [{ pattern: 'u@a.test', to, accept: true }, 'accept-refused'],
    [{ match: 'sender', pattern: '@a.test', to, accept: true }, 'accept-refused'],
    [{ pattern: 'a.test', to: 'mx', accept: true, verify: true }, 'verify-needs-relay'],
    [{ pattern: 'a.test', to, verify: true }, 'verify-needs-accept'],
    [{ pattern: 'a.test', to, username: 'u', password: 'p', tls: 'opportunistic' }, 'tls-refused'],
    [{ pattern: 'a.test', to, username: 'u' }, 'secret-missing'],
    [{ pattern: 'a.test', to, password: 'p' }, 'username-missing'],
    [{ pattern: 'a.test' }, 'target-missing'],
    [{ pattern: 'a.test', to: 'a b' }, 'target-refused'],
    [{ pattern: 'a b', to }, 'pattern-refused'],
    [{ pattern: 'a.test', to, username: 'u', oauth: { kind: 'refresh', tokenUrl: 'http://a.test/', clientId: 'c', refreshTokenFile: '/x' } }, 'bad-arguments'],
  ];
  for (const [args, code] of bad) await assert.rejects(verb('route.add', args), new RegExp(`^Error: ${code}$`), JSON.stringify(args));
  await assert.rejects(verb('route.remove', { pattern: 'nothing.test' }), /route-unknown/);
});

test('a password is kept in a file that only we can read, and goes with its route', async () => {
  const shown = await verb<ShownRoute>('route.add', { match: 'sender', pattern: 'b@shop.test', to: '[smtp.provider.test]', username: 'b', password: 'hush' });
  assert.equal(shown.to, '[smtp.provider.test]:587');
  assert.equal(shown.tls, 'verify');
  assert.ok(shown.passwordFile?.startsWith(folder));
  assert.equal(statSync(shown.passwordFile ?? '').mode & 0o777, 0o600);
  assert.ok(!JSON.stringify(await verb('route.list', {})).includes('hush'));
  await verb('route.remove', { match: 'sender', pattern: 'b@shop.test' });
  assert.throws(() => statSync(shown.passwordFile as string), /ENOENT/);
});
