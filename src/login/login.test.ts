import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AdjustableClock } from '../base/clock.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import { Log } from '../base/log.ts';
import type { LogEntry } from '../base/log.ts';
import { createLogin } from './login.ts';
import { networkOf } from './network.ts';
import { derivePassword, deriveScram, verifyPassword } from '../store/password.ts';
import { openStore } from '../store/store.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-login-'));
const store = await openStore(dataDir);
await store.directory.addDomain('example.org', { at: 0 });
await store.directory.addAccount('alice@example.org', await derivePassword('correct horse'), 0);
await store.directory.addAccount('gone@example.org', await derivePassword('correct horse'), 0);
await store.directory.setDisabled('gone@example.org', true);
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

function setUp() {
  const entries: LogEntry[] = [];
  const clock = new AdjustableClock();
  /** The stored hash of every comparison. */
  const hashed: string[] = [];
  const verify = (hash: string, password: string): Promise<boolean> => {
    hashed.push(hash);
    return verifyPassword(hash, password);
  };
  const login = createLogin({ store, clock, log: new Log((entry) => entries.push(entry)), verify });
  return { clock, login, entries, hashed };
}

function from(clientAddress: string) {
  return { service: 'smtp', clientAddress } as const;
}

test('the right password opens, in any case of the user name; all others are denied with the reason in the log', async () => {
  const { login, entries } = setUp();
  const here = from('192.0.2.1');
  assert.partialDeepStrictEqual(await login.password('Alice@Example.org', 'correct horse', here), { kind: 'ok', account: 'alice@example.org' });
  assert.deepEqual(await login.password('alice@example.org', 'wrong horse', here), { kind: 'denied', reason: 'wrong-password' });
  assert.deepEqual(await login.password('nobody@example.org', 'correct horse', here), { kind: 'denied', reason: 'unknown-account' });
  assert.deepEqual(await login.password('gone@example.org', 'correct horse', here), { kind: 'denied', reason: 'disabled' });
  await login.password('my secret typed as user', 'x', here);
  assert.deepEqual(entries.map((entry) => entry.fields['reason']), ['wrong-password', 'unknown-account', 'disabled', 'unknown-account']);
  assert.doesNotMatch(JSON.stringify(entries), /horse|secret/);
});

test('an unknown account costs what a wrong password costs: one hash of the same making', async () => {
  const { login, hashed } = setUp();
  const here = from('192.0.2.1');
  await login.password('alice@example.org', 'another try', here);
  await login.password('nobody@example.org', 'another try', here);
  assert.equal(hashed.length, 2);
  const [known, standIn] = hashed.map((hash) => hash.split('$').slice(1, 4));
  assert.deepEqual(standIn, known, 'algorithm, version and cost are the same');
});

test('a password found right is not computed again, until it is changed or time is up', async () => {
  const { login, clock, hashed } = setUp();
  await store.directory.addAccount('dave@example.org', await derivePassword('first password'), 0);
  const here = from('192.0.2.1');
  assert.equal((await login.password('dave@example.org', 'first password', here)).kind, 'ok');
  for (let i = 0; i < 100; i += 1) assert.equal((await login.password('dave@example.org', 'first password', here)).kind, 'ok');
  assert.equal(hashed.length, 1, 'a hundred log-ins with one hash');
  await store.directory.setPassword('dave@example.org', await derivePassword('second password'), 1);
  assert.equal((await login.password('dave@example.org', 'first password', here)).kind, 'denied');
  assert.equal((await login.password('dave@example.org', 'second password', here)).kind, 'ok');
  clock.advance(DIRECTORY_LIMITS.passwordCacheMs + 1);
  assert.equal((await login.password('dave@example.org', 'second password', here)).kind, 'ok');
});

