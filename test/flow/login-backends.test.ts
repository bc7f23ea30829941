/** Users whom others vouch for: each back end against the real thing, through a real SMTP log-in. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, afterEach, describe, test } from 'node:test';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { DEFAULT_LOGIN, type BackendConfig, type LoginConfig } from '../../src/config/login-config.ts';
import { createLogin, type RunningLogin } from '../../src/login/login.ts';
import { createProvisioningDirectory } from '../../src/login/provisioning-directory.ts';
import { fitsScheme } from '../../src/login/schemes/password-scheme.ts';
import { sha2Crypt } from '../../src/login/schemes/sha-crypt.ts';
import { createDirectory } from '../../src/store/directory.ts';
import { derivePassword } from '../../src/store/password.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { MARIADB, missingPeer, postgresFolder, SLAPD, startDovecotAuth, startMariadb, startPostgres, startSlapd } from '../harness/login-peers.ts';
import { withServer } from './smtp-server-kit.ts';

const ALICE = 'alice@example.org';
const SECRET = 'open sesame';
const here = { service: 'smtp', clientAddress: '192.0.2.1' } as const;

let dir: string;
let store: Store;
const logins: RunningLogin[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'posthorn-backends-'));
  store = await openStore(join(dir, 'data'));
  await store.directory.addDomain('example.org', { at: 0 });
});
afterEach(async () => {
  for (const login of logins.splice(0)) await login.close();
  await store.close();
  rmSync(dir, { recursive: true });
});

function loginWith(...backends: BackendConfig[]): RunningLogin & { readonly settings: { login: LoginConfig } } {
  const settings = { login: { ...DEFAULT_LOGIN, backends } };
  const login = createLogin({ store, clock: new AdjustableClock(), log: silentLog, config: settings });
  logins.push(login);
  return Object.assign(login, { settings });
}

async function outcome(login: RunningLogin, user: string, password: string): Promise<string> {
  try {
    const result = await login.password(user, password, here);
    return result.kind === 'ok' ? result.account : result.reason;
  } catch (error) {
    assert.equal((error as { temporary?: boolean }).temporary, true, String(error));
    return (error as { code: string }).code;
  }
}

/** What every back end has in common, for one that knows alice, and not bob. */
async function expectOrdinary(login: RunningLogin): Promise<void> {
  assert.equal(await outcome(login, 'Alice@Example.org', SECRET), ALICE);
  assert.equal(await outcome(login, ALICE, 'wrong'), 'wrong-password');
  assert.equal(await outcome(login, ALICE, ''), 'wrong-password');
  assert.equal(await outcome(login, 'bob@example.org', SECRET), 'unknown-account');
  for (const hostile of ["x' OR '1'='1", 'x)(uid=*', '*', 'alice*@example.org', 'x,ou=people', `${'x'.repeat(500)}@example.org`]) assert.match(await outcome(login, hostile, SECRET), /unknown-account|wrong-password/, hostile);
  await withServer({ service: 'submissions', ports: { login } }, async (kit) => {
    const client = await kit.secureClient();
    await client.greet();
    assert.equal(await client.say(`AUTH PLAIN ${Buffer.from(`\0${ALICE}\0wrong`).toString('base64')}`), '535 5.7.8');
    assert.equal(await client.say(`AUTH PLAIN ${Buffer.from(`\0${ALICE}\0${SECRET}`).toString('base64')}`), '235 2.7.0');
  });
}

/** Mail for an address that only the back end knows gets a mailbox. */
async function expectProvisioning(login: RunningLogin & { readonly settings: { login: LoginConfig } }): Promise<void> {
  const directory = createProvisioningDirectory({ directory: createDirectory({ store, hostname: 'mail.example.org' }), provision: (address) => login.provision(address), config: login.settings });
  assert.deepEqual(await directory.resolve('Alice+tag@example.org'), { kind: 'mailbox', account: ALICE, detail: 'tag' });
  assert.deepEqual(await directory.resolve('bob@example.org'), { kind: 'unknown' });
  assert.deepEqual(await directory.resolve('alice@elsewhere.example'), { kind: 'remote' });
  assert.equal((await store.directory.credentials(ALICE))?.origin, login.settings.login.backends[0]?.name);
}

