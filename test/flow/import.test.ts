/** Mail of elsewhere into accounts and out again, through the commands as an administrator types them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DOVECOT_PASSWORD, handToDovecot, missingDovecotImap, startDovecotImap } from '../harness/dovecot.ts';
import { Home } from './cli-kit.ts';

interface Result {
  readonly folders: readonly { readonly name: string; readonly stored: number; readonly known: number; readonly failed: number }[];
  readonly stored: number;
  readonly known: number;
  readonly failed: number;
  readonly problems: readonly string[];
}

const home = new Home('[listen]\n');
const files = mkdtempSync(join(tmpdir(), 'ph-import-'));

before(async () => {
  await home.posthorn(['domain', 'add', 'example.org']);
  for (const name of ['alice', 'bob', 'carol', 'dave']) await home.posthorn(['account', 'add', `${name}@example.org`]);
});
after(async () => {
  await home.close();
  rmSync(files, { recursive: true });
});

function put(path: string, text: string, owner: (path: string) => void = () => {}): void {
  const made = mkdirSync(dirname(path), { recursive: true });
  if (made !== undefined) for (let at = dirname(path); at.length >= made.length; at = dirname(at)) owner(at);
  writeFileSync(path, text);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  owner(path);
}

const letter = (subject: string): string => `From: friend@example.net\nTo: alice@example.org\nSubject: ${subject}\nMessage-ID: <${subject}@example.net>\n\nText of ${subject}\n`;

/** 25 messages in INBOX, some in a folder below another. */
function fillMaildir(root: string, owner?: (path: string) => void): void {
  for (const directory of ['.', '.Lists.Caf&AOk-', '.Sent']) for (const sub of ['cur', 'new', 'tmp']) put(join(root, directory, sub, '.keep'), '', owner);
  for (let at = 1; at <= 25; at += 1) put(join(root, 'cur', `17000000${String(at).padStart(2, '0')}.M1P1.host:2,${at % 2 === 0 ? 'S' : ''}${at === 5 ? 'Fa' : ''}`), letter(`m${at}`), owner);
  put(join(root, 'new', '1700000099.M1P1.host'), letter('newest'), owner);
  put(join(root, 'dovecot-keywords'), '0 $Label1\n', owner);
  put(join(root, '.Lists.Caf&AOk-', 'cur', '1700000001.M2P1.host:2,RS'), letter('listed'), owner);
}

