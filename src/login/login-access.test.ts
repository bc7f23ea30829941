import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ACCOUNT_LIMITS } from '../base/account-limits.ts';
import { AdjustableClock } from '../base/clock.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import { Log, silentLog } from '../base/log.ts';
import type { LogEntry } from '../base/log.ts';
import { DEFAULT_LOGIN, type LoginConfig } from '../config/login-config.ts';
import type { LoginService } from '../contract/directory.ts';
import { derivePassword, unmatchableCredentials } from '../store/password.ts';
import { openStore } from '../store/store.ts';
import { APP_PASSWORD_SECRET, appPasswordDigest } from './app-password.ts';
import { createLogin } from './login.ts';
import { createSecondFactors } from './second-factor.ts';
import { totpCode, totpStep } from './totp.ts';

const ALICE = 'alice@example.org';
const MAIN = 'correct horse';
const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-access-'));
const store = await openStore(dataDir);
await store.directory.addDomain('example.org', { at: 0 });
for (const name of ['alice', 'bob', 'carol', 'dora']) await store.directory.addAccount(`${name}@example.org`, await derivePassword(MAIN), 0);
await store.directory.addAccount('team@example.org', unmatchableCredentials(), 0, { shared: true });
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

function setUp(settings: Partial<LoginConfig> = {}) {
  const entries: LogEntry[] = [];
  const clock = new AdjustableClock();
  const login = createLogin({ store, clock, log: new Log((entry) => entries.push(entry)), config: { login: { ...DEFAULT_LOGIN, ...settings } } });
  return { clock, login, entries };
}

function from(clientAddress: string, service: LoginService = 'imap') {
  return { service, clientAddress, mechanism: 'PLAIN' } as const;
}

async function appPassword(account: string, name: string, password: string, scopes: readonly string[]): Promise<void> {
  const digest = appPasswordDigest(await store.directory.secret(APP_PASSWORD_SECRET), account, password);
  await store.logins.appPasswords.add({ account, name, digest, scopes, at: 0 });
}

test('an app password opens what it is good for, however it is typed, until it is removed', async () => {
  const { login } = setUp();
  await appPassword(ALICE, 'phone', 'abcde-fghjk-mnpqr-stuvw', ['imap', 'smtp']);
  for (const typed of ['abcde-fghjk-mnpqr-stuvw', 'abcdefghjkmnpqrstuvw', 'ABCDE FGHJK MNPQR STUVW']) {
    assert.partialDeepStrictEqual(await login.password('Alice@Example.org', typed, from('192.0.2.1')), { kind: 'ok', account: ALICE, appPassword: 'phone' });
  }
  assert.deepEqual(await login.password(ALICE, 'abcde-fghjk-mnpqr-stuvw', from('192.0.2.1', 'pop3')), { kind: 'denied', reason: 'scope' });
  assert.deepEqual(await login.password(ALICE, 'abcde-fghjk-mnpqr-stuvw', from('192.0.2.1', 'http')), { kind: 'denied', reason: 'scope' });
  assert.equal((await login.password('bob@example.org', 'abcde-fghjk-mnpqr-stuvw', from('192.0.2.1'))).kind, 'denied');
  await login.flush();
  const [row] = await store.logins.appPasswords.list(ALICE);
  assert.deepEqual([row?.usedFrom, row?.usedService], ['192.0.2.1', 'imap']);
  await assert.rejects(store.logins.appPasswords.add({ account: ALICE, name: 'phone', digest: new Uint8Array(32), scopes: ['imap'], at: 0 }), { code: 'app-password-exists' });
  await store.logins.appPasswords.remove(ALICE, 'phone');
  assert.equal((await login.password(ALICE, 'abcde-fghjk-mnpqr-stuvw', from('192.0.2.1'))).kind, 'denied');
  await assert.rejects(store.logins.appPasswords.remove(ALICE, 'phone'), { code: 'app-password-unknown' });
});

test('nobody logs in to a shared mailbox, nor gives it a password', async () => {
  const { login } = setUp();
  assert.equal((await login.password('team@example.org', MAIN, from('192.0.2.1'))).kind, 'denied');
  await assert.rejects(store.directory.setPassword('team@example.org', await derivePassword(MAIN), 1), { code: 'account-shared' });
  await assert.rejects(appPassword('team@example.org', 'x', 'abcde', ['imap']), { code: 'account-shared' });
});

