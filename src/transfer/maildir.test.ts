import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createMaildirTarget, createMboxTarget, type ExportTarget } from './exporter.ts';
import { runImport } from './importer.ts';
import { openMaildir } from './maildir-source.ts';
import { openMbox } from './mbox-source.ts';
import { directoryOfFolder, folderOfDirectory, maildirInfo, readMaildirName } from './maildir-names.ts';
import type { MailSource } from './source.ts';

const root = mkdtempSync(join(tmpdir(), 'maildir-'));
after(() => rmSync(root, { recursive: true }));

function maildir(name: string, folders: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  const base = join(root, name);
  for (const [folder, files] of Object.entries(folders)) {
    for (const sub of ['cur', 'new', 'tmp']) mkdirSync(join(base, folder, sub), { recursive: true });
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(join(base, folder, file, '..'), { recursive: true });
      writeFileSync(join(base, folder, file), text);
      utimesSync(join(base, folder, file), 1_700_000_000, 1_700_000_000);
    }
  }
  return base;
}

async function everything(source: MailSource) {
  const all: Record<string, { key: string; flags: readonly string[]; uid?: number; date: number; text: string }[]> = {};
  for (const folder of await source.folders()) {
    const messages = [];
    for await (const message of source.messages(folder, async (keys) => new Set(keys))) {
      messages.push({ key: message.key, flags: message.flags, ...(message.uid === undefined ? {} : { uid: message.uid }), date: message.internalDate, text: (await message.read()).toString('utf8') });
    }
    all[folder.name] = messages;
  }
  return all;
}

describe('names in a Maildir', () => {
  it('say key and flags', () => {
    assert.deepEqual(readMaildirName('17.M1P2.host,S=12,W=13:2,FRSb', ['a', 'Work']), { key: '17.M1P2.host', flags: ['\\Flagged', '\\Answered', '\\Seen', 'Work'] });
    assert.deepEqual(readMaildirName('17.host', []), { key: '17.host', flags: [] });
    const keywords: string[] = [];
    assert.equal(maildirInfo(['\\Seen', 'Work', '\\Draft', '\\Seen'], keywords), ':2,DSa');
    assert.deepEqual(keywords, ['Work']);
  });

  it('of folders are modified UTF-7 with dots between levels', () => {
    assert.equal(folderOfDirectory('.Lists.Caf&AOk-'), 'Lists/Café');
    assert.equal(directoryOfFolder('Lists/Café'), '.Lists.Caf&AOk-');
    for (const none of ['..', '.', 'cur', '.a..b', '.a.']) assert.equal(folderOfDirectory(none), undefined, none);
  });
});

