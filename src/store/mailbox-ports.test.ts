import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BufferSource } from '../base/byte-source.ts';
import { AdjustableClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { FolderFacts, FolderNews, NewMessage } from '../contract/mailbox.ts';
import { createGuestStore } from './guest-store.ts';
import { derivePassword } from './password.ts';
import { openStore } from './store.ts';

const AT = Date.UTC(2026, 10, 20);
const alice = 'alice@example.org';
const bob = 'bob@example.org';
const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-ports-'));
const clock = new AdjustableClock();
const store = await openStore(dataDir, { clock, readerThread: true });
const { folders, messages, mails, sharing, annotations, quotas, feed } = store.mailbox;
await store.directory.addDomain('example.org', { at: AT });
const password = await derivePassword('correct horse');
for (const account of [alice, bob]) await store.directory.addAccount(account, password, AT);
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

const message = (text: string, flags: readonly string[] = []): NewMessage => ({ content: new BufferSource(Buffer.from(text)), flags, internalDate: AT - 1000 });
const mail = (subject: string, extra = ''): NewMessage => message(`Subject: ${subject}\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\n${extra}\r\nHello  you,\r\nthis is ${subject}.\r\n`);
const folderNamed = async (name: string, account = alice): Promise<FolderFacts> => (await folders.find(account, name)) as FolderFacts;
const newFolder = (name: string): Promise<FolderFacts> => folders.create(alice, name);
const noProblems = async (): Promise<void> => assert.deepEqual(await store.call('integrity.problems', undefined), []);

test('what is appended is there with its facts, in the next read', async () => {
  const { id } = await newFolder('Appended');
  const result = await messages.append(id, [mail('one'), mail('two')]);
  assert.deepEqual(result.uids, [1, 2]);
  const snapshot = await messages.snapshot(id);
  assert.deepEqual([...(snapshot?.messages.uids ?? [])], [1, 2]);
  assert.equal(snapshot?.folder.messages, 2);
  assert.equal(snapshot?.folder.highestModseq, result.highestModseq);
  const [first, second] = await mails.facts(snapshot?.messages.mailIds ?? []);
  assert.equal(first?.preview, 'Hello you, this is one.');
  assert.equal(first?.sentAt, Date.UTC(2026, 10, 20, 9));
  assert.notEqual(first?.emailId, second?.emailId);
  assert.notEqual(first?.threadId, second?.threadId);
  const [one, , none] = await mails.contents([...(snapshot?.messages.mailIds ?? []), 999_999]);
  assert.match((await one?.read())?.toString() ?? '', /^Subject: one\r\n/);
  assert.equal(none, undefined);
  assert.deepEqual((await mails.headers?.([first?.mailId ?? 0]))?.map(String), ['Subject: one\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\n\r\n']);
});

test('several messages are appended all or none', async () => {
  const { id } = await newFolder('AllOrNone');
  await assert.rejects(messages.append(id, [mail('good'), message('Subject: bad\r\n\r\n', ['two words'])]), { code: 'flag-refused' });
  await assert.rejects(messages.append(id, [mail('good'), message('')]), { code: 'message-empty' });
  assert.equal((await folders.get(id))?.messages, 0);
  assert.equal((await folders.get(id))?.uidNext, 1);
});

test('answers share the thread of what they answer, in whichever order they come, and copies keep it', async () => {
  const { id } = await newFolder('Threads');
  await messages.append(id, [
    mail('answer', 'Message-ID: <b@x>\r\nReferences: <a@x>\r\n'),
    mail('question', 'Message-ID: <a@x>\r\n'),
    mail('further', 'Message-ID: <c@x>\r\nIn-Reply-To: <b@x>\r\n'),
    mail('other', 'Message-ID: <d@x>\r\n'),
  ]);
  await messages.copy(id, [[1, 1]], (await folderNamed('Archive')).id);
  const facts = await mails.facts((await messages.snapshot(id))?.messages.mailIds ?? []);
  assert.equal(new Set(facts.slice(0, 3).map(({ threadId }) => threadId)).size, 1);
  assert.notEqual(facts[3]?.threadId, facts[0]?.threadId);
  const copies = await mails.facts((await messages.snapshot((await folderNamed('Archive')).id))?.messages.mailIds ?? []);
  assert.deepEqual(copies, facts.slice(0, 1));
});

test('flags: one MODSEQ for an order, only where something changes, and not after UNCHANGEDSINCE', async () => {
  const { id } = await newFolder('Flags');
  await messages.append(id, [mail('1'), mail('2'), mail('3')]);
  const first = await messages.setFlags({ folder: id, uids: [[1, 2]], mode: 'add', flags: ['\\seen', 'Work'] });
  assert.deepEqual([...first.changed.uids], [1, 2]);
  assert.deepEqual(first.changed.sets, [['Work', '\\Seen']]);
  assert.deepEqual(new Set(first.changed.modseqs), new Set([first.highestModseq]));
  const same = await messages.setFlags({ folder: id, uids: [[1, 9]], mode: 'add', flags: ['WORK'] });
  assert.deepEqual([...same.changed.uids], [3]);
  assert.deepEqual(same.changed.sets, [['WORK']]);
  const late = await messages.setFlags({ folder: id, uids: [[1, 3]], mode: 'replace', flags: [], unchangedSince: first.highestModseq });
  assert.deepEqual([...late.modified], [3]);
  assert.deepEqual([...late.changed.uids], [1, 2]);
  const facts = await folders.get(id);
  assert.equal(facts?.unseen, 3);
  assert.equal(facts?.highestModseq, late.highestModseq);
});

test('a move and an expunge vanish, a MODSEQ later; UIDs are not used again', async () => {
  const source = await newFolder('Source');
  const target = await newFolder('Target');
  await messages.append(source.id, [1, 2, 3, 4, 5].map((n) => mail(String(n))));
  const before = (await folders.get(source.id))?.highestModseq ?? 0;
  const moved = await messages.move(source.id, [[2, 3], [7, 9]], target.id);
  assert.deepEqual([[...moved.from], [...moved.to]], [[2, 3], [1, 2]]);
  await messages.setFlags({ folder: source.id, uids: [[5, 5]], mode: 'add', flags: ['\\Deleted'] });
  assert.deepEqual([...(await messages.expunge(source.id, [[1, 4]])).uids], []);
  assert.deepEqual([...(await messages.expunge(source.id)).uids], [5]);
  const changes = await messages.changes(source.id, before);
  assert.deepEqual([...changes.vanished], [2, 3, 5]);
  assert.deepEqual([...changes.changed.uids], []);
  assert.deepEqual([...(await messages.vanished(source.id, before, [[1, 3]]))], [2, 3]);
  assert.deepEqual((await messages.append(source.id, [mail('6')])).uids, [6]);
  const within = await messages.move(source.id, [[1, 1]], source.id);
  assert.deepEqual([[...within.from], [...within.to]], [[1], [7]]);
  await noProblems();
});

test('a draft is replaced in one commit', async () => {
  const drafts = await folderNamed('Drafts');
  const [uid = 0] = (await messages.append(drafts.id, [mail('draft')])).uids;
  const replaced = await messages.replace(drafts.id, uid, drafts.id, mail('better draft'));
  assert.deepEqual([...((await messages.snapshot(drafts.id))?.messages.uids ?? [])], [replaced.uid]);
  assert.equal((await folders.get(drafts.id))?.highestModseq, replaced.highestModseq);
});

test('\\Recent is claimed once', async () => {
  const { id } = await newFolder('Recent');
  await messages.append(id, [mail('1'), mail('2')]);
  assert.equal(await messages.claimRecent(id), 1);
  assert.equal(await messages.claimRecent(id), 3);
});

test('a folder is renamed with what is below it and stays itself; INBOX gives its messages and stays', async () => {
  const parent = await folders.create(alice, 'a/b/c');
  assert.ok(await folders.find(alice, 'a/b'));
  await folders.rename((await folderNamed('a')).id, 'z');
  assert.deepEqual((await folders.get(parent.id))?.name, 'z/b/c');
  await assert.rejects(folders.rename((await folderNamed('z')).id, 'z/y'), { code: 'folder-name-refused' });
  await assert.rejects(folders.rename(parent.id, 'Sent'), { code: 'folder-exists' });
  const inbox = await folderNamed('INBOX');
  await messages.append(inbox.id, [mail('old')]);
  const old = await folders.rename(inbox.id, 'Old mail');
  assert.equal(old.messages, 1);
  assert.equal((await folders.get(inbox.id))?.messages, 0);
  const other = await folders.setSpecialUse(old.id, ['\\Archive']);
  assert.deepEqual(other.specialUse, ['\\Archive']);
  assert.equal(other.objectId, old.objectId);
});

test('subscriptions outlive their folders', async () => {
  await folders.subscribe(alice, 'inbox', true);
  await folders.subscribe(alice, 'Nowhere', true);
  await folders.subscribe(alice, 'Junk', false);
  assert.deepEqual(await folders.subscriptions(alice), ['Archive', 'Drafts', 'INBOX', 'Nowhere', 'Sent', 'Trash']);
});

test('rights are given, denied, and end with the folder', async () => {
  const { id } = await newFolder('Shared');
  await sharing.set(id, 'anyone', 'lr');
  await sharing.set(id, 'Bob@example.org', 'lrswi');
  await sharing.set(id, '-bob@example.org', 'w');
  assert.equal(await sharing.rights(id, bob), 'lrsi');
  assert.equal(await sharing.rights(id, alice), 'lrswipkxtea');
  assert.equal(await sharing.rights(id, 'carol@example.org'), 'lr');
  assert.deepEqual((await sharing.sharedWith(bob)).map(({ folder, rights }) => [folder.name, rights]), [['Shared', 'lrsi']]);
  await assert.rejects(sharing.set(id, 'bob@example.org', 'Z'), { code: 'rights-refused' });
  await folders.remove(id);
  assert.deepEqual(await sharing.sharedWith(bob), []);
});

test('private annotations are for one viewer, shared ones for all', async () => {
  const { id } = await newFolder('Annotated');
  await annotations.set(alice, id, [{ entry: '/private/comment', value: Buffer.from('mine') }, { entry: '/shared/Comment', value: Buffer.from('ours') }]);
  assert.deepEqual((await annotations.list(bob, id)).map(({ entry, value }) => [entry, String(Buffer.from(value))]), [['/shared/comment', 'ours']]);
  await annotations.set(alice, id, [{ entry: '/private/comment', value: undefined }]);
  assert.equal((await annotations.list(alice, id)).length, 1);
  await annotations.set(alice, undefined, [{ entry: '/private/x', value: Buffer.from('1') }]);
  assert.deepEqual((await annotations.list(bob, undefined)).length, 0);
});

test('a quota refuses what is too much and counts what is there', async () => {
  const inbox = await folderNamed('INBOX', bob);
  await quotas.set(bob, { messagesMax: 2 });
  await messages.append(inbox.id, [mail('1')]);
  await assert.rejects(messages.append(inbox.id, [mail('2'), mail('3')]), { code: 'over-quota' });
  const state = await quotas.set(bob, { messagesMax: null, bytesMax: 10 });
  assert.deepEqual([state.usedMessages, state.messagesMax, state.bytesMax], [1, undefined, 10]);
  await assert.rejects(messages.copy(inbox.id, [[1, 1]], inbox.id), { code: 'over-quota' });
  await messages.move(inbox.id, [[1, 1]], (await folderNamed('Trash', bob)).id);
});

test('news come after the commit, one for each folder, in whichever thread', async (t) => {
  const guest = createGuestStore({ dataDir, clock, log: silentLog, changeMemory: store.changeMemory });
  const unshare = store.share((port) => guest.connect(port));
  const unshareReader = store.shareReader((port) => guest.connectReader(port));
  t.after(async () => {
    unshare();
    unshareReader();
    await guest.close();
  });
  const { id } = await newFolder('Watched');
  const heard: FolderNews[] = [];
  const until = (wanted: (news: FolderNews) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const unwatch = guest.mailbox.feed.watch((news) => {
        heard.push(...news);
        if (!news.some(wanted)) return;
        unwatch();
        resolve();
      });
    });
  const stop = feed.watch(() => {});
  // The port keeps the order: what the guest asks for after it asked for news is told.
  const told = until((news) => news.folder === id);
  const { highestModseq } = await guest.mailbox.messages.append(id, [mail('news')]);
  await told;
  stop();
  assert.deepEqual(heard.find((news) => news.folder === id), { folder: id, account: alice, highestModseq, listChanged: false });
  assert.equal((await guest.mailbox.messages.snapshot(id))?.messages.uids.length, 1);
});

