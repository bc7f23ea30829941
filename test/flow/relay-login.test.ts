/** Logging in to relays: every mechanism against a peer that checks it, tokens that are fetched, and our own server. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import type { RoutePlan } from '../../src/contract/queue.ts';
import { explainReply } from '../../src/mail/reply-meaning/explain.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createHttpsFetch } from '../../src/net/https-fetch.ts';
import { openSmtp } from '../../src/net/smtp-client.ts';
import { clientTlsFrom } from '../../src/net/tls.ts';
import { brief, ca, certificate, deliverer, folder, job, peer, signal } from '../harness/delivery-kit.ts';
import type { Script } from '../harness/scripted-peer.ts';
import { createZoneDns } from '../harness/zone-dns.ts';
import { PASSWORD, withServer } from './smtp-server-kit.ts';

const zone = { 'A relay.test': ['127.0.0.1'] };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

function secretFile(name: string, secret: string): string {
  const file = join(folder, name);
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return file;
}

function relayTo(port: number, changes: Partial<Extract<RoutePlan, { kind: 'smarthost' }>>): RoutePlan {
  return { kind: 'smarthost', key: 's', host: 'relay.test', port, tls: 'verify', username: 'user@example.org', ...changes };
}

/** Says yes to these tokens only; refuses others as RFC 7628 §3.2.2 shows. */
function bearerScript(good: () => string, mechanism: 'XOAUTH2' | 'OAUTHBEARER'): { script: Script; seen: string[] } {
  const seen: string[] = [];
  const judge = (encoded: string): string => {
    const said = Buffer.from(encoded, 'base64').toString();
    const token = said.split('\x01').find((part) => part.startsWith('auth=Bearer '))?.slice('auth=Bearer '.length) ?? '';
    seen.push(token);
    const named = mechanism === 'XOAUTH2' ? said.startsWith('user=user@example.org\x01') : said.startsWith('n,a=user@example.org,\x01host=relay.test\x01port=');
    return named && token === good() ? '235 2.7.0 welcome' : `334 ${base64('{"status":"invalid_token","scope":"mail"}')}`;
  };
  const script: Script = ({ command }) => {
    if (command === `AUTH ${mechanism}`) return '334 ';
    if (command.startsWith(`AUTH ${mechanism} `)) return judge(command.split(' ')[2] ?? '');
    if (command === '' || command === 'AQ==') return '535 5.7.8 credentials rejected';
    return /^[A-Za-z0-9+/]{40,}=*$/.test(command) ? judge(command) : undefined;
  };
  return { script, seen };
}

test('CRAM-MD5 where nothing else is offered', async () => {
  const passwordFile = secretFile('cram', 'tanstaaf');
  const challenge = '<1896.697170952@relay.test>';
  const answer = base64(`user@example.org ${createHmac('md5', 'tanstaaf').update(challenge).digest('hex')}`);
  const script: Script = ({ command }) => (command === 'AUTH CRAM-MD5' ? `334 ${base64(challenge)}` : command === answer ? '235 2.7.0 ok' : undefined);
  const server = await peer({ tls: certificate, offers: ['AUTH CRAM-MD5 DIGEST-MD5'], script });
  const outcomes = await deliverer({ port: 1, zone }).deliver(job({ route: relayTo(server.port, { passwordFile }) }), signal());
  assert.equal(outcomes[0]?.status, 'delivered');
  assert.ok(server.sessions[0]?.commands.includes(answer));
});

