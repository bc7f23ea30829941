import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BufferSource } from '../../base/byte-source.ts';
import { AdjustableClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { createGuestStore } from '../../store/guest-store.ts';
import { derivePassword } from '../../store/password.ts';
import { openStore } from '../../store/store.ts';
import { FolderCache } from './folder-cache.ts';

const AT = Date.UTC(2026, 10, 20);
const alice = 'alice@example.org';
const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-folder-cache-'));
const clock = new AdjustableClock();
const store = await openStore(dataDir, { clock, readerThread: true });
const guest = createGuestStore({ dataDir, clock, log: silentLog, changeMemory: store.changeMemory });
store.share((port) => guest.connect(port));
store.shareReader((port) => guest.connectReader(port));
await store.directory.addDomain('example.org', { at: AT });
await store.directory.addAccount(alice, await derivePassword('correct horse'), AT);
const { folders, messages, sharing } = store.mailbox;
const counted = { questions: 0 };
const cache = new FolderCache({ ...guest.mailbox.folders, find: (account, name) => ((counted.questions += 1), guest.mailbox.folders.find(account, name)) }, guest.mailbox.feed);
const find = (name: string): ReturnType<typeof folders.find> => cache.folders.find(alice, name);
after(async () => {
  cache.close();
  await guest.close();
  await store.close();
  rmSync(dataDir, { recursive: true });
});

test('a folder that nothing happened to is asked for once', async () => {
  await folders.create(alice, 'Quiet');
  // The feed has to begin first.
  while (!guest.mailbox.feed.upToDate) await guest.mailbox.folders.find(alice, 'Quiet');
  await find('Quiet');
  counted.questions = 0;
  assert.equal((await find('Quiet'))?.name, 'Quiet');
  assert.equal((await find('Quiet'))?.messages, 0);
  assert.equal(counted.questions, 0);
});

test('what another thread was told is done is seen at once, again and again', async () => {
  const { id } = await folders.create(alice, 'Busy');
  for (let count = 1; count <= 20; count += 1) {
    const { uids } = await messages.append(id, [{ content: new BufferSource(Buffer.from(`Subject: ${count}\r\n\r\n`)), flags: [], internalDate: AT }]);
    assert.equal((await find('Busy'))?.messages, count);
    await messages.setFlags({ folder: id, uids: [[uids[0] as number, uids[0] as number]], mode: 'add', flags: ['\\Seen'] });
    assert.equal((await find('Busy'))?.unseen, 0);
  }
  await messages.claimRecent(id);
  assert.equal((await find('Busy'))?.recentFromUid, 21);
});

test('a folder that was renamed or removed is not found by its old name', async () => {
  const { id } = await folders.create(alice, 'Old');
  assert.equal((await find('Old'))?.id, id);
  await folders.rename(id, 'New');
  assert.equal(await find('Old'), undefined);
  assert.equal((await find('New'))?.id, id);
  await sharing.set(id, 'anyone', 'lr');
  await folders.remove(id);
  assert.equal(await find('New'), undefined);
});