test('a folder of 20,000: read in one sweep, flagged, copied and expunged as one order', async (t) => {
  const { id } = await newFolder('Large');
  const copy = await newFolder('Copy');
  await messages.append(id, Array.from({ length: 1000 }, (_, n) => mail(`n${n}`)));
  let count = 1000;
  for (; count < 20_000; count *= 2) await messages.copy(id, [[1, Math.min(count, 20_000 - count)]], id);
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    t.diagnostic(`${name}: ${Math.round(performance.now() - start)} ms`);
    return result;
  };
  const snapshot = await timed('snapshot', () => messages.snapshot(id));
  assert.equal(snapshot?.messages.uids.length, 20_000);
  await timed('snapshot again', () => messages.snapshot(id));
  const flagged = await timed('flags', () => messages.setFlags({ folder: id, uids: [[1, 20_000]], mode: 'add', flags: ['\\Deleted'] }));
  assert.equal(flagged.changed.uids.length, 20_000);
  assert.deepEqual(flagged.changed.sets, [['\\Deleted']]);
  const copied = await timed('copy', () => messages.copy(id, [[1, 20_000]], copy.id));
  assert.equal(copied.to.at(-1), 20_000);
  const gone = await timed('expunge', () => messages.expunge(id, [[1, 10_000], [10_001, 20_000]]));
  assert.equal(gone.uids.length, 20_000);
  const facts = await timed('facts', () => mails.facts(snapshot?.messages.mailIds ?? []));
  assert.equal(facts.length, 20_000);
  await timed('remove', () => folders.remove(copy.id));
  await noProblems();
});
