/** Other programs log in against Posthorn: the Dovecot protocol line by line, our own client of it, and Debian's Postfix. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Login } from '../../src/contract/directory.ts';
import { createDovecotBackend } from '../../src/login/backends/dovecot.ts';
import { backendUser } from '../../src/login/backends/backend.ts';
import { createAuthService, type AuthService } from '../../src/login/auth-service/auth-service.ts';
import { createLogin, type RunningLogin } from '../../src/login/login.ts';
import { derivePassword } from '../../src/store/password.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createSaslClient } from '../../src/wire/sasl/client.ts';
import { eventually } from '../harness/lab-process.ts';
import { missingPeer } from '../harness/login-peers.ts';
import { preparePostfix, startPostfixSubmission } from '../harness/postfix-submission.ts';

const ALICE = 'alice@example.org';
const PASSWORD = 'correct horse';
const plain = (user: string, password: string): string => Buffer.from(`\0${user}\0${password}`).toString('base64');

let dir: string;
let store: Store;
let login: RunningLogin;
const services: AuthService[] = [];

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'posthorn-auth-'));
  store = await openStore(join(dir, 'data'));
  await store.directory.addDomain('example.org', { at: 0 });
  await store.directory.addAccount(ALICE, await derivePassword(PASSWORD), 0);
  login = createLogin({ store, clock: new AdjustableClock(), log: silentLog });
});
after(async () => {
  for (const service of services) await service.close();
  await login.close();
  await store.close();
  rmSync(dir, { recursive: true });
});

async function serveAt(where: string): Promise<AuthService> {
  const service = createAuthService({ login, log: silentLog });
  services.push(service);
  await service.listen([where]);
  return service;
}

async function dialogue(path: string) {
  const socket = connect(path);
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  socket.on('error', () => {});
  await once(socket, 'connect');
  return {
    socket,
    say: (...lines: string[]) => void socket.write(lines.map((line) => `${line}\n`).join('')),
    /** The first line that begins so, which is taken away; answers to several requests come in any order. */
    hear: async (start: string): Promise<string> => {
      let found: string | undefined;
      await eventually(`a line ${start}`, async () => {
        const lines = text.split('\n').slice(0, -1);
        const at = lines.findIndex((line) => line.startsWith(start));
        if (at < 0) return false;
        found = lines[at];
        text = text.split('\n').toSpliced(at, 1).join('\n');
        return true;
      });
      return found ?? '';
    },
  };
}

test('the protocol: greeting, PLAIN, LOGIN, SCRAM, several at once, and mistakes', async () => {
  const path = join(dir, 'auth');
  await serveAt(path);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  const client = await dialogue(path);
  for (const line of ['VERSION\t1\t', 'MECH\tSCRAM-SHA-256\tmutual-auth', 'MECH\tPLAIN\tplaintext', 'MECH\tLOGIN\tplaintext', 'SPID\t', 'CUID\t', 'COOKIE\t', 'DONE']) await client.hear(line);
  client.say('VERSION\t1\t1', 'CPID\t42');
  client.say(`AUTH\t1\tPLAIN\tservice=smtp\trip=192.0.2.7\tresp=${plain(ALICE, PASSWORD)}`, `AUTH\t2\tPLAIN\tservice=smtp\tresp=${plain(ALICE, 'wrong')}`, 'AUTH\t3\tLOGIN\tservice=smtp');
  assert.equal(await client.hear('OK\t1'), `OK\t1\tuser=${ALICE}`);
  assert.equal(await client.hear('FAIL\t2'), `FAIL\t2\tuser=${ALICE}`);
  await client.hear('CONT\t3');
  client.say('AUTH\t3\tLOGIN\tservice=smtp');
  await once(client.socket, 'close');

  const second = await dialogue(path);
  second.say('VERSION\t1\t1', 'CPID\t43', 'AUTH\t1\tLOGIN\tservice=smtp');
  assert.equal(await second.hear('CONT\t1'), `CONT\t1\t${Buffer.from('Username:').toString('base64')}`);
  second.say(`CONT\t1\t${Buffer.from(ALICE).toString('base64')}`);
  await second.hear('CONT\t1');
  second.say(`CONT\t1\t${Buffer.from(PASSWORD).toString('base64')}`);
  await second.hear('OK\t1');

  const scram = createSaslClient('SCRAM-SHA-256', { username: ALICE, password: PASSWORD });
  second.say(`AUTH\t2\tSCRAM-SHA-256\tservice=imap\tresp=${(scram.initial as Buffer).toString('base64')}`);
  for (let round = 0; round < 2; round += 1) {
    const step = await scram.step(Buffer.from((await second.hear('CONT\t2')).split('\t')[2] ?? '', 'base64'));
    assert.ok(step.kind === 'respond');
    second.say(`CONT\t2\t${step.data.toString('base64')}`);
  }
  assert.equal(scram.serverProven, true);
  await second.hear('OK\t2');
  second.say('AUTH\t3\tCRAM-MD5\tservice=smtp', 'AUTH\t4\tPLAIN\tservice=smtp\tresp=!!!', 'AUTH\t5\tPLAIN\tservice=smtp\tresp=AA==', 'NOISE\tx', 'AUTH\t6\tPLAIN');
  for (const id of ['3', '4', '5']) await second.hear(`FAIL\t${id}`);
  await second.hear('CONT\t6');
  second.say('CANCEL\t6', 'VERSION\t2\t0');
  await once(second.socket, 'close');

  const third = await dialogue(path);
  third.say(`AUTH\t1\tPLAIN\tservice=smtp\tresp=${plain(ALICE, PASSWORD)}`);
  await once(third.socket, 'close');
  const fourth = await dialogue(path);
  fourth.socket.write('x'.repeat(40_000));
  await once(fourth.socket, 'close');

  await login.flush();
  const rows = await store.logins.list(ALICE, { failed: false, limit: 20 });
  assert.ok(rows.some(({ service, clientAddress, mechanism, outcome }) => service === 'smtp' && clientAddress === '192.0.2.7' && mechanism === 'PLAIN' && outcome === 'ok'));
});