describe('a Maildir', () => {
  it('of Dovecot: folders, keywords, UIDs, subscriptions, and files with LF', async () => {
    const path = maildir('dovecot', {
      '.': {
        'new/3.new': 'Subject: three\n\nx\n',
        'cur/1.one,S=5:2,Sa': 'Subject: one\n\nx\n',
        'cur/2.two:2,F': 'Subject: two\r\n\r\nx\r\n',
        'dovecot-keywords': '0 $Label1\n1 Work\n',
        'dovecot-uidlist': '3 V1275660208 N30 G1234\n20 :2.two\n21 W45 :1.one,S=5\n',
        subscriptions: 'Lists.Caf&AOk-\n',
      },
      '.Lists.Caf&AOk-': { 'cur/9.x:2,': 'S: 9\n\n' },
      '.Trash': {},
    });
    const source = await openMaildir(path);
    assert.deepEqual(await source.folders(), [
      { name: 'INBOX', subscribed: false, uidValidity: 1275660208 },
      { name: 'Lists/Café', subscribed: true },
      { name: 'Trash', subscribed: false },
    ]);
    const all = await everything(source);
    assert.deepEqual(all.INBOX, [
      { key: '2.two', flags: ['\\Flagged'], uid: 20, date: 1_700_000_000_000, text: 'Subject: two\r\n\r\nx\r\n' },
      { key: '1.one', flags: ['\\Seen', '$Label1'], uid: 21, date: 1_700_000_000_000, text: 'Subject: one\r\n\r\nx\r\n' },
      { key: '3.new', flags: [], date: 1_700_000_000_000, text: 'Subject: three\r\n\r\nx\r\n' },
    ]);
    assert.equal(all['Lists/Café']?.length, 1);
  });

  it('of Courier: keywords, UIDs and subscriptions as it keeps them', async () => {
    const path = maildir('courier', {
      '.': { 'cur/1.a:2,S': 'S: 1\n\n', 'courierimapuiddb': '1 777 12\n5 1.a\n', 'courierimapkeywords/:list': 'Work\nHome\n\n1.a:0 1\n', courierimapsubscribed: 'INBOX\nINBOX.Sent\n' },
      '.Sent': {},
      '.Drafts': {},
    });
    const source = await openMaildir(path);
    assert.deepEqual((await source.folders()).map(({ name, subscribed }) => [name, subscribed]), [['INBOX', true], ['Drafts', false], ['Sent', true]]);
    assert.deepEqual((await everything(source)).INBOX, [{ key: '1.a', flags: ['\\Seen', 'Work', 'Home'], uid: 5, date: 1_700_000_000_000, text: 'S: 1\r\n\r\n' }]);
  });

  it('with folders below each other, and one that is none', async () => {
    const path = maildir('fs', { 'INBOX': { 'cur/1.a': 'S: 1\n\n' }, 'Lists/Work': { 'cur/1.b': 'S: 2\n\n' } });
    assert.deepEqual((await (await openMaildir(path)).folders()).map(({ name }) => name), ['INBOX', 'Lists/Work']);
    mkdirSync(join(root, 'nothing'));
    await assert.rejects(openMaildir(join(root, 'nothing')), /is no Maildir/);
  });

  it('whose message was read and renamed meanwhile is still read', async () => {
    const path = maildir('renamed', { '.': { 'new/1.a': 'S: 1\n\n' } });
    const source = await openMaildir(path);
    for await (const message of source.messages({ name: 'INBOX', subscribed: true }, async (keys) => new Set(keys))) {
      writeFileSync(join(path, 'cur/1.a:2,S'), readFileSync(join(path, 'new/1.a')));
      rmSync(join(path, 'new/1.a'));
      assert.equal((await message.read()).toString(), 'S: 1\r\n\r\n');
    }
  });
});

describe('an export', () => {
  const message = { uid: 3, flags: ['\\Seen', 'Work', '\\Answered'], internalDate: 1_700_000_000_000, bytes: Buffer.from('Return-Path: <a@example.net>\r\nSubject: x\r\n\r\nFrom here\r\n>From there\r\n') };
  const fill = async (target: ExportTarget): Promise<void> => {
    for (const name of ['INBOX', 'Lists/Café', 'Lists']) {
      await target.beginFolder({ name, uidValidity: 77, uidNext: 9, subscribed: name !== 'Lists' });
      await target.add(message);
      await target.endFolder();
    }
    await target.end();
  };

  it('as Maildir reads back as it was', async () => {
    const path = join(root, 'out');
    await fill(await createMaildirTarget(path));
    const source = await openMaildir(path);
    assert.deepEqual((await source.folders()).map(({ name, subscribed, uidValidity }) => [name, subscribed, uidValidity]), [['INBOX', true, 77], ['Lists', false, 77], ['Lists/Café', true, 77]]);
    const all = await everything(source);
    for (const name of ['INBOX', 'Lists/Café', 'Lists']) {
      assert.deepEqual(all[name]?.map(({ key: _key, ...rest }) => rest), [{ flags: ['\\Answered', '\\Seen', 'Work'], uid: 3, date: message.internalDate, text: message.bytes.toString() }]);
    }
    await assert.rejects(createMaildirTarget(path), /is not empty/);
  });

  it('as mbox reads back as it was', async () => {
    const path = join(root, 'boxes');
    await fill(await createMboxTarget(path));
    assert.deepEqual(readdirSync(path).sort(), ['INBOX.mbox', 'Lists.mbox', 'Lists.sbd']);
    const all = await everything(await openMbox(path));
    assert.deepEqual(Object.keys(all).sort(), ['INBOX', 'Lists', 'Lists/Café']);
    for (const messages of Object.values(all)) {
      assert.deepEqual(messages.map(({ flags, date, text }) => [[...flags].sort(), date, text]), [[['Work', '\\Answered', '\\Seen'], message.internalDate, message.bytes.toString()]]);
    }
  });
});