test('guessing is slowed down for its network, not for others, and never locks out', async () => {
  const { login, clock } = setUp();
  const attacker = from('203.0.113.9');
  const tries = DIRECTORY_LIMITS.failuresBeforeThrottle;
  for (let i = 0; i < tries; i += 1) await login.password('alice@example.org', `guess number ${i}`, attacker);
  assert.deepEqual(await login.password('alice@example.org', 'correct horse', from('203.0.113.77')), { kind: 'denied', reason: 'throttled' });
  assert.equal((await login.password('alice@example.org', 'correct horse', from('198.51.100.1'))).kind, 'ok');
  assert.deepEqual(await login.scramFinished('alice@example.org', true, attacker), { kind: 'denied', reason: 'throttled' });
  clock.advance(DIRECTORY_LIMITS.throttleDelayMaxMs);
  assert.equal((await login.password('alice@example.org', 'correct horse', attacker)).kind, 'ok');
});

test('many guesses at once are not all let through', async () => {
  const { login } = setUp();
  const results = await Promise.all(
    Array.from({ length: 30 }, (_, i) => login.password('nobody@example.org', `guess number ${i}`, from('203.0.113.50'))),
  );
  const checked = results.filter((result) => result.kind === 'denied' && result.reason !== 'throttled').length;
  assert.ok(checked <= DIRECTORY_LIMITS.failuresBeforeThrottle, `${checked} were checked`);
});

test('thirty log-ins at once with the right password all open, also when the first failures are just forgiven', async () => {
  const { login, clock } = setUp();
  for (const clientAddress of ['192.0.2.1', '127.0.0.1']) {
    const here = from(clientAddress);
    const all = (): Promise<string[]> => Promise.all(Array.from({ length: 30 }, async () => (await login.password('alice@example.org', 'correct horse', here)).kind));
    assert.deepEqual(new Set(await all()), new Set(['ok']));
    for (let i = 0; i < DIRECTORY_LIMITS.failuresBeforeThrottle; i += 1) await login.password('alice@example.org', `guess number ${i}`, here);
    clock.advance(DIRECTORY_LIMITS.throttleDelayMaxMs);
    assert.deepEqual(new Set(await all()), new Set(['ok']));
    const scram = await Promise.all(Array.from({ length: 30 }, async () => (await login.scramFinished('alice@example.org', true, here)).kind));
    assert.deepEqual(new Set(scram), new Set(['ok']));
  }
});

test('a forgotten device that repeats one old password throttles nobody', async () => {
  const { login } = setUp();
  const here = from('192.0.2.1');
  for (let i = 0; i < 40; i += 1) assert.deepEqual(await login.password('alice@example.org', 'old password', here), { kind: 'denied', reason: 'wrong-password' });
  assert.equal((await login.password('alice@example.org', 'correct horse', here)).kind, 'ok');
});

test('SCRAM gets the real credentials, and steady stand-ins for accounts that are not there or disabled', async () => {
  const { login } = setUp();
  const here = { service: 'smtp', clientAddress: '192.0.2.1' } as const;
  const real = await login.scramSha256('ALICE@example.org', here);
  const { storedKey } = await deriveScram('correct horse', real.salt, real.iterations);
  assert.deepEqual(real.storedKey, storedKey);
  for (const user of ['nobody@example.org', 'gone@example.org']) {
    const first = await login.scramSha256(user, here);
    const second = await setUp().login.scramSha256(user, here);
    assert.deepEqual(first, second);
    assert.equal(first.salt.length, real.salt.length);
    assert.equal(first.iterations, real.iterations);
  }
  assert.equal((await login.scramFinished('alice@example.org', true, here)).kind, 'ok');
  assert.deepEqual(await login.scramFinished('gone@example.org', true, here), { kind: 'denied', reason: 'disabled' });
});

test('networks are what one customer has', () => {
  assert.equal(networkOf('192.0.2.77'), '192.0.2.0/24');
  assert.equal(networkOf('::ffff:192.0.2.77'), '192.0.2.0/24');
  assert.equal(networkOf('2001:db8:1:2:3::1'), '2001:db8:1:2::/64');
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
});
