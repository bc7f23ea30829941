/**
 * Two-way synchronizers that none of us wrote, mbsync and offlineimap, against the lab: after changes on both sides all
 * messages and flags are the same here and there, and another run changes nothing.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { ImapFlow } from 'imapflow';
import { encodeModifiedUtf7 } from '../../src/wire/imap/modified-utf7.ts';
import { runCommand, startLab, type LabProcess } from '../harness/lab-process.ts';
import { missingTool } from '../harness/missing-tool.ts';

const FOLDERS = ['INBOX', 'Projects', 'Projects/Übersicht', '日本語', 'A & B', 'Sent'];
const FLAGS = [[], ['\\Seen'], ['\\Flagged'], ['\\Seen', '\\Answered'], ['\\Draft', '\\Seen', '\\Flagged']];
const SYSTEM_FLAGS: Readonly<Record<string, string>> = { '\\Draft': 'D', '\\Flagged': 'F', '\\Answered': 'R', '\\Seen': 'S', '\\Deleted': 'T' };

let lab: LabProcess;

before(async () => {
  lab = await startLab();
});

after(() => lab.stop());

interface Account {
  readonly address: string;
  readonly password: string;
}

/** Letters as they are: with and without text, 8-bit, long lines, From and dots at the beginning of lines, no line end at the end. */
function letter(number: number): Buffer {
  const header = `From: someone@good.example\r\nTo: alice@example.org\r\nMessage-ID: <sync-${number}@good.example>\r\nDate: Fri, 20 Nov 2026 18:00:${String(number % 60).padStart(2, '0')} +0000\r\nSubject: =?utf-8?B?${Buffer.from(`Brief ${number} – grüße`).toString('base64')}?=\r\n`;
  const bodies = [
    'Hello\r\n.\r\nFrom here\r\n..\r\n',
    `${'x'.repeat(70_000)}\r\n`,
    'Content-less\r\n\r\n\r\n\r\n',
    '',
    'no line end',
    'Grüße \u{1F4EB}\r\n',
    `${'line after line\r\n'.repeat(5000)}`,
  ];
  return Buffer.from(`${header}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${bodies[number % bodies.length]}`);
}

async function withClient<T>({ address, password }: Account, work: (client: ImapFlow) => Promise<T>): Promise<T> {
  const { host, port } = lab.ready.imap;
  const client = new ImapFlow({ host, port, secure: false, doSTARTTLS: false, auth: { user: address, pass: password }, logger: false });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.logout();
  }
}

async function inFolder<T>(client: ImapFlow, folder: string, work: () => Promise<T>): Promise<T> {
  const lock = await client.getMailboxLock(folder);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function fill(account: Account): Promise<void> {
  await withClient(account, async (client) => {
    for (const [at, folder] of FOLDERS.entries()) {
      if (folder !== 'INBOX') await client.mailboxCreate(folder);
      if (folder !== 'INBOX') await client.mailboxSubscribe(folder);
      for (let number = at * 10; number < at * 10 + 7; number += 1) await client.append(folder, letter(number), FLAGS[number % FLAGS.length]);
    }
  });
}

/** Folder to its messages, each as "flags digest", sorted; folders without any left out. */
type Contents = Record<string, string[]>;

const digest = (content: Buffer | string): string => createHash('sha256').update(String(content).replaceAll('\r\n', '\n').replace(/^X-TUID: .*\n|^X-OfflineIMAP: .*\n/m, '')).digest('hex').slice(0, 16);

/** With UIDs when they are to be compared, too. */
async function onServer(account: Account, withUids = false): Promise<Contents> {
  return withClient(account, async (client) => {
    const contents: Contents = {};
    for (const { path } of await client.list()) {
      const messages = await inFolder(client, path, async () => {
        const found: string[] = [];
        if (client.mailbox && client.mailbox.exists === 0) return found;
        for await (const { uid, flags, source } of client.fetch('1:*', { flags: true, source: true })) {
          const letters = [...(flags ?? [])].map((flag) => SYSTEM_FLAGS[flag] ?? '').toSorted().join('');
          found.push(`${withUids ? `${uid} ` : ''}${letters} ${digest(source as Buffer)}`);
        }
        return found.toSorted();
      });
      if (messages.length > 0) contents[path] = messages;
    }
    return contents;
  });
}

function inMaildir(root: string): Contents {
  const contents: Contents = {};
  for (const folder of maildirsBelow(root)) {
    const files = ['cur', 'new'].flatMap((part) => readdirSync(join(folder, part)).map((name) => join(folder, part, name)));
    const messages = files.map((file) => `${/:2,([A-Z]*)/.exec(file)?.[1] ?? ''} ${digest(readFileSync(file))}`);
    if (messages.length > 0) contents[relative(root, folder)] = messages.toSorted();
  }
  return contents;
}

function maildirsBelow(folder: string): string[] {
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !['cur', 'new', 'tmp'].includes(entry.name));
  return [...(existsSync(join(folder, 'cur')) ? [folder] : []), ...below.flatMap((entry) => maildirsBelow(join(folder, entry.name)))];
}

function filesOf(root: string, folder: string): string[] {
  return ['cur', 'new'].flatMap((part) => readdirSync(join(root, folder, part)).map((name) => join(root, folder, part, name))).toSorted();
}

function reflag(file: string, letters: string): void {
  const moved = `${file.replace(/:2,.*$/, '').replace(/\/new\/([^/]*)$/, '/cur/$1')}:2,${letters}`;
  renameSync(file, moved);
}

