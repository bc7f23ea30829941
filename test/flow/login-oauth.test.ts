/** Log-in with bearer tokens over SMTP: our own client and nodemailer's, against an introspection server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { DEFAULT_LOGIN, type OauthConfig } from '../../src/config/login-config.ts';
import { createLogin } from '../../src/login/login.ts';
import { derivePassword } from '../../src/store/password.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { withServer } from './smtp-server-kit.ts';

const ALICE = 'alice@example.org';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const xoauth2 = (user: string, token: string): string => base64(`user=${user}\x01auth=Bearer ${token}\x01\x01`);
const bearer = (user: string, token: string): string => base64(`n,a=${user},\x01host=mail.example.org\x01port=465\x01auth=Bearer ${token}\x01\x01`);

let dir: string;
let store: Store;
let server: Server;
let url: string;
/** What is asked: the tokens, in order. */
const asked: string[] = [];
const clock = new AdjustableClock();
const seconds = (from: number): number => Math.floor(clock.now() / 1000) + from;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'posthorn-oauth-'));
  writeFileSync(join(dir, 'secret'), 'hush\n');
  store = await openStore(join(dir, 'data'));
  await store.directory.addDomain('example.org', { at: 0 });
  for (const name of ['alice', 'gone']) await store.directory.addAccount(`${name}@example.org`, await derivePassword('correct horse'), 0);
  await store.directory.setDisabled('gone@example.org', true);
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const token = new URLSearchParams(Buffer.concat(pieces).toString()).get('token') ?? '';
      asked.push(token);
      assert.equal(request.headers.authorization, `Basic ${base64('posthorn:hush')}`);
      const answers: Readonly<Record<string, object | string>> = {
        good: { active: true, username: 'Alice@example.org', scope: 'openid mail', exp: seconds(600), iss: 'https://id.example' },
        brief: { active: true, username: ALICE, scope: 'mail', exp: seconds(30), iss: 'https://id.example' },
        narrow: { active: true, username: ALICE, scope: 'openid', exp: seconds(600), iss: 'https://id.example' },
        foreign: { active: true, username: ALICE, scope: 'mail', exp: seconds(600), iss: 'https://other.example' },
        stale: { active: true, username: ALICE, scope: 'mail', exp: seconds(-1), iss: 'https://id.example' },
        gone: { active: true, username: 'gone@example.org', scope: 'mail', iss: 'https://id.example' },
        nobody: { active: true, username: 'nobody@example.org', scope: 'mail', iss: 'https://id.example' },
        nonsense: 'no json',
        lasting: { active: true, username: ALICE, scope: 'mail', exp: 'never', iss: 'https://id.example' },
        nameless: { active: true, scope: 'mail', iss: 'https://id.example' },
      };
      const answer = answers[token] ?? { active: false };
      response.writeHead(token === 'broken' ? 503 : 200, { 'content-type': 'application/json' }).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/introspect`;
});
after(async () => {
  server.close();
  await store.close();
  rmSync(dir, { recursive: true });
});

function loginAt(introspectionUrl: string) {
  const oauth: OauthConfig = { introspectionUrl, clientId: 'posthorn', clientSecretFile: join(dir, 'secret'), usernameClaim: 'username', scope: 'mail', issuer: 'https://id.example', openidConfiguration: 'https://id.example/.well-known/openid-configuration' };
  return createLogin({ store, clock, log: silentLog, config: { login: { ...DEFAULT_LOGIN, oauth } } });
}

test('tokens open, in both mechanisms, with and without initial response', async () => {
  await withServer({ service: 'submissions', ports: { login: loginAt(url) } }, async (kit) => {
    for (const [mechanism, message] of [['XOAUTH2', xoauth2(ALICE, 'good')], ['OAUTHBEARER', bearer(ALICE, 'good')], ['OAUTHBEARER', base64('n,,\x01auth=Bearer good\x01\x01')]] as const) {
      const client = await kit.secureClient();
      await client.greet();
      client.send('EHLO x\r\n');
      assert.match((await client.reply()).text, /AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN LOGIN/);
      assert.equal(await client.say(`AUTH ${mechanism}`), '334');
      assert.equal(await client.say(message), '235 2.7.0', mechanism);
      assert.equal(await client.say(`MAIL FROM:<${ALICE}>`), '250 2.1.0');
      await client.say('QUIT');
    }
  });
  assert.equal(asked.filter((token) => token === 'good').length, 1, 'the answer is kept');
});

test('a refused token is explained before the exchange fails', async () => {
  const login = loginAt(url);
  await withServer({ service: 'submissions', ports: { login } }, async (kit) => {
    const expect = async (mechanism: string, message: string, explained: object): Promise<void> => {
      const client = await kit.secureClient();
      await client.greet();
      client.send(`AUTH ${mechanism} ${message}\r\n`);
      const challenge = await client.reply();
      assert.equal(challenge.code, 334);
      assert.deepEqual(JSON.parse(Buffer.from(challenge.text, 'base64').toString()), explained);
      assert.equal(await client.say(mechanism === 'XOAUTH2' ? '' : 'AQ=='), '535 5.7.8');
      await client.say('QUIT');
    };
    const invalid = { status: 'invalid_token', scope: 'mail', 'openid-configuration': 'https://id.example/.well-known/openid-configuration' };
    for (const token of ['unknown', 'stale', 'foreign', 'gone', 'nobody']) await expect('OAUTHBEARER', bearer('', token), invalid);
    await expect('OAUTHBEARER', bearer('bob@example.org', 'good'), invalid);
    await expect('OAUTHBEARER', bearer(ALICE, 'narrow'), { ...invalid, status: 'insufficient_scope' });
    // Towards the account that was named, the audit tells it.
    await expect('XOAUTH2', xoauth2(ALICE, 'unknown'), { status: '401', schemes: 'bearer', scope: 'mail' });
  });
  await login.flush();
  const failed = await store.logins.list(ALICE, { failed: true, limit: 10 });
  assert.deepEqual(new Set(failed.map(({ outcome, mechanism }) => `${mechanism} ${outcome}`)), new Set(['OAUTHBEARER token', 'OAUTHBEARER scope', 'XOAUTH2 token']));
});

test('no clear answer is a temporary failure, and malformed messages are a client’s fault', async () => {
  await withServer({ service: 'submissions', ports: { login: loginAt(url) } }, async (kit) => {
    const client = await kit.secureClient();
    await client.greet();
    for (const token of ['broken', 'nonsense', 'nameless', 'lasting']) assert.equal(await client.say(`AUTH XOAUTH2 ${xoauth2(ALICE, token)}`), '454 4.7.0', token);
    for (const bad of ['x', 'user=a\x01auth=Bearer t', 'user=a\x01auth=Basic t\x01\x01', 'user=a\x01auth=Bearer a b\x01\x01', 'auth=Bearer t\x01\x01']) assert.equal(await client.say(`AUTH XOAUTH2 ${base64(bad)}`), '501 5.5.2', bad);
  });
  await withServer({ service: 'submissions', ports: { login: loginAt('http://127.0.0.1:1/') } }, async (kit) => {
    const client = await kit.secureClient();
    await client.greet();
    assert.equal(await client.say(`AUTH OAUTHBEARER ${bearer(ALICE, 'good')}`), '454 4.7.0');
  });
});

test('what was found good counts until the token expires', async () => {
  const login = loginAt(url);
  const here = { service: 'imap', clientAddress: '192.0.2.1' } as const;
  for (let i = 0; i < 3; i += 1) assert.equal((await login.bearer(ALICE, 'brief', here)).kind, 'ok');
  assert.equal(asked.filter((token) => token === 'brief').length, 1);
  clock.advance(31_000);
  assert.equal((await login.bearer(ALICE, 'brief', here)).kind, 'ok');
  assert.equal(asked.filter((token) => token === 'brief').length, 2);
});

test('nodemailer logs in with a token', async () => {
  await withServer({ service: 'submissions', ports: { login: loginAt(url) } }, async (kit) => {
    const transport = createTransport({ host: '127.0.0.1', port: kit.port, secure: true, tls: { ca: kit.ca, servername: 'mail.example.org' }, auth: { type: 'OAuth2', user: ALICE, accessToken: 'good' } });
    await transport.sendMail({ from: ALICE, to: 'far@example.net', subject: 'x', text: 'y' });
    transport.close();
    assert.equal(kit.messages[0]?.origin.saslMechanism, 'XOAUTH2');
  });
});