test('our client of the protocol and our server agree; a store that is gone is temporary', async () => {
  const path = join(dir, 'both');
  const failing: Login = {
    mechanisms: ['PLAIN'],
    password: async (user, password, context) => {
      if (user === 'broken') throw new Error('the store is gone');
      return login.password(user, password, context);
    },
    scramSha256: (user, context) => login.scramSha256(user, context),
    scramFinished: (user, ok, context) => login.scramFinished(user, ok, context),
    bearer: (user, token, context) => login.bearer(user, token, context),
    withdrawn: (sessions) => login.withdrawn(sessions),
  };
  const service = createAuthService({ login: failing, log: silentLog });
  services.push(service);
  await service.listen([path]);
  const backend = createDovecotBackend({ kind: 'dovecot', name: 'other', socket: path }, silentLog);
  assert.deepEqual(await backend.check(backendUser(ALICE), PASSWORD), { kind: 'ok', address: ALICE });
  assert.deepEqual(await backend.check(backendUser(ALICE), 'not it'), { kind: 'unknown' });
  await assert.rejects(backend.check(backendUser('broken'), 'x'), { code: 'login-backend-down', temporary: true });
  await backend.close();
});

test('a socket left behind is replaced, one in use and other files are not', async () => {
  const path = join(dir, 'stale');
  const service = await serveAt(path);
  await assert.rejects(serveAt(path), { code: 'listen-path-taken' });
  await service.close();
  await serveAt(path);
  writeFileSync(join(dir, 'file'), '');
  await assert.rejects(serveAt(join(dir, 'file')), { code: 'listen-path-taken' });
});

test('Postfix asks us who its clients are', { skip: missingPeer('/usr/sbin/postfix', 'postfix') }, async () => {
  const { folder, authSocket } = preparePostfix();
  await serveAt(authSocket);
  const postfix = await startPostfixSubmission(folder, 'private/auth');
  try {
    const send = async (pass: string, method: string): Promise<string> => {
      const transport = createTransport({ host: '127.0.0.1', port: postfix.port, ignoreTLS: true, authMethod: method, auth: { user: ALICE, pass } });
      try {
        return (await transport.sendMail({ from: ALICE, to: 'far@example.net', subject: 'x', text: 'y' })).response;
      } catch (error) {
        return (error as Error).message;
      } finally {
        transport.close();
      }
    };
    await eventually('Postfix takes mail', async () => (await send(PASSWORD, 'PLAIN')).startsWith('250'));
    assert.match(await send(PASSWORD, 'LOGIN'), /^250/);
    assert.match(await send('wrong one', 'PLAIN'), /535/);
    await eventually('Postfix logs the user', async () => postfix.log().includes(`sasl_method=LOGIN, sasl_username=${ALICE}`));
  } finally {
    postfix.stop();
  }
});
