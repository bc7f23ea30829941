/** Backups of a running server, and everything, an account and one message back out of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Home } from './cli-kit.ts';

interface BackupResult {
  readonly id: string;
  readonly messages: number;
  readonly accounts: number;
  readonly newBytes: number;
  readonly totalBytes: number;
  readonly problems: readonly string[];
}

const home = new Home('[listen]\n');
const folder = join(home.folder, 'backups');

/** Large enough for a file of its own. */
const LARGE = 'x'.repeat(76).concat('\n').repeat(20_000);

async function deliver(subject: string, text = 'hello'): Promise<void> {
  const { status, stderr } = await home.run('sendmail', ['-i', 'alice@example.org'], `From: alice@example.org\nTo: alice@example.org\nSubject: ${subject}\nMessage-ID: <${subject}@example.org>\n\n${text}\n`);
  assert.equal(status, 0, stderr);
}

before(async () => {
  await home.posthorn(['domain', 'add', 'example.org']);
  await home.posthorn(['account', 'add', 'alice@example.org']);
  await home.start();
  await deliver('one');
  await deliver('large', LARGE);
  await home.messages('alice@example.org', 2);
});
after(() => home.close());

describe('posthorn backup and restore', () => {
  it('back a running server up, and again write only what is new', async () => {
    const first = await home.json<BackupResult>(['backup', folder]);
    assert.deepEqual([first.messages, first.accounts, first.problems], [2, 1, []]);
    await deliver('two');
    await home.messages('alice@example.org', 3);
    const second = await home.json<BackupResult>(['backup', folder]);
    assert.deepEqual([second.messages, second.problems], [3, []]);
    assert.ok(second.newBytes < first.newBytes / 2, `${second.newBytes} of ${first.newBytes}`);
    const { backups } = await home.json<{ backups: readonly BackupResult[] }>(['backup', folder, '--list']);
    assert.deepEqual(backups.map(({ id }) => id), [first.id, second.id]);
    assert.equal((await home.posthorn(['backup', folder, '--check'])).status, 0);
  });

  it('bring one message back into the living account, and a whole folder', async () => {
    const [message] = await home.messages('alice@example.org', 3);
    assert.ok(message);
    const args = ['restore', folder, '--account', 'alice@example.org', '--message-id', '<large@example.org>'];
    const one = await home.json<{ stored: number; folders: readonly { name: string; stored: number }[] }>(args);
    assert.equal(one.stored, 1);
    assert.deepEqual(one.folders.filter(({ stored }) => stored > 0).map(({ name }) => name), ['Restored/INBOX']);
    const rest = await home.json<{ stored: number; known: number }>(['restore', folder, '--account', 'alice@example.org', '--folder', 'INBOX']);
    assert.deepEqual([rest.stored, rest.known], [2, 1]);
    const { messages } = await home.json<{ messages: readonly { subject: string }[] }>(['mail', 'list', '--account', 'alice@example.org', '--folder', 'Restored/INBOX']);
    assert.deepEqual(messages.map(({ subject }) => subject).toSorted(), ['large', 'one', 'two']);
    assert.equal((await home.posthorn(['restore', folder, '--account', 'nobody@example.org'])).status, 1);
  });

  it('make a whole data directory again that a server runs on', async () => {
    const target = join(home.folder, 'again');
    const { configuration } = await home.json<{ configuration: string }>(['restore', folder, '--to', target]);
    assert.match(configuration, /hostname = "mail\.example\.org"/);
    const config = join(home.folder, 'again.toml');
    writeFileSync(config, configuration.replace('"data"', '"again"'));
    const { status, stdout, stderr } = await home.posthorn(['mail', 'list', '--account', 'alice@example.org', '--config', config, '--json']);
    assert.equal(status, 0, stderr);
    assert.deepEqual((JSON.parse(stdout) as { messages: { subject: string }[] }).messages.map(({ subject }) => subject).toSorted(), ['large', 'one', 'two']);
    const bodies = readdirSync(join(target, 'bodies'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    assert.equal(bodies.length, 1);
    assert.equal((await home.posthorn(['restore', folder, '--to', target])).status, 1);
  });

  it('keep the newest, and say when a backup was damaged', async () => {
    const last = await home.json<BackupResult>(['backup', folder, '--keep', '1']);
    const { backups } = await home.json<{ backups: readonly BackupResult[] }>(['backup', folder, '--list']);
    assert.deepEqual(backups.map(({ id }) => id), [last.id]);
    const objects = readdirSync(join(folder, 'objects'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const body = objects.find((path) => createHash('sha256').update(readFileSync(path)).digest('hex') === path.slice(-64) && readFileSync(path).length > 1_000_000);
    assert.ok(body);
    const bytes = readFileSync(body);
    bytes[bytes.length - 10] = 65;
    writeFileSync(body, bytes);
    const damaged = await home.posthorn(['backup', folder, '--check']);
    assert.equal(damaged.status, 1);
    assert.match(damaged.stderr, /bodies\/.* is not what it was/);
    assert.match((await home.posthorn(['restore', folder, '--to', join(home.folder, 'third')])).stderr, /the backup is damaged: .* is missing or not what it was; use another backup/);
    // The server still has it: the next backup is whole again.
    await home.json(['backup', folder]);
    assert.equal((await home.posthorn(['backup', folder, '--check'])).status, 0);
  });

  it('may lie in the data directory, and do not hold themselves', async () => {
    const inside = join(home.data, 'backups');
    await home.json(['backup', inside]);
    const second = await home.json<BackupResult>(['backup', inside]);
    assert.deepEqual(second.problems, []);
    const [manifest = ''] = readdirSync(join(inside, 'snapshots'));
    assert.doesNotMatch(readFileSync(join(inside, 'snapshots', manifest), 'utf8'), /backups\/objects/);
    rmSync(inside, { recursive: true });
  });

  it('that somebody changed lead nowhere', async () => {
    const [name = ''] = readdirSync(join(folder, 'snapshots'));
    const path = join(folder, 'snapshots', name);
    const whole = readFileSync(path, 'utf8');
    for (const [from, to, words] of [
      [/"path":"keys/, '"path":"../../keys', /files\.\d+\.path: leads out of the data directory/],
      [/"digest":"[0-9a-f]{64}"/, '"digest":"../../../etc/passwd"', /digest: Invalid/],
      [/^\{/, '', /it is not JSON/],
    ] as const) {
      assert.match(whole, from);
      writeFileSync(path, whole.replace(from, to));
      const { status, stderr } = await home.posthorn(['restore', folder, '--to', join(home.folder, 'nowhere')]);
      assert.equal(status, 1);
      assert.match(stderr, words);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
    writeFileSync(path, whole);
  });
});