describe('a file of users', () => {
  const file = (): string => join(dir, 'users');
  const backend = (): BackendConfig => ({ kind: 'file', name: 'file', file: file() });

  test('hashes of several kinds, read again when it changes, closed accounts', async () => {
    const hash = sha2Crypt('$6$saltsalt', SECRET) as string;
    assert.equal(await fitsScheme(hash, SECRET), true);
    writeFileSync(file(), `# users\n${ALICE}:${hash}:1000:100::/home\nlocal:{PLAIN}${SECRET}\nclosed@example.org:!\nodd@example.org:{NTLM}xyz\n`);
    const login = loginWith(backend());
    await expectProvisioning(login);
    await expectOrdinary(login);
    assert.equal(await outcome(login, 'local@example.org', SECRET), 'local@example.org');
    assert.equal(await outcome(login, 'closed@example.org', '!'), 'disabled');
    assert.equal(await outcome(login, 'odd@example.org', SECRET), 'password-hash-unusable');
    writeFileSync(`${file()}.new`, `${ALICE}:{PLAIN}another\n`);
    renameSync(`${file()}.new`, file());
    assert.equal(await outcome(login, ALICE, SECRET), 'wrong-password');
    assert.equal(await outcome(login, ALICE, 'another'), ALICE);
    rmSync(file());
    assert.equal(await outcome(login, ALICE, 'another'), 'login-backend-down');
  });

  test('the first that knows the user decides; one that does not answer lets nobody through to the next', async () => {
    await store.directory.addAccount('own@example.org', await derivePassword('own password'), 0);
    writeFileSync(file(), `${ALICE}:{PLAIN}${SECRET}\nown@example.org:{PLAIN}${SECRET}\n`);
    const storeFirst = loginWith({ kind: 'store', name: 'store' }, backend());
    assert.equal(await outcome(storeFirst, ALICE, SECRET), ALICE);
    assert.equal(await outcome(storeFirst, 'own@example.org', 'own password'), 'own@example.org');
    assert.equal(await outcome(storeFirst, 'own@example.org', SECRET), 'wrong-password', 'the store knows that user');
    assert.deepEqual(storeFirst.mechanisms, ['PLAIN', 'LOGIN'], 'no SCRAM that could not work');
    const down = loginWith({ kind: 'file', name: 'gone', file: join(dir, 'nothing') }, { kind: 'store', name: 'store' });
    assert.equal(await outcome(down, 'own@example.org', 'own password'), 'login-backend-down');
    const elsewhere = loginWith({ kind: 'file', name: 'gone', file: join(dir, 'nothing'), domains: ['example.net'] }, { kind: 'store', name: 'store' });
    assert.equal(await outcome(elsewhere, 'own@example.org', 'own password'), 'own@example.org');
  });

  test('no mailbox is made in a domain that is not ours, nor when the administrator says so', async () => {
    writeFileSync(file(), `alice@example.net:{PLAIN}${SECRET}\n${ALICE}:{PLAIN}${SECRET}\n`);
    assert.equal(await outcome(loginWith(backend()), 'alice@example.net', SECRET), 'unknown-account');
    assert.equal(await outcome(loginWith({ ...backend(), provision: false } as BackendConfig), ALICE, SECRET), 'unknown-account');
  });
});