test('XOAUTH2 and OAUTHBEARER with a token that somebody keeps fresh in a file', async () => {
  for (const mechanism of ['XOAUTH2', 'OAUTHBEARER'] as const) {
    const tokenFile = secretFile(`token-${mechanism}`, 'stale');
    const { script, seen } = bearerScript(() => 'fresh', mechanism);
    const server = await peer({ tls: certificate, offers: [`AUTH PLAIN ${mechanism}`], script });
    const out = deliverer({ port: 1, zone });
    const route = relayTo(server.port, { oauth: { kind: 'file', tokenFile } });
    const [refused] = await out.deliver(job({ route }), signal());
    assert.deepEqual(refused && brief([refused]), ['deferred local 451 4.7.8']);
    assert.match(refused?.reply.text ?? '', new RegExp(`as "user@example.org" \\(${mechanism}\\) failed; the relay said: 535 5\\.7\\.8 credentials rejected \\(invalid_token\\)`));
    assert.equal(refused?.attempt.advice, `the token is in ${tokenFile}`);
    writeFileSync(tokenFile, 'fresh\n');
    assert.equal((await out.deliver(job({ route }), signal()))[0]?.status, 'delivered', mechanism);
    assert.deepEqual(seen, ['stale', 'fresh']);
    assert.ok(!JSON.stringify(refused).includes('stale'), 'the token is in no outcome');
  }
});

test('a token too long for a command line is sent when asked for (RFC 4954 §4)', async () => {
  const token = 'x'.repeat(2000);
  const { script } = bearerScript(() => token, 'XOAUTH2');
  const server = await peer({ tls: certificate, offers: ['AUTH XOAUTH2'], script });
  const route = relayTo(server.port, { oauth: { kind: 'file', tokenFile: secretFile('long', token) } });
  assert.equal((await deliverer({ port: 1, zone }).deliver(job({ route }), signal()))[0]?.status, 'delivered');
  assert.ok(server.sessions[0]?.commands.includes('AUTH XOAUTH2'));
});

interface TokenServer {
  readonly url: string;
  readonly asked: URLSearchParams[];
  answer: { readonly status: number; readonly body: string };
}