/** What a reader of the Maildir does. */
function changeMaildir(root: string, named: Synchronizer['named']): void {
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(root, named('Neu & schön'), part), { recursive: true });
  writeFileSync(join(root, named('Neu & schön'), 'cur/1000.1.local:2,FS'), letter(101).toString().replaceAll('\r\n', '\n'));
  writeFileSync(join(root, 'INBOX/new/1000.2.local'), letter(102).toString().replaceAll('\r\n', '\n'));
  const [first, second, third] = filesOf(root, 'INBOX');
  rmSync(first as string);
  reflag(second as string, 'FRS');
  reflag(third as string, '');
  const [inner] = filesOf(root, named('Projects/Übersicht'));
  reflag(inner as string, 'DFS');
}

/** What happens on the server meanwhile. */
async function changeServer(account: Account): Promise<void> {
  await withClient(account, async (client) => {
    await client.mailboxCreate('Später/東京');
    await client.mailboxSubscribe('Später/東京');
    await client.append('Später/東京', letter(201), ['\\Answered']);
    await client.append('INBOX', letter(202));
    await inFolder(client, '日本語', async () => {
      await client.messageFlagsAdd('1:2', ['\\Flagged']);
      await client.messageFlagsRemove('1:7', ['\\Seen']);
      await client.messageDelete('4');
      await client.messageMove('5:6', 'Projects');
    });
    await inFolder(client, 'A & B', async () => {
      await client.messageDelete('1:*');
    });
  });
}

interface Synchronizer {
  readonly root: string;
  /** The name of a folder on disk. */
  readonly named: (folder: string) => string;
  /** Runs the program once; throws when it complains. */
  readonly sync: () => Promise<void>;
}

async function synchronize(account: Account, { root, named, sync }: Synchronizer): Promise<void> {
  const expectSame = (contents: Contents, when: string): void =>
    assert.deepEqual(inMaildir(root), Object.fromEntries(Object.entries(contents).map(([folder, messages]) => [named(folder), messages])), when);
  await fill(account);
  await sync();
  const first = await onServer(account);
  assert.deepEqual(Object.keys(first).toSorted(), FOLDERS.toSorted());
  expectSame(first, 'after the first run');
  changeMaildir(root, named);
  await changeServer(account);
  await sync();
  const second = await onServer(account);
  expectSame(second, 'after changes on both sides');
  assert.deepEqual(second['Neu & schön'], [`FS ${digest(letter(101))}`]);
  assert.deepEqual(second['Später/東京'], [`R ${digest(letter(201))}`]);
  assert.deepEqual([second['INBOX']?.length, second['Projects']?.length, second['日本語']?.length, second['A & B']], [8, 9, 4, undefined]);
  const before = await onServer(account, true);
  for (let times = 0; times < 2; times += 1) {
    await sync();
    expectSame(second, 'nothing new');
    assert.deepEqual(await onServer(account, true), before, 'nothing new on the server');
  }
}

test('mbsync', { skip: missingTool('mbsync') }, async () => {
  const account = lab.ready.accounts[0] as Account;
  const home = join(lab.ready.dir, 'mbsync');
  const root = join(home, 'mail');
  mkdirSync(root, { recursive: true });
  const { host, port } = lab.ready.imaps;
  writeFileSync(
    join(home, 'rc'),
    `IMAPAccount a\nHost ${host}\nPort ${port}\nUser ${account.address}\nPass ${account.password}\nSSLType IMAPS\nCertificateFile ${join(lab.ready.dir, 'certificate.pem')}\nPipelineDepth 20\n\n` +
      `IMAPStore far\nAccount a\n\nMaildirStore near\nPath ${root}/\nInbox ${root}/INBOX\nSubFolders Verbatim\n\n` +
      `Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSync All\nSyncState ${home}/state/\n`,
    { mode: 0o600 },
  );
  mkdirSync(join(home, 'state'));
  const sync = async (): Promise<void> => {
    const { status, stdout, stderr } = await runCommand('mbsync', ['-c', join(home, 'rc'), '-a'], { env: { HOME: home, LC_ALL: 'C.UTF-8' } });
    assert.equal(`${status} ${stderr}`, '0 ', stdout);
  };
  await synchronize(account, { root, named: (folder) => encodeModifiedUtf7(folder), sync });
});

test('offlineimap', { skip: missingTool('offlineimap') }, async () => {
  const account = lab.ready.accounts[1] as Account;
  const home = join(lab.ready.dir, 'offlineimap');
  const root = join(home, 'mail');
  mkdirSync(root, { recursive: true });
  const { host, port } = lab.ready.imap;
  writeFileSync(
    join(home, 'rc'),
    `[general]\naccounts = a\nmetadata = ${home}/state\n[Account a]\nlocalrepository = near\nremoterepository = far\nutf8foldernames = yes\n` +
      `[Repository near]\ntype = Maildir\nlocalfolders = ${root}\nsep = /\n` +
      `[Repository far]\ntype = IMAP\nremotehost = ${host}\nremoteport = ${port}\nremoteuser = ${account.address}\nremotepass = ${account.password}\nssl = no\nstarttls = no\nsubscribedonly = no\n`,
    { mode: 0o600 },
  );
  const sync = async (): Promise<void> => {
    const { status, stdout, stderr } = await runCommand('offlineimap', ['-c', join(home, 'rc'), '-o', '-u', 'quiet'], { env: { HOME: home, LC_ALL: 'C.UTF-8' } });
    assert.equal(status, 0, stdout + stderr);
  };
  await synchronize(account, { root, named: (folder) => folder, sync });
});
