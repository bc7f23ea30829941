import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FolderChanges, FolderFacts, MessageColumns } from '../../contract/mailbox.ts';
import { createSeededRandom } from '../../../test/harness/seeded-random.ts';
import { FolderView } from './folder-view.ts';
import { LiveFolder } from './live-folder.ts';

interface Message {
  readonly uid: number;
  modseq: number;
  flags: string[];
}

/** A folder that remembers everything, as simply as can be. */
class Model {
  messages: Message[] = [];
  vanished: { uid: number; modseq: number }[] = [];
  modseq = 1;
  uidNext = 1;
  questions = 0;
  gone = false;

  facts(): FolderFacts {
    return {
      id: 1, account: 'alice@example.org', name: 'INBOX', objectId: 'f1', uidValidity: 7, uidNext: this.uidNext, highestModseq: this.modseq, specialUse: [],
      messages: this.messages.length, unseen: 0, deleted: 0, sizeBytes: 0, recentFromUid: 1, createdAt: 0,
    };
  }

  columns(messages: readonly Message[]): MessageColumns {
    const zeros = new Float64Array(messages.length);
    return {
      uids: Uint32Array.from(messages, (one) => one.uid),
      modseqs: Float64Array.from(messages, (one) => one.modseq),
      flagSets: Uint32Array.from(messages, (_, index) => index),
      sets: messages.map((one) => [...one.flags].sort()),
      internalDates: zeros, savedAts: zeros, sizes: zeros,
      mailIds: Float64Array.from(messages, (one) => one.uid * 10),
    };
  }

  changes(since: number): FolderChanges {
    this.questions++;
    return {
      folder: this.gone ? undefined : this.facts(),
      changed: this.columns(this.messages.filter((one) => one.modseq > since)),
      vanished: Uint32Array.from(this.vanished.filter((one) => one.modseq > since), (one) => one.uid),
    };
  }

  append(): void {
    this.messages.push({ uid: this.uidNext++, modseq: ++this.modseq, flags: [] });
  }

  flag(uid: number, flags: string[]): void {
    const message = this.messages.find((one) => one.uid === uid) as Message;
    message.flags = flags;
    message.modseq = ++this.modseq;
  }

  expunge(uids: readonly number[]): void {
    this.modseq++;
    this.messages = this.messages.filter((one) => !uids.includes(one.uid));
    for (const uid of uids) this.vanished.push({ uid, modseq: this.modseq });
  }
}

/** The picture that a client keeps from what it is told. */
class Picture {
  readonly view: FolderView;
  rows: { uid: number; flags: string }[];