describe('a database', () => {
  const table = `CREATE TABLE users (mail VARCHAR(200) PRIMARY KEY, box VARCHAR(200), hash VARCHAR(200)); INSERT INTO users VALUES ('alice@example.org', NULL, '{PLAIN}${SECRET}'), ('nick@example.org', 'alice@example.org', '{PLAIN}nickname'), ('closed@example.org', NULL, NULL);`;
  const queries = { passwordQuery: "SELECT hash AS password, box AS address FROM users WHERE mail = :user AND ':user' <> mail", userQuery: 'SELECT 1 FROM users WHERE mail = :local || \'@\' || :domain' };

  async function expectDatabase(login: RunningLogin & { readonly settings: { login: LoginConfig } }): Promise<void> {
    await expectProvisioning(login);
    await expectOrdinary(login);
    assert.equal(await outcome(login, 'nick@example.org', 'nickname'), ALICE, 'the mailbox that the query names');
    assert.equal(await outcome(login, 'closed@example.org', ''), 'disabled');
  }

  test('SQLite', async () => {
    const path = join(dir, 'users.db');
    const database = new DatabaseSync(path);
    database.exec(table);
    database.close();
    await expectDatabase(loginWith({ kind: 'sql', name: 'sql', url: `sqlite:${path}`, ...queries }));
    assert.equal(await outcome(loginWith({ kind: 'sql', name: 'sql', url: `sqlite:${path}.no`, ...queries }), ALICE, SECRET), 'login-backend-down');
    assert.equal(await outcome(loginWith({ kind: 'sql', name: 'sql', url: `sqlite:${path}`, passwordQuery: 'SELECT hash AS password FROM users' }), ALICE, SECRET), 'login-backend-down', 'a query that names nobody');
  });

  const programs = postgresFolder();
  test('PostgreSQL', { skip: programs === undefined ? 'postgresql is not installed' : missingPeer(programs, 'postgresql') }, async () => {
    const peer = await startPostgres(programs ?? '', table);
    writeFileSync(join(dir, 'password'), 'secret\n');
    const login = loginWith({ kind: 'sql', name: 'pg', url: `postgres://mail@127.0.0.1:${peer.port}/mail`, sqlPasswordFile: join(dir, 'password'), ...queries });
    try {
      await expectDatabase(login);
    } finally {
      await peer.stop();
    }
    assert.equal(await outcome(login, ALICE, SECRET), 'login-backend-down');
  });

  test('MariaDB', { skip: missingPeer(MARIADB, 'mariadb-server') }, async () => {
    const peer = await startMariadb(table);
    writeFileSync(join(dir, 'password'), 'secret\n');
    const login = loginWith({ kind: 'sql', name: 'maria', url: `mysql://mail@127.0.0.1:${peer.port}/mail`, sqlPasswordFile: join(dir, 'password'), passwordQuery: queries.passwordQuery, userQuery: "SELECT 1 FROM users WHERE mail = CONCAT(:local, '@', :domain)" });
    try {
      await expectDatabase(login);
    } finally {
      await peer.stop();
    }
    assert.equal(await outcome(login, ALICE, SECRET), 'login-backend-down');
  });
});