test('a local part is enough with a default domain', async () => {
  assert.equal((await setUp().login.password('alice', MAIN, from('192.0.2.1'))).kind, 'denied');
  assert.partialDeepStrictEqual(await setUp({ defaultDomain: 'example.org' }).login.password('Alice', MAIN, from('192.0.2.1')), { kind: 'ok', account: ALICE });
});

test('one-time codes: on after a first code, each good once, recovery codes too; mail programs then need app passwords', async () => {
  const { login, clock } = setUp();
  const bob = 'bob@example.org';
  const factors = createSecondFactors({ store, clock, log: silentLog, issuer: 'mail.example.org' });
  const { uri } = await factors.enable(bob);
  assert.equal((await factors.status(bob)).state, 'waiting');
  assert.equal((await login.password(bob, MAIN, from('192.0.2.1'))).kind, 'ok', 'not before it is on');
  const secret = unbase32(/secret=([A-Z2-7]+)/.exec(uri)?.[1] ?? '');
  const code = (steps = 0): string => totpCode(secret, totpStep(clock.now()) + steps);
  await assert.rejects(factors.confirm(bob, '000000'), { code: 'totp-code-wrong' });
  const { recoveryCodes } = await factors.confirm(bob, code());
  assert.equal(recoveryCodes.length, ACCOUNT_LIMITS.recoveryCodes);
  await assert.rejects(factors.enable(bob), { code: 'totp-on' });
  assert.equal(await factors.check(bob, code(), '192.0.2.1'), 'used', 'the one it was switched on with');
  clock.advance(60_000);
  assert.equal(await factors.check(bob, code(), '192.0.2.1'), 'ok');
  assert.equal(await factors.check(bob, code(), '192.0.2.1'), 'used');
  assert.equal(await factors.check(bob, code(-1), '192.0.2.1'), 'used', 'an older one after a newer one');
  assert.equal(await factors.check(bob, (recoveryCodes[0] as string).toUpperCase().replace('-', ' '), '192.0.2.1'), 'ok');
  assert.notEqual(await factors.check(bob, recoveryCodes[0] as string, '192.0.2.1'), 'ok');
  assert.equal((await factors.status(bob)).recoveryCodesLeft, ACCOUNT_LIMITS.recoveryCodes - 1);

  assert.deepEqual(await login.password(bob, MAIN, from('192.0.2.1')), { kind: 'denied', reason: 'second-factor' });
  assert.equal((await login.password(bob, MAIN, from('192.0.2.1', 'http'))).kind, 'ok', 'the web log-in asks for the code itself');
  const scram = await login.scramSha256(bob, from('192.0.2.1'));
  assert.notDeepEqual(scram.storedKey, Buffer.from((await store.directory.credentials(bob))?.scramStoredKey ?? []));
  await appPassword(bob, 'laptop', 'zzzzz-yyyyy-xxxxx-wwwww', ['imap']);
  assert.equal((await login.password(bob, 'zzzzz-yyyyy-xxxxx-wwwww', from('192.0.2.1'))).kind, 'ok');
  assert.equal((await setUp({ totpNeedsAppPasswords: false }).login.password(bob, MAIN, from('192.0.2.1'))).kind, 'ok');

  const row = await store.logins.secondFactors.get(bob);
  assert.equal(Buffer.from(row?.sealedSecret ?? []).includes(secret), false, 'sealed in the database');
  assert.equal(statSync(join(dataDir, 'second-factors.key')).mode & 0o777, 0o600);
  assert.equal(await factors.disable(bob), true);
  assert.equal((await login.password(bob, MAIN, from('192.0.2.1'))).kind, 'ok');
});

test('guessing of codes is slowed down', async () => {
  const { clock } = setUp();
  const carol = 'carol@example.org';
  const factors = createSecondFactors({ store, clock, log: silentLog, issuer: 'x' });
  const { uri } = await factors.enable(carol);
  await factors.confirm(carol, totpCode(unbase32(/secret=([A-Z2-7]+)/.exec(uri)?.[1] ?? ''), totpStep(clock.now())));
  const results = [];
  for (let i = 0; i < 8; i += 1) results.push(await factors.check(carol, `00000${i}x`, '198.51.100.1'));
  assert.equal(results.filter((result) => result === 'wrong').length, ACCOUNT_LIMITS.totpFailuresBeforeThrottle);
  assert.equal(results.at(-1), 'throttled');
  // Who guesses codes has the password: other addresses are no other guesser.
  assert.equal(await factors.check(carol, '00000x', '203.0.113.9'), 'throttled');
  await factors.disable(carol);
});