async function tokenServer(): Promise<TokenServer> {
  const state: { asked: URLSearchParams[]; answer: TokenServer['answer'] } = { asked: [], answer: { status: 200, body: '{}' } };
  const server = createServer({ cert: certificate.certificatePem, key: certificate.keyPem }, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      state.asked.push(new URLSearchParams(text));
      response.writeHead(state.answer.status, { 'content-type': 'application/json' }).end(state.answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(state, { url: `https://relay.test:${(server.address() as AddressInfo).port}/token` });
}

test('tokens are fetched with a refresh token, kept until they expire, and fetched again when refused', async () => {
  const tokens = await tokenServer();
  let good = 'one';
  const { script, seen } = bearerScript(() => good, 'OAUTHBEARER');
  const server = await peer({ tls: certificate, offers: ['AUTH OAUTHBEARER XOAUTH2'], script });
  const clock = new SystemClock();
  const httpsFetch = createHttpsFetch({
    dns: createZoneDns({ 'relay.test': { A: ['127.0.0.1'] } }), connector: createConnector({ clock }), clock,
    clientTls: async () => clientTlsFrom(ca.certificatePem), protocols: () => ['ipv4'],
  });
  const out = deliverer({ port: 1, zone, httpsFetch });
  const oauth = { kind: 'refresh', tokenUrl: tokens.url, clientId: 'me', clientSecretFile: secretFile('client', 's3'), refreshTokenFile: secretFile('refresh', 'r1') } as const;
  const send = async (): Promise<string> => {
    out.leaveIdle();
    const outcomes = await out.deliver(job({ route: relayTo(server.port, { oauth }) }), signal());
    return brief(outcomes)[0] ?? '';
  };
  tokens.answer = { status: 200, body: '{"access_token":"one","expires_in":3600,"token_type":"Bearer"}' };
  assert.equal(await send(), 'delivered recipient 250 2.0.0');
  assert.equal(await send(), 'delivered recipient 250 2.0.0');
  assert.deepEqual(tokens.asked.map((form) => Object.fromEntries(form)), [{ grant_type: 'refresh_token', client_id: 'me', client_secret: 's3', refresh_token: 'r1' }]);
  // It expires.
  out.clock.advance(3_600_000);
  assert.equal(await send(), 'delivered recipient 250 2.0.0');
  assert.equal(tokens.asked.length, 2);
  // It is revoked before its time: fetched anew, on the same connection.
  good = 'two';
  tokens.answer = { status: 200, body: '{"access_token":"two","expires_in":3600}' };
  assert.equal(await send(), 'delivered recipient 250 2.0.0');
  assert.deepEqual(seen.slice(-2), ['one', 'two']);
  // The refresh token itself is no good any more: said in the token server's words, and nothing is bounced.
  good = 'three';
  tokens.answer = { status: 400, body: '{"error":"invalid_grant","error_description":"Token has been revoked."}' };
  const outcomes = await out.deliver(job({ route: relayTo(server.port, { oauth }) }), signal());
  assert.ok(outcomes[0]?.status === 'delivered', 'the connection that waited serves without a log-in');
  out.leaveIdle();
  const [failed] = await out.deliver(job({ route: relayTo(server.port, { oauth }) }), signal());
  assert.deepEqual(failed && brief([failed]), ['deferred local 451 4.3.0']);
  assert.match(failed?.attempt.advice ?? '', /gives no token \(status 400, invalid_grant: Token has been revoked\.\)/);
  assert.ok(!JSON.stringify(failed).includes('r1'));
  // A queue full of mail does not ask a hundred times.
  const asked = tokens.asked.length;
  await out.deliver(job({ route: relayTo(server.port, { oauth }) }), signal());
  assert.equal(tokens.asked.length, asked);
});

/** A relay and a token server that gives a new refresh token with each access token, and takes the old ones back. */
async function rotatingTokens(refreshTokenFile: string): Promise<{ send(): Promise<string>; readonly tokens: TokenServer }> {
  const tokens = await tokenServer();
  let issued = '';
  const { script } = bearerScript(() => issued, 'XOAUTH2');
  const server = await peer({ tls: certificate, offers: ['AUTH XOAUTH2'], script });
  const clock = new SystemClock();
  const httpsFetch = createHttpsFetch({
    dns: createZoneDns({ 'relay.test': { A: ['127.0.0.1'] } }), connector: createConnector({ clock }), clock,
    clientTls: async () => clientTlsFrom(ca.certificatePem), protocols: () => ['ipv4'],
  });
  const out = deliverer({ port: 1, zone, httpsFetch });
  const oauth = { kind: 'refresh', tokenUrl: tokens.url, clientId: 'me', refreshTokenFile } as const;
  const send = async (): Promise<string> => {
    issued = `access-${tokens.asked.length}`;
    tokens.answer = { status: 200, body: JSON.stringify({ access_token: issued, refresh_token: `refresh-${tokens.asked.length}`, expires_in: 3600 }) };
    out.leaveIdle();
    out.clock.advance(3_600_000);
    return brief(await out.deliver(job({ route: relayTo(server.port, { oauth }) }), signal()))[0] ?? '';
  };
  return { send, tokens };
}

test('mail by a relay goes on when its token server replaces the refresh token (RFC 6749 §6)', async () => {
  const file = secretFile('rotating', 'first');
  const { send, tokens } = await rotatingTokens(file);
  for (let round = 0; round < 3; round += 1) assert.equal(await send(), 'delivered recipient 250 2.0.0');
  assert.deepEqual(tokens.asked.map((form) => form.get('refresh_token')), ['first', 'refresh-0', 'refresh-1']);
  assert.equal(readFileSync(file, 'utf8'), 'refresh-2\n', 'a restart finds the newest');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  writeFileSync(file, 'by hand');
  assert.equal(await send(), 'delivered recipient 250 2.0.0');
  assert.equal(tokens.asked.at(-1)?.get('refresh_token'), 'by hand');
});

test('a refresh token that cannot be written to its file serves from memory', async () => {
  // Nothing can be created in this folder, not even by root.
  const { send, tokens } = await rotatingTokens('/proc/sys/kernel/ostype');
  for (let round = 0; round < 3; round += 1) assert.equal(await send(), 'delivered recipient 250 2.0.0');
  assert.deepEqual(tokens.asked.map((form) => form.get('refresh_token')), ['Linux', 'refresh-0', 'refresh-1']);
});

test('a log-in that runs out while the connection is kept is renewed, and no message waits for it', async () => {
  for (const words of ['530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.3 Authentication unsuccessful', '535 5.7.8 Authentication credentials expired']) {
    const script: Script = ({ command, session }) =>
      command.startsWith('MAIL') && session.commands.filter((each) => each.startsWith('MAIL')).length > 1 ? words : command.startsWith('AUTH') ? '235 2.7.0 ok' : undefined;
    const server = await peer({ tls: certificate, offers: ['AUTH PLAIN'], script });
    const out = deliverer({ port: 1, zone });
    const route = relayTo(server.port, { passwordFile: secretFile('lasting', 'x') });
    for (let message = 0; message < 3; message += 1) {
      assert.deepEqual(brief(await out.deliver(job({ route }), signal())), ['delivered recipient 250 2.0.0'], words);
    }
    assert.equal(server.sessions.length, 3, 'each with a log-in of its own');
  }
});

test('a relay that takes our log-in and cannot prove that it knows the password gets no mail, and is not taken for a broken one', async () => {
  const script: Script = ({ command }) => {
    if (command.startsWith('AUTH SCRAM-SHA-256 ')) {
      const nonce = /r=([^,]*)/.exec(Buffer.from(command.split(' ')[2] ?? '', 'base64').toString())?.[1] ?? '';
      return `334 ${base64(`r=${nonce}more,s=${base64('salt')},i=4096`)}`;
    }
    if (command === '*') return '501 5.7.0 taken back';
    return /^[A-Za-z0-9+/]{40,}=*$/.test(command) ? `334 ${base64(`v=${base64('x'.repeat(32))}`)}` : undefined;
  };
  const server = await peer({ tls: certificate, offers: ['AUTH SCRAM-SHA-256 PLAIN'], script });
  const route = relayTo(server.port, { passwordFile: secretFile('proof', 'secret') });
  const [outcome] = await deliverer({ port: 1, zone }).deliver(job({ route }), signal());
  assert.deepEqual(outcome && brief([outcome]), ['deferred host 451 4.5.0']);
  assert.ok(outcome && explainReply(outcome.reply, { own: true }).rule === 'own.unproven');
  assert.ok(!server.sessions.some(({ commands }) => commands.some((command) => /^(?:AUTH PLAIN|MAIL)/.test(command))));
});

test('our own submission service: SCRAM-SHA-256-PLUS over TLS 1.3', async () => {
  await withServer({ service: 'submissions' }, async (kit) => {
    const ports = { connector: createConnector({ clock: kit.clock }), clock: kit.clock, clientTls: clientTlsFrom(kit.ca) };
    const target = { address: '127.0.0.1', port: kit.port, host: 'mail.example.org', helo: 'client.test', tls: 'verify', implicitTls: true } as const;
    const logIn = (password: string) => openSmtp(ports, { ...target, login: { credentials: async () => ({ username: 'alice@example.org', password }) } });
    const opened = await logIn(PASSWORD);
    assert.ok(opened.kind === 'open');
    assert.ok(opened.connection.capabilities.auth.includes('SCRAM-SHA-256-PLUS'));
    opened.connection.quit();
    const refused = await logIn('wrong');
    assert.ok(refused.kind === 'trouble' && refused.trouble.kind === 'login');
    assert.equal(refused.trouble.mechanism, 'SCRAM-SHA-256-PLUS');
    assert.equal(refused.trouble.reply.code, 535);
  });
});
