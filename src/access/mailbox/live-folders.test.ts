import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIVE_FOLDER_LIMITS } from '../../base/access-limits.ts';
import { AdjustableClock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import type { FolderChanges, FolderFacts, FolderNews, FolderSnapshot, MessageColumns } from '../../contract/mailbox.ts';
import { LiveFolders } from './live-folders.ts';

function columns(count: number): MessageColumns {
  const zeros = new Float64Array(count);
  return { uids: Uint32Array.from(zeros, (_, i) => i + 1), modseqs: zeros, flagSets: new Uint32Array(count), sets: [[]], internalDates: zeros, savedAts: zeros, sizes: zeros, mailIds: zeros };
}

/** Folders that hold as many messages as their number says, and what was asked of them. */
class Folders {
  readonly clock = new AdjustableClock();
  readonly asked: string[] = [];
  readonly modseqs = new Map<number, number>();
  failing = false;
  #listener: (news: readonly FolderNews[]) => void = () => {};
  readonly live = new LiveFolders({
    clock: this.clock,
    feed: { upToDate: true, watch: (listener) => ((this.#listener = listener), () => (this.#listener = () => {})) },
    messages: {
      snapshot: async (id) => this.#snapshot(id),
      changes: async (id) => this.#changes(id),
      claimRecent: async () => 0,
    },
  });

  news(folder: number, options: { listChanged?: boolean } = {}): void {
    this.modseqs.set(folder, this.#modseq(folder) + 1);
    this.#listener([{ folder, account: 'a@example.org', highestModseq: this.#modseq(folder), listChanged: options.listChanged ?? false }]);
  }

  #modseq(folder: number): number {
    return this.modseqs.get(folder) ?? 1;
  }

  #facts(id: number): FolderFacts {
    return {
      id, account: 'a@example.org', name: `f${id}`, objectId: `F${id}`, uidValidity: 1, uidNext: id + 1, highestModseq: this.#modseq(id), specialUse: [],
      messages: id, unseen: 0, deleted: 0, sizeBytes: 0, recentFromUid: 1, createdAt: 0,
    };
  }

  #snapshot(id: number): FolderSnapshot | undefined {
    this.asked.push(`snapshot ${id}`);
    return id === 404 ? undefined : { folder: this.#facts(id), messages: columns(Math.min(id, 5)) };
  }

  async #changes(id: number): Promise<FolderChanges> {
    this.asked.push(`changes ${id}`);
    await nextTurn();
    if (this.failing) throw new Failure('store-busy', 'not now');
    return { folder: this.#facts(id), changed: columns(0), vanished: new Uint32Array(0) };
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Every question is answered. */
async function settled(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

test('sessions share a folder, which stays for a while after the last has left', async () => {
  const folders = new Folders();
  const [a, b] = await Promise.all([folders.live.open(3), folders.live.open(3)]);
  assert.equal(a?.live, b?.live);
  assert.equal(folders.asked.filter((one) => one === 'snapshot 3').length, 1);
  a?.release();
  a?.release();
  folders.clock.advance(LIVE_FOLDER_LIMITS.unusedKeptMs * 2);
  assert.equal(folders.live.size, 1, 'b still has it');
  b?.release();
  const again = await folders.live.open(3);
  assert.equal(again?.live, a?.live);
  again?.release();
  folders.clock.advance(LIVE_FOLDER_LIMITS.unusedKeptMs * 2);
  assert.equal(folders.live.size, 0);
});

test('a folder that nobody looks at costs no questions, and is fresh when it is opened again', async () => {
  const folders = new Folders();
  const first = await folders.live.open(3);
  first?.release();
  folders.asked.length = 0;
  for (let i = 0; i < 10; i++) folders.news(3);
  await settled();
  assert.deepEqual(folders.asked, []);
  const again = await folders.live.open(3);
  assert.deepEqual(folders.asked, ['changes 3']);
  assert.equal(again?.live.modseq, 11);
});

test('who opens a folder while another asks for its news does not see it without them', async () => {
  const folders = new Folders();
  (await folders.live.open(3))?.release();
  folders.news(3);
  const seen = await Promise.all([1, 2, 3].map(() => folders.live.open(3).then((lease) => lease?.live.modseq)));
  assert.deepEqual(seen, [2, 2, 2]);
});

test('what could not be asked is asked again', async () => {
  const folders = new Folders();
  const lease = await folders.live.open(3);
  folders.failing = true;
  folders.news(3);
  await settled();
  assert.equal(lease?.live.modseq, 1);
  folders.failing = false;
  folders.clock.advance(LIVE_FOLDER_LIMITS.retryMs);
  await settled();
  assert.equal(lease?.live.modseq, 2);
});

test('no folder: nothing is kept; a change of rights is passed on', async () => {
  const folders = new Folders();
  assert.equal(await folders.live.open(404), undefined);
  assert.equal(folders.live.size, 0);
  const lease = await folders.live.open(3);
  const before = lease?.live.sharingVersion;
  let told = 0;
  lease?.live.watch(() => told++);
  folders.news(3, { listChanged: true });
  await settled();
  assert.notEqual(lease?.live.sharingVersion, before);
  assert.ok(told > 0);
});

test('unused folders are dropped, oldest first, when there are too many', async () => {
  const folders = new Folders();
  for (let id = 1; id <= LIVE_FOLDER_LIMITS.unusedFoldersMax + 10; id++) (await folders.live.open(id === 404 ? 405 : id))?.release();
  assert.ok(folders.live.size <= LIVE_FOLDER_LIMITS.unusedFoldersMax);
  folders.asked.length = 0;
  (await folders.live.open(1))?.release();
  assert.equal(folders.asked[0], 'snapshot 1');
  folders.live.close();
  assert.equal(folders.live.size, 0);
});
