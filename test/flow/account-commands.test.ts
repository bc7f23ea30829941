/** `posthorn account …` without a server: app passwords, one-time codes, shared mailboxes, log-ins. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { administer } from '../harness/serve-process.ts';

const ALICE = 'alice@example.org';

test('what opens an account is made, shown once, listed and taken away', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-account-'));
  const config = join(dir, 'posthorn.toml');
  writeFileSync(config, 'hostname = "mail.example.org"\ndata-dir = "data"\n[log]\nfile = "log"\n');
  const run = (...args: string[]) => administer(config, ['account', ...args]);
  try {
    assert.equal((await run('add', ALICE, '--create-domain')).status, 0);
    assert.equal((await run('add', 'team@example.org', '--shared')).status, 0);
    const made = JSON.parse((await run('app-password', 'add', ALICE, 'my phone', '--scope', 'imap,smtp', '--json')).stdout) as { password: string; scopes: string[] };
    assert.deepEqual(made.scopes, ['imap', 'smtp']);
    const listed = (await run('app-password', 'list', ALICE)).stdout;
    assert.match(listed, /my phone {2}imap smtp {2}never/);
    assert.equal(listed.includes(made.password), false);
    assert.notEqual((await run('app-password', 'add', ALICE, 'x', '--scope', 'web')).status, 0);
    assert.equal((await run('app-password', 'add', ALICE, 'my phone')).status, 1);
    assert.equal((await run('app-password', 'add', 'team@example.org', 'x')).status, 1);
    assert.match((await run('totp', 'enable', ALICE)).stdout, /otpauth:\/\/totp\//);
    assert.equal((await run('totp', 'confirm', ALICE, '000000x')).status, 1);
    assert.match((await run('totp', 'status', ALICE)).stdout, /waiting for the first code/);
    assert.equal((await run('totp', 'disable', ALICE)).status, 0);
    assert.equal((await run('totp', 'disable', ALICE)).status, 1);
    const shown = JSON.parse((await run('show', ALICE, '--json')).stdout) as Record<string, unknown>;
    assert.deepEqual([shown['appPasswords'], shown['totp'], shown['shared'], shown['lastLogin']], [1, 'off', false, null]);
    assert.match((await run('show', 'team@example.org')).stdout, /open, shared/);
    assert.match((await run('logins', ALICE)).stdout + (await run('logins', ALICE)).stderr, /no log-ins yet/);
    assert.equal((await run('logins', 'nobody@example.org')).status, 1);
    assert.equal((await run('app-password', 'remove', ALICE, 'my phone')).status, 0);
    assert.equal((await run('app-password', 'nonsense', ALICE)).status, 2);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