describe('a Maildir of somebody whom root does not trust', () => {
  it('gives only ordinary files of its own, and names the rest', async () => {
    const path = maildir('sly', { '.': { 'cur/1.good:2,S': 'Subject: good\n\n', 'cur/:2,S': 'Subject: nameless\n\n' }, '.Own': { 'cur/2.own:2,': 'Subject: own\n\n' } });
    const secret = maildir('secret', { '.': { 'cur/9.secret:2,': 'Subject: secret\n\n' } });
    symlinkSync(join(secret, 'cur', '9.secret:2,'), join(path, 'cur', '3.link:2,'));
    symlinkSync('/dev/zero', join(path, 'cur', '4.zero:2,'));
    symlinkSync(secret, join(path, '.Linked'));
    mkdirSync(join(path, '.Half'));
    symlinkSync(join(secret, 'cur'), join(path, '.Half', 'cur'));
    mkdirSync(join(path, 'cur', '5.folder:2,'));
    execFileSync('mkfifo', [join(path, 'cur', '6.pipe:2,')]);
    writeFileSync(Buffer.concat([Buffer.from(`${join(path, 'cur')}/7.caf`), Buffer.from([0xe9]), Buffer.from(':2,F')]), 'Subject: latin\n\n');
    const stored: string[] = [];
    const result = await runImport(
      await openMaildir(path),
      {
        openFolder: async ({ name }) => ({ name }),
        missing: async (_, keys) => new Set(keys),
        put: async (_, messages) => {
          stored.push(...messages.map(({ bytes }) => bytes.toString('latin1').trim()));
          return { stored: messages.length, refused: [] };
        },
      },
      { folderName: (name) => name, now: 1 },
    );
    assert.deepEqual(stored.toSorted(), ['Subject: good', 'Subject: latin', 'Subject: nameless', 'Subject: own']);
    const told = result.problems.map((text) => text.replaceAll(path, '').replace(/:2,/, '')).toSorted();
    assert.deepEqual(told, [
      'Half: /.Half/cur is a symbolic link, which is not followed: import what it names by itself',
      'INBOX: /cur/3.link is a symbolic link, which is not followed',
      'INBOX: /cur/4.zero is a symbolic link, which is not followed',
      'INBOX: /cur/5.folder is no ordinary file',
      'INBOX: /cur/6.pipe is no ordinary file',
      'Linked: /.Linked is a symbolic link, which is not followed: import what it names by itself',
    ]);
  });
});

describe('an export', () => {
  it('keeps folders apart whose names a Maildir cannot tell apart, and odd line ends as they are', async () => {
    const out = join(root, 'apart');
    const target = await createMaildirTarget(out);
    const odd = Buffer.from('Status: mine\r\nContent-Length: 5\r\n\r\na\r\r\nb\rc\r\n');
    for (const name of ['a.b', 'a_b']) {
      await target.beginFolder({ name, uidValidity: 5, uidNext: 2, subscribed: true });
      await target.add({ uid: 1, flags: [], internalDate: 1_700_000_000_000, bytes: odd });
      await target.endFolder();
    }
    await target.end();
    const back = await everything(await openMaildir(out));
    assert.deepEqual(Object.entries(back).map(([name, messages]) => [name, messages.map(({ text }) => text)]), [['INBOX', []], ['a_b', [odd.toString()]], ['a_b~2', [odd.toString()]]]);
    const boxes = join(root, 'odd-boxes');
    const mbox = await createMboxTarget(boxes);
    await mbox.beginFolder({ name: 'x', uidValidity: 5, uidNext: 2, subscribed: true });
    await mbox.add({ uid: 1, flags: ['a/b'], internalDate: 1_700_000_000_000, bytes: odd });
    await mbox.endFolder();
    const [message] = (await everything(await openMbox(boxes)))['x'] ?? [];
    assert.deepEqual([message?.text, message?.flags], [odd.toString(), ['a/b']]);
  });

  it('says which keywords a Maildir cannot hold', async () => {
    const target = await createMaildirTarget(join(root, 'keywords'));
    await target.beginFolder({ name: 'INBOX', uidValidity: 1, uidNext: 3, subscribed: true });
    await target.add({ uid: 1, flags: Array.from({ length: 28 }, (_, at) => `Word${at}`), internalDate: 1_700_000_000_000, bytes: Buffer.from('S: x\r\n\r\n') });
    assert.deepEqual(await target.endFolder(), ['INBOX: a Maildir folder holds 26 keywords; left out: Word26, Word27']);
    await target.end();
    const [message] = (await everything(await openMaildir(join(root, 'keywords')))).INBOX ?? [];
    assert.equal(message?.flags.length, 26);
  });
});
