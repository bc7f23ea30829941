/** What an administrator does who does not trust the disk: `posthorn verify`. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { Home } from './cli-kit.ts';

interface Outcome {
  readonly mails: number;
  readonly bodies: number;
  readonly problems: readonly { readonly kind: string; readonly text: string; readonly messages?: readonly string[] }[];
  readonly repaired?: readonly { readonly what: string; readonly rows: number }[];
  readonly remaining?: readonly unknown[];
}

const home = new Home('[listen]\n');
const LARGE = 'x'.repeat(76).concat('\n').repeat(20_000);

async function outcome(args: readonly string[] = []): Promise<{ status: number; result: Outcome }> {
  const { status, stdout, stderr } = await home.posthorn(['verify', '--json', ...args]);
  assert.ok(stdout.startsWith('{'), stderr);
  return { status, result: JSON.parse(stdout) as Outcome };
}

before(async () => {
  await home.posthorn(['domain', 'add', 'example.org']);
  await home.posthorn(['account', 'add', 'alice@example.org']);
  await home.start();
  for (const [subject, text] of [['one', 'hello'], ['large', LARGE]] as const) {
    await home.run('sendmail', ['-i', 'alice@example.org'], `From: alice@example.org\nTo: alice@example.org\nSubject: ${subject}\n\n${text}\n`);
  }
  await home.messages('alice@example.org', 2);
});
after(() => home.close());

describe('posthorn verify', () => {
  it('finds nothing wrong beside a running server', async () => {
    const { status, result } = await outcome();
    assert.deepEqual([status, result.mails, result.problems], [0, 2, []]);
  });

  it('finds wrong counters, references and structures, and puts them right', async () => {
    await home.stop();
    const db = new DatabaseSync(join(home.data, 'posthorn.db'));
    db.exec("UPDATE folders SET messages = 7, uid_next = 1 WHERE name = 'INBOX'; UPDATE bodies SET refs = refs + 3; UPDATE mails SET structure = '{}' WHERE id = 1");
    db.close();
    const { status, result } = await outcome();
    assert.equal(status, 1);
    assert.deepEqual([...new Set(result.problems.map(({ kind }) => kind))].toSorted(), ['books', 'structure']);
    const mended = await outcome(['--repair']);
    assert.equal(mended.status, 0, JSON.stringify(mended.result));
    assert.deepEqual(mended.result.remaining, []);
    assert.deepEqual(mended.result.repaired?.map(({ what }) => what).toSorted(), ['UIDs that would be given again', 'counters of folders', 'references to bodies', 'structures of messages']);
    assert.equal((await outcome()).status, 0);
  });

  it('names the messages whose bytes are not what they were', async () => {
    const bodies = readdirSync(join(home.data, 'bodies'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const path = join(bodies[0]?.parentPath ?? '', bodies[0]?.name ?? '');
    const bytes = readFileSync(path);
    bytes[bytes.length - 10] = 65;
    writeFileSync(path, bytes);
    const { status, result } = await outcome(['--repair']);
    assert.equal(status, 1);
    assert.deepEqual(result.problems.map(({ kind, messages }) => [kind, messages]), [['body', ['alice@example.org INBOX 2']]]);
    const told = await home.posthorn(['verify']);
    assert.match(told.stderr, /does not have the bytes that it had; in alice@example\.org INBOX 2\nBytes that are lost come back only from a backup/);
  });

  it('says that the database is damaged, and leaves it alone', async () => {
    const path = join(home.data, 'posthorn.db');
    const sound = readFileSync(path);
    const bytes = Buffer.from(sound);
    bytes.fill(0xa5, 4096 * 3, bytes.length - 4096);
    writeFileSync(path, bytes);
    const told = await home.posthorn(['verify', '--repair']);
    assert.equal(told.status, 1);
    assert.match(told.stderr, /the database is damaged \(.*\): what is behind the damage was not looked at\n/);
    assert.match(told.stderr, /Nothing was put right\. Make the data directory again from a backup/);
    assert.ok(readFileSync(path).equals(bytes));
    writeFileSync(path, sound);
  });
});