  constructor(live: LiveFolder) {
    this.view = new FolderView(live);
    this.rows = Array.from({ length: this.view.count }, (_, i) => ({ uid: this.view.uidOf(i + 1), flags: this.#flags(i + 1) }));
  }

  #flags(sequence: number): string {
    return this.view.live.rows.flagsAt(this.view.rowOf(sequence)).join(' ');
  }

  hear(expunges: boolean): void {
    const news = this.view.news(expunges);
    const vanished = new Set(news.vanished);
    for (const sequence of news.expunged) {
      const [gone] = this.rows.splice(sequence - 1, 1);
      assert.ok(gone !== undefined && vanished.has(gone.uid), 'EXPUNGE names the message that VANISHED names');
    }
    assert.equal(news.expunged.length, news.vanished.length);
    if (news.exists !== undefined) {
      assert.ok(news.exists > this.rows.length, 'EXISTS only grows');
      for (let sequence = this.rows.length + 1; sequence <= news.exists; sequence++) this.rows.push({ uid: this.view.uidOf(sequence), flags: this.#flags(sequence) });
    }
    for (const sequence of news.changed) (this.rows[sequence - 1] as { flags: string }).flags = this.#flags(sequence);
  }

  check(): void {
    assert.equal(this.view.count, this.rows.length);
    this.rows.forEach((row, index) => {
      assert.equal(this.view.uidOf(index + 1), row.uid);
      assert.equal(this.view.sequenceOf(row.uid), index + 1);
      const at = this.view.rowOf(index + 1);
      if (at >= 0) assert.equal(this.view.live.rows.uidAt(at), row.uid);
    });
  }
}

function liveOf(model: Model): LiveFolder {
  const ports = { changes: async (_: number, since: number) => model.changes(since), claimRecent: async () => 0 };
  return new LiveFolder(ports, { folder: model.facts(), messages: model.columns(model.messages) });
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`many sessions, random changes: every picture converges and no number is ever wrong (seed ${seed})`, async () => {
    const random = createSeededRandom(seed);
    const model = new Model();
    for (let i = 0; i < 20; i++) model.append();
    const live = liveOf(model);
    const pictures: Picture[] = [];
    for (let step = 0; step < 600; step++) {
      const dice = random.below(10);
      if (dice < 3) model.append();
      else if (dice < 6 && model.messages.length > 0) model.flag(random.pick(model.messages).uid, random.below(2) ? ['\\Seen'] : ['work', '\\Deleted']);
      else if (dice < 8 && model.messages.length > 0) {
        const uids = model.messages.filter(() => random.below(6) === 0).map((one) => one.uid);
        if (uids.length > 0) model.expunge(uids);
      }
      if (random.below(3) === 0) await live.hear(model.modseq);
      if (random.below(8) === 0 && pictures.length < 30) pictures.push(new Picture(live));
      for (const picture of pictures) {
        if (random.below(4) === 0) picture.hear(random.below(3) !== 0);
        picture.check();
      }
    }
    await live.hear(model.modseq);
    const expected = model.messages.map((one) => ({ uid: one.uid, flags: [...one.flags].sort().join(' ') }));
    for (const picture of pictures) {
      picture.hear(true);
      picture.check();
      assert.deepEqual(picture.rows, expected);
      assert.equal(picture.view.stale, false);
    }
  });
}

test('what happened at once is asked for once', async () => {
  const model = new Model();
  const live = liveOf(model);
  const waits: Promise<void>[] = [];
  for (let i = 0; i < 50; i++) {
    model.append();
    waits.push(live.hear(model.modseq));
  }
  await Promise.all(waits);
  assert.equal(live.rows.count, 50);
  assert.ok(model.questions <= 2, `${model.questions} questions`);
});

test('our own change is taken over without a question, unless something else came before it', async () => {
  const model = new Model();
  model.append();
  model.append();
  const live = liveOf(model);
  model.flag(1, ['\\Seen']);
  assert.equal(live.takeOwn(model.modseq, { changed: model.columns(model.messages.slice(0, 1)) }), true);
  assert.deepEqual(live.rows.flagsAt(0), ['\\Seen']);
  model.append();
  model.expunge([1]);
  assert.equal(live.takeOwn(model.modseq, { expunged: Uint32Array.of(1) }), false);
  await live.reach(model.modseq);
  assert.deepEqual([...live.rows.uids.subarray(0, live.rows.count)], [2, 3]);
  assert.equal(model.questions, 1);
});

test('an expunge of ours that an answer under way names again is told once', async () => {
  const model = new Model();
  for (let i = 0; i < 5; i++) model.append();
  const answer = Promise.withResolvers<void>();
  const changes = async (_: number, since: number): Promise<FolderChanges> => answer.promise.then(() => model.changes(since));
  const live = new LiveFolder({ changes, claimRecent: async () => 0 }, { folder: model.facts(), messages: model.columns(model.messages) });
  const view = new FolderView(live);
  const asked = live.hear(model.modseq + 1);
  model.expunge([2]);
  assert.equal(live.takeOwn(model.modseq, { expunged: Uint32Array.of(2) }), true);
  model.expunge([4]);
  answer.resolve();
  await asked;
  assert.deepEqual(view.news(true).expunged, [4, 2]);
});

test('rows that somebody reads stay as they were when messages go', async () => {
  const model = new Model();
  for (let i = 0; i < 5; i++) model.append();
  const live = liveOf(model);
  const { rows } = live;
  model.expunge([2, 3]);
  await live.hear(model.modseq);
  assert.equal(rows.count, 5);
  assert.equal(rows.mailIdAt(2), 30);
  assert.equal(live.rows.count, 3);
  assert.equal(live.rows.indexOf(3), -1);
});

test('each \\Recent message is claimed once', async () => {
  const model = new Model();
  model.append();
  const live = liveOf(model);
  assert.equal(live.claimRecent(), 1);
  assert.equal(live.claimRecent(), undefined);
  model.append();
  await live.hear(model.modseq);
  assert.equal(live.claimRecent(), 2);
  assert.equal(live.claimRecent(), undefined);
});

test('a folder that was removed is told as gone', async () => {
  const model = new Model();
  const live = liveOf(model);
  const view = new FolderView(live);
  model.gone = true;
  model.modseq++;
  let told = 0;
  live.watch(() => told++);
  await live.hear(model.modseq);
  assert.equal(told, 1);
  assert.equal(view.news(true).gone, true);
});
