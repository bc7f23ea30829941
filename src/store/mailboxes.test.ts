import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BufferSource } from '../base/byte-source.ts';
import { derivePassword } from './password.ts';
import { openStore } from './store.ts';

const AT = Date.UTC(2026, 10, 20);
const alice = 'alice@example.org';
// Contents are counted: nothing is kept to be undeleted.
const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-mailboxes-'));
const store = await openStore(dataDir);
await store.mailbox.quotas.configure({ quotaBytes: 0, quotaMessages: 0, undeleteMs: 0 });
await store.directory.addDomain('example.org', { at: AT });
await store.directory.addAccount(alice, await derivePassword('correct horse'), AT);
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

const text = (subject: string): Buffer => Buffer.from(`From: bob@example.net\r\nSubject: ${subject}\r\n\r\nhello\r\n`);
const append = (folder: string, bytes: Buffer, flags: readonly string[] = []) =>
  store.mailboxes.append({ account: alice, folder, content: new BufferSource(bytes), flags, internalDate: AT });
const references = (bytes: Buffer) => store.call('bodies.references', createHash('sha256').update(bytes).digest('hex'));
const uids = async (folder: string) => (await store.mailboxes.list({ account: alice, folder, limit: 100 })).map((row) => row.uid);

test('a new account has its folders, with special uses and different UIDVALIDITYs', async () => {
  const folders = await store.mailboxes.folders('Alice@Example.ORG');
  assert.deepEqual(folders.map((folder) => folder.name), ['INBOX', 'Archive', 'Drafts', 'Junk', 'Sent', 'Trash']);
  assert.equal(folders.find((folder) => folder.name === 'Junk')?.specialUse, '\\Junk');
  assert.equal(new Set(folders.map((folder) => folder.uidValidity)).size, 6);
  await assert.rejects(store.mailboxes.folders('nobody@example.org'), { code: 'account-unknown' });
});

test('an appended message is read back byte by byte, flags in one spelling', async () => {
  const bytes = text('first');
  const { uid } = await append('inbox', bytes, ['\\SEEN', '$Label']);
  const found = await store.mailboxes.read({ account: alice, folder: 'INBOX', uid });
  assert.deepEqual(await found?.bytes.read(), bytes);
  assert.deepEqual(found?.message.flags, ['$Label', '\\Seen']);
  assert.equal(JSON.parse(found?.message.structure ?? '').envelope.subject, 'first');
});

test('the settlement of a recipient deposits the message in the same commit', async () => {
  const content = text('queued');
  const digest = createHash('sha256').update(content).digest('hex');
  const envelope = { body: '7bit', smtpUtf8: false, requireTls: false } as const;
  const message = {
    id: 'q1', sender: 'bob@example.net', options: envelope, origin: { kind: 'inbound', protocol: 'ESMTP' }, senderBelieved: false,
    contentDigest: digest, sizeBytes: content.length, startedAt: AT, queuedAt: AT, expiresAt: AT + 1000,
  } as const;
  const recipients = [{ index: 0, address: alice, state: 'queued', attempts: 0, nextAttemptAt: AT }] as const;
  await store.queue.insert({ message, recipients, content: new BufferSource(content), events: [] });
  const prefix = Buffer.from('Delivered-To: alice@example.org\r\n');
  const deposit = {
    account: alice, folder: 'Junk', contentDigest: digest, prefix, internalDate: AT, flags: [], sizeBytes: prefix.length + content.length, structure: '{}',
  };
  await store.queue.settle('q1', [{ recipient: 0, state: 'delivered', attempts: 1, nextAttemptAt: 0 }], [deposit], [], []);
  const [uid = 0] = await uids('Junk');
  const found = await store.mailboxes.read({ account: alice, folder: 'Junk', uid });
  assert.deepEqual(await found?.bytes.read(), Buffer.concat([prefix, content]));
  assert.equal(await references(content), 1);
});

test('flags take the next MODSEQ, and only where they change', async () => {
  const { uid } = await append('Drafts', text('flags'));
  const where = { account: alice, folder: 'Drafts', uids: [uid] };
  const [first] = await store.mailboxes.setFlags({ ...where, mode: 'add', flags: ['\\Flagged'] });
  const same = await store.mailboxes.setFlags({ ...where, mode: 'add', flags: ['\\flagged'] });
  const [gone] = await store.mailboxes.setFlags({ ...where, mode: 'remove', flags: ['\\Flagged'] });
  assert.deepEqual(first?.flags, ['\\Flagged']);
  assert.deepEqual(same, []);
  assert.deepEqual(gone?.flags, []);
  assert.ok((gone?.modseq ?? 0) > (first?.modseq ?? 0));
  await assert.rejects(store.mailboxes.setFlags({ ...where, mode: 'add', flags: ['two words'] }), { code: 'flag-refused' });
});