describe('posthorn import and export', () => {
  it('bring a Maildir in once, however often they are run, and out again as it was', async () => {
    const root = join(files, 'Maildir');
    fillMaildir(root);
    const first = await home.json<Result>(['import', 'maildir', root, 'alice@example.org']);
    assert.deepEqual([first.stored, first.known, first.failed], [27, 0, 0]);
    put(join(root, 'new', '1700000100.M1P1.host'), letter('later'));
    // Now through a running server.
    await home.start();
    const second = await home.json<Result>(['import', 'maildir', root, 'alice@example.org']);
    assert.deepEqual([second.stored, second.known], [1, 27]);
    const inbox = await home.messages('alice@example.org', 27);
    assert.equal(inbox.length, 27);
    assert.deepEqual(inbox.find(({ subject }) => subject === 'm5')?.flags, ['$Label1', '\\Flagged']);
    await home.stop();

    const out = join(files, 'out');
    await home.json(['export', 'maildir', 'alice@example.org', out]);
    const exported = readdirSync(join(out, 'cur'));
    assert.equal(exported.length, 27);
    const texts = exported.map((name) => readFileSync(join(out, 'cur', name), 'utf8'));
    assert.ok(texts.includes(letter('m7')));
    assert.equal(readdirSync(join(out, '.Lists.Caf&AOk-', 'cur')).length, 1);

    const boxes = join(files, 'boxes');
    await home.json(['export', 'mbox', 'alice@example.org', boxes]);
    const back = await home.json<Result>(['import', 'mbox', boxes, 'bob@example.org', '--keep-uids']);
    assert.deepEqual([back.stored, back.failed], [28, 0]);
    const again = await home.json<Result>(['import', 'mbox', boxes, 'bob@example.org', '--keep-uids']);
    assert.deepEqual([again.stored, again.known], [0, 28]);
    assert.deepEqual((await home.messages('bob@example.org', 27)).map(({ subject, flags }) => [subject, flags]), (await home.messages('alice@example.org', 27)).map(({ subject, flags }) => [subject, flags]));
  });

  it('name what cannot be brought in, and bring in the rest', async () => {
    const root = join(files, 'Odd');
    for (const sub of ['cur', 'new', 'tmp']) put(join(root, sub, '.keep'), '');
    put(join(root, 'cur', '1.good:2,S'), letter('good'));
    put(join(root, 'cur', '2.empty:2,S'), '');
    const { status, stdout, stderr } = await home.posthorn(['import', 'maildir', root, 'carol@example.org', '--below', 'Old']);
    assert.equal(status, 1, stderr);
    assert.match(stdout, /Old\/INBOX +1 +0 +1/);
    assert.match(stderr, /Old\/INBOX: .*2\.empty:2,S is empty/);
  });

  it('say what is wrong in one sentence', async () => {
    for (const [args, words] of [
      [['import', 'maildir', files, 'nobody@example.org'], /there is no account nobody@example.org|is no Maildir/],
      [['import', 'maildir', join(files, 'Maildir'), 'nobody@example.org'], /there is no account nobody@example\.org/],
      [['import', 'mbox', join(files, 'nothing'), 'alice@example.org'], /there is nothing at/],
      [['import', 'imap', '127.0.0.1', 'alice@example.org', '--user', 'x'], /say where the password is/],
      [['import', 'imap', '127.0.0.1', 'alice@example.org', '--user', 'x', '--password-stdin', '--port', '1', '--tls', 'none'], /cannot connect to 127\.0\.0\.1:1/],
      [['export', 'maildir', 'alice@example.org', files], /is not empty/],
    ] as const) {
      const { status, stderr } = await home.posthorn(args, 'secret\n');
      assert.notEqual(status, 0);
      assert.match(stderr, words);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
  });

  it('bring a live account of Dovecot in with its numbering, and later what is new', { skip: missingDovecotImap() }, async () => {
    const dovecot = await startDovecotImap();
    try {
      const root = dovecot.maildir('dora');
      fillMaildir(root, handToDovecot);
      const args = ['import', 'imap', '127.0.0.1', 'dave@example.org', '--port', String(dovecot.port), '--tls', 'none', '--user', 'dora', '--password-stdin', '--keep-uids', '--json'];
      const bring = async (): Promise<Result> => {
        const { status, stdout, stderr } = await home.posthorn(args, `${DOVECOT_PASSWORD}\n`);
        assert.equal(status, 0, stderr);
        return JSON.parse(stdout) as Result;
      };
      assert.deepEqual([(await bring()).stored], [27]);
      put(join(root, 'new', '1700000100.M1P1.host'), letter('later'), handToDovecot);
      const second = await bring();
      assert.deepEqual([second.stored, second.known], [1, 27]);
      const inbox = await home.messages('dave@example.org', 27);
      const uidlist = readFileSync(join(root, 'dovecot-uidlist'), 'utf8');
      assert.deepEqual(inbox.map(({ uid }) => uid).toSorted((a, b) => a - b), [...uidlist.matchAll(/^(\d+) [^:\n]*:/gm)].map(([, uid]) => Number(uid)).toSorted((a, b) => a - b));
      assert.deepEqual(inbox.find(({ subject }) => subject === 'm5')?.flags, ['$Label1', '\\Flagged']);
      const wrong = await home.posthorn(args, 'wrong\n');
      assert.notEqual(wrong.status, 0);
      assert.match(wrong.stderr, /the server refused AUTHENTICATE: .*Authentication failed/);
    } finally {
      await dovecot.stop();
    }
  });
});