describe('LDAP', { skip: missingPeer(SLAPD, 'slapd') }, () => {
  let peer: Awaited<ReturnType<typeof startSlapd>>;
  before(async () => {
    peer = await startSlapd({ alice: { mail: ALICE, password: SECRET }, nick: { mail: ALICE.replace('alice', 'nick'), password: 'nickname' } });
  });
  after(async () => peer.stop());

  const searching = (more: Partial<Extract<BackendConfig, { kind: 'ldap' }>> = {}): BackendConfig => {
    writeFileSync(join(dir, 'manager'), 'manager\n');
    return {
      kind: 'ldap',
      name: 'ldap',
      url: `ldaps://localhost:${peer.tlsPort}`,
      caFile: peer.caFile,
      startTls: false,
      bindDn: 'cn=manager,dc=example,dc=org',
      bindPasswordFile: join(dir, 'manager'),
      base: 'ou=people,dc=example,dc=org',
      filter: '(mail=%u)',
      ...more,
    };
  };

  test('search and bind over TLS', async () => {
    const login = loginWith(searching());
    await expectProvisioning(login);
    await expectOrdinary(login);
    assert.equal(await outcome(loginWith(searching({ filter: '(uid=%n)', addressAttribute: 'mail' })), ALICE, SECRET), ALICE);
    assert.equal(await outcome(loginWith(searching({ filter: '(objectClass=inetOrgPerson)' })), ALICE, SECRET), 'login-backend-down', 'more than one entry');
  });

  test('STARTTLS, and a DN from a template', async () => {
    await expectOrdinary(loginWith(searching({ url: `ldap://localhost:${peer.port}`, startTls: true })));
    const { base: _, filter: __, ...template } = searching({ bindTemplate: 'uid=%n,ou=people,dc=example,dc=org' }) as Extract<BackendConfig, { kind: 'ldap' }>;
    const login = loginWith(template);
    assert.equal(await outcome(login, ALICE, SECRET), ALICE);
    assert.equal(await outcome(login, ALICE, 'wrong'), 'wrong-password');
    assert.equal(await outcome(login, 'x+cn=manager@example.org', SECRET), 'unknown-account');
  });

  test('what is no answer is temporary: a certificate that nobody vouches for, a wrong password of ours, nobody there', async () => {
    const { caFile: _, ...unverified } = searching() as Extract<BackendConfig, { kind: 'ldap' }>;
    assert.equal(await outcome(loginWith(unverified), ALICE, SECRET), 'login-backend-down');
    const { caFile: __, ...noTls } = searching({ url: `ldap://localhost:${peer.port}`, startTls: true }) as Extract<BackendConfig, { kind: 'ldap' }>;
    assert.equal(await outcome(loginWith(noTls), ALICE, SECRET), 'login-backend-down');
    const wrong = searching();
    writeFileSync(join(dir, 'manager'), 'not it\n');
    assert.equal(await outcome(loginWith(wrong), ALICE, SECRET), 'login-backend-down');
    assert.equal(await outcome(loginWith(searching({ url: 'ldap://127.0.0.1:1' })), ALICE, SECRET), 'login-backend-down');
  });
});

test('Dovecot as a client of its auth service', { skip: missingPeer('/usr/sbin/dovecot', 'dovecot-core') }, async () => {
  const peer = await startDovecotAuth({ [ALICE]: SECRET });
  const backend: BackendConfig = { kind: 'dovecot', name: 'dovecot', socket: peer.clientSocket, userdbSocket: peer.userdbSocket };
  const login = loginWith(backend);
  try {
    await expectProvisioning(login);
    await expectOrdinary(login);
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => outcome(login, ALICE, SECRET)))), new Set([ALICE]));
  } finally {
    await peer.stop();
  }
  assert.equal(await outcome(loginWith(backend), ALICE, SECRET), 'login-backend-down');
});

test('an app password of a user whom the back end no longer knows opens nothing', async () => {
  const path = join(dir, 'users');
  writeFileSync(path, `${ALICE}:{PLAIN}${SECRET}\n`);
  const login = loginWith({ kind: 'file', name: 'file', file: path });
  assert.equal(await outcome(login, ALICE, SECRET), ALICE);
  const { appPasswordDigest, APP_PASSWORD_SECRET } = await import('../../src/login/app-password.ts');
  const digest = appPasswordDigest(await store.directory.secret(APP_PASSWORD_SECRET), ALICE, 'abcde-fghij');
  await store.logins.appPasswords.add({ account: ALICE, name: 'phone', digest, scopes: ['smtp'], at: 0 });
  assert.equal(await outcome(login, ALICE, 'abcde-fghij'), ALICE);
  writeFileSync(path, 'bob@example.org:{PLAIN}x\n');
  assert.equal(await outcome(loginWith({ kind: 'file', name: 'file', file: path }), ALICE, 'abcde-fghij'), 'disabled');
});