test('an owner at a known address gets in while the neighbours guess, also after a restart', async () => {
  const before = setUp();
  const home = from('198.51.100.7');
  assert.equal((await before.login.password('dora@example.org', MAIN, home)).kind, 'ok');
  for (let i = 0; i < DIRECTORY_LIMITS.failuresBeforeThrottle + 3; i += 1) await before.login.password('dora@example.org', `guess number ${i}`, from('198.51.100.200'));
  assert.deepEqual(await before.login.password('dora@example.org', MAIN, from('198.51.100.8')), { kind: 'denied', reason: 'throttled' }, 'a neighbour');
  assert.equal((await before.login.password('dora@example.org', MAIN, home)).kind, 'ok', 'before it was written down');
  await before.login.close();

  const { login } = setUp();
  assert.deepEqual(await login.password('dora@example.org', MAIN, from('198.51.100.8')), { kind: 'denied', reason: 'throttled' }, 'the failures are remembered');
  assert.equal((await login.password('dora@example.org', MAIN, home)).kind, 'ok', 'and so is the address');
});

test('at a known address too many wrong ones slow down, and never refuse', async () => {
  const { login, clock } = setUp();
  const home = from('203.0.113.7');
  const other = from('203.0.113.200');
  assert.equal((await login.password(ALICE, MAIN, home)).kind, 'ok');
  for (let i = 0; i < DIRECTORY_LIMITS.failuresBeforeThrottle + 1; i += 1) await login.password(ALICE, `theirs ${i}`, other);
  for (let i = 0; i < DIRECTORY_LIMITS.failuresBeforeThrottle; i += 1) assert.deepEqual(await login.password(ALICE, `mine ${i}`, home), { kind: 'denied', reason: 'wrong-password' });
  const waiting = login.password(ALICE, MAIN, home);
  const late = Promise.race([waiting, new Promise((resolve) => setImmediate(() => setImmediate(() => resolve('waits'))))]);
  assert.equal(await late, 'waits');
  const again = setInterval(() => clock.advance(ACCOUNT_LIMITS.knownAddressPaceMs), 5);
  assert.equal((await waiting).kind, 'ok');
  clearInterval(again);
});

test('the audit: like log-ins share a row, failures keep their half, names that nobody has are not kept', async () => {
  const { login, clock } = setUp();
  const carol = 'carol@example.org';
  const mine = { service: 'smtp', clientAddress: '192.0.2.99', mechanism: 'SCRAM-SHA-256' } as const;
  for (let i = 0; i < 5; i += 1) await login.scramFinished(carol, true, mine);
  await login.flush();
  clock.advance(60_000);
  await login.scramFinished(carol, true, mine);
  await login.password(carol, 'no', mine);
  await login.password('my password as user', 'x', mine);
  await login.flush();
  const rows = (await store.logins.list(carol, { failed: false, limit: 10 })).filter(({ clientAddress }) => clientAddress === '192.0.2.99');
  assert.deepEqual(rows.map(({ outcome, times, mechanism }) => [outcome, times, mechanism]), [['wrong-password', 1, 'SCRAM-SHA-256'], ['ok', 6, 'SCRAM-SHA-256']]);
  assert.deepEqual((await store.logins.list(carol, { failed: true, limit: 10 })).map(({ outcome }) => outcome), ['wrong-password']);
  clock.advance(2 * DEFAULT_LOGIN.auditRetentionMs);
  await login.password(carol, MAIN, from('192.0.2.3'));
  await login.flush();
  assert.equal((await store.logins.list(carol, { failed: false, limit: 10 })).length, 1, 'what is older is gone');
});

test('a removed account leaves nothing behind', async () => {
  const { login } = setUp();
  await store.directory.addAccount('gone@example.org', await derivePassword(MAIN), 0);
  await appPassword('gone@example.org', 'x', 'abcde-abcde', ['imap']);
  await login.password('gone@example.org', MAIN, from('192.0.2.1'));
  await login.flush();
  await store.directory.removeAccount('gone@example.org');
  await store.directory.addAccount('gone@example.org', await derivePassword('another horse'), 0);
  assert.equal((await login.password('gone@example.org', 'abcde-abcde', from('192.0.2.1'))).kind, 'denied');
  assert.deepEqual(await store.logins.appPasswords.list('gone@example.org'), []);
});

function unbase32(text: string): Buffer {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