test('a copy shares the body, a move takes it along, expunge frees it', async () => {
  const bytes = text('travels');
  const { uid } = await append('Archive', bytes);
  const copied = await store.mailboxes.copy({ account: alice, folder: 'Archive', uids: [uid, 999], target: 'Sent' });
  assert.equal(copied.pairs.length, 1);
  assert.equal(await references(bytes), 1, 'one mail, two places');
  const moved = await store.mailboxes.move({ account: alice, folder: 'Archive', uids: [uid], target: 'Trash' });
  assert.deepEqual(await uids('Archive'), []);
  const inTrash = [moved.pairs[0]?.to ?? 0];
  assert.deepEqual((await store.mailboxes.expunge({ account: alice, folder: 'Trash' })).uids, []);
  await store.mailboxes.setFlags({ account: alice, folder: 'Trash', uids: inTrash, mode: 'add', flags: ['\\Deleted'] });
  assert.deepEqual((await store.mailboxes.expunge({ account: alice, folder: 'Trash' })).uids, inTrash);
  assert.equal(await references(bytes), 1);
  await store.mailboxes.setFlags({ account: alice, folder: 'Sent', uids: [copied.pairs[0]?.to ?? 0], mode: 'add', flags: ['\\Deleted'] });
  await store.mailboxes.expunge({ account: alice, folder: 'Sent' });
  assert.equal(await references(bytes), 0);
  const again = await append('Trash', bytes);
  assert.ok(again.uid > (inTrash[0] ?? 0), 'a UID is never used twice');
});

test('a folder made anew has another UIDVALIDITY', async () => {
  const first = await store.mailboxes.createFolder(alice, 'Lists/node');
  await assert.rejects(store.mailboxes.createFolder(alice, 'Lists/node'), { code: 'folder-exists' });
  await store.mailboxes.removeFolder(alice, 'Lists/node');
  const second = await store.mailboxes.createFolder(alice, 'Lists/node');
  assert.ok(second.uidValidity > first.uidValidity);
  await assert.rejects(store.mailboxes.removeFolder(alice, 'inbox'), { code: 'folder-needed' });
  for (const name of ['', 'a//b', '/a', 'a\nb', 'x%']) await assert.rejects(store.mailboxes.createFolder(alice, name), { code: 'folder-name-refused' });
});

test('with the account its mail goes', async () => {
  const bytes = text('carol');
  await store.directory.addAccount('carol@example.org', await derivePassword('correct horse'), AT);
  await store.mailboxes.append({ account: 'carol@example.org', folder: 'INBOX', content: new BufferSource(bytes), flags: [], internalDate: AT });
  await store.directory.removeAccount('carol@example.org');
  assert.equal(await references(bytes), 0);
});

test('a folder of many messages is removed in pieces; what a crash left is removed later', async () => {
  await store.mailboxes.createFolder(alice, 'Doomed');
  const bytes = text('doomed');
  for (let i = 0; i < 450; i += 1) await append('Doomed', bytes);
  const doomed = await store.mailbox.folders.find(alice, 'Doomed');
  await store.call('folders.remove', { id: doomed?.id ?? 0, at: AT });
  assert.ok(!(await store.mailboxes.folders(alice)).some(({ name }) => name === 'Doomed'));
  assert.equal(await references(bytes), 450);
  assert.deepEqual(await store.call('folders.sweepRemoved', undefined), { more: true });
  assert.equal(await references(bytes), 250);
  await store.mailboxes.createFolder(alice, 'Doomed');
  await store.mailboxes.removeFolder(alice, 'Doomed');
  assert.equal(await references(bytes), 0);
  assert.deepEqual(await store.call('integrity.problems', undefined), []);
});

test('listings go both ways, in pieces when structures are large', async () => {
  await store.mailboxes.createFolder(alice, 'Many');
  const parts = Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(900)}--b--\r\n`);
  for (let i = 0; i < 40; i += 1) await append('Many', parts);
  const whole = { account: alice, folder: 'Many', limit: 1000 };
  const seen: number[] = [];
  for (let piece = await store.mailboxes.list(whole); piece.length > 0; piece = await store.mailboxes.list({ ...whole, from: seen.at(-1) ?? 0 })) {
    assert.ok(piece.length < 40, 'a piece is bounded in bytes');
    seen.push(...piece.map((row) => row.uid));
  }
  assert.deepEqual(seen, Array.from({ length: 40 }, (_, i) => i + 1));
  const newest = await store.mailboxes.list({ ...whole, descending: true, limit: 2 });
  assert.deepEqual(newest.map((row) => row.uid), [40, 39]);
  const older = await store.mailboxes.list({ ...whole, descending: true, limit: 2, from: 39 });
  assert.deepEqual(older.map((row) => row.uid), [38, 37]);
});

test('large messages are files', async () => {
  const bytes = Buffer.concat([text('large'), Buffer.alloc(400_000, 'x')]);
  const { uid } = await append('INBOX', bytes);
  const found = await store.mailboxes.read({ account: alice, folder: 'INBOX', uid });
  assert.equal(found?.bytes.size, bytes.length);
  assert.deepEqual(await found?.bytes.read(), bytes);
});
