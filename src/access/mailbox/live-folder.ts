/**
 * One folder in memory, shared by all sessions of a thread that have it selected, and kept as the store has it.
 *
 * Policy: one question to the store at a time; news that come in meanwhile are answered by the next one together. What this
 * thread did itself is taken over without a question when nothing else happened in between (`takeOwn`). Expunges make a new
 * version of the rows and one link of a chain; a session that was not told yet keeps its old UIDs and its link, and reads
 * from there what went (folder-view.ts). The chain leads only forward, so what nobody waits for is garbage.
 */
import type { FolderChanges, FolderFacts, FolderMessages, FolderSnapshot, MessageColumns } from '../../contract/mailbox.ts';
import { FolderRows } from './folder-rows.ts';

/** UIDs that went between one version and the next. The last link has no next yet. */
export interface ExpungeLink {
  removed: Uint32Array;
  next: ExpungeLink | undefined;
}

interface ChangedSince {
  readonly rows: FolderRows;
  readonly modseq: number;
  readonly since: number;
  readonly indexes: Uint32Array;
}

const NONE = new Uint32Array(0);

export class LiveFolder {
  readonly id: number;
  readonly #messages: Pick<FolderMessages, 'changes' | 'claimRecent'>;
  readonly #listeners = new Set<() => void>();
  #facts: FolderFacts;
  #rows: FolderRows;
  #modseq: number;
  #tail: ExpungeLink = { removed: NONE, next: undefined };
  #gone = false;
  #sharingVersion = 0;
  #recentFromUid: number;
  /** Highest MODSEQ that was heard of. */
  #heard: number;
  #asking: Promise<void> | undefined;
  #changedSince: ChangedSince | undefined;

  constructor(messages: Pick<FolderMessages, 'changes' | 'claimRecent'>, snapshot: FolderSnapshot) {
    this.id = snapshot.folder.id;
    this.#messages = messages;
    this.#facts = snapshot.folder;
    this.#rows = FolderRows.of(snapshot.messages);
    this.#modseq = snapshot.folder.highestModseq;
    this.#heard = this.#modseq;
    this.#recentFromUid = snapshot.folder.recentFromUid;
  }

  /** As of the last question; its counters may be older than the rows. */
  get facts(): FolderFacts {
    return this.#facts;
  }

  get rows(): FolderRows {
    return this.#rows;
  }

  /** Every change up to this one is in the rows. */
  get modseq(): number {
    return this.#modseq;
  }

  get tail(): ExpungeLink {
    return this.#tail;
  }

  /** The folder was removed. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Another number whenever rights on the folder may be other ones. */
  get sharingVersion(): number {
    return this.#sharingVersion;
  }

  /** The UID that the next message will have at least. */
  get uidNext(): number {
    return Math.max(this.#facts.uidNext, this.#rows.lastUid + 1);
  }

  /** Messages from this UID on are \Recent to the next session that claims them (RFC 3501 §2.3.2). */
  get recentFromUid(): number {
    return this.#recentFromUid;
  }

  /** Called after the rows changed or the folder went; undone by the result. The listener must not throw. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The store told of a change. Resolves when it is in the rows; rejects when the store could not be asked. */
  hear(modseq: number): Promise<void> {
    this.#heard = Math.max(this.#heard, modseq);
    return this.#heard > this.#modseq ? this.#question() : Promise.resolve();
  }

  /** Resolves when every change up to `modseq` is in the rows. */
  async reach(modseq: number): Promise<void> {
    if (modseq > this.#modseq && !this.#gone) await this.hear(modseq);
  }

  /** Resolves when everything that was heard of is in the rows. */
  settle(): Promise<void> {
    return this.reach(this.#heard);
  }

  /** Everything that was heard of is in the rows. */
  get settled(): boolean {
    return this.#asking === undefined && this.#heard <= this.#modseq;
  }

  /** Asks the store, whatever was heard. */
  async refresh(): Promise<void> {
    await this.#asking?.catch(() => undefined);
    await (this.#asking ?? this.#start());
  }

  /** What carries no MODSEQ is other than it was: the name, who may do what, or that there is a folder at all. */
  async review(): Promise<void> {
    this.#sharingVersion++;
    await this.refresh();
    this.#tell();
  }

  /** What a change of ours did. True when it could be taken over as it is, being the very next one. */
  takeOwn(modseq: number, done: { readonly changed?: MessageColumns; readonly expunged?: Uint32Array }): boolean {
    if (this.#gone || modseq !== this.#modseq + 1) return false;
    if (done.changed?.modseqs.some((one) => one !== modseq)) return false;
    if (done.changed !== undefined) this.#rows.take(done.changed);
    if (done.expunged !== undefined) this.#remove(done.expunged);
    this.#advance(modseq);
    return true;
  }

  /** The UIDs from here on are \Recent to the caller and to nobody else. Undefined: there are none. */
  claimRecent(): number | undefined {
    const from = this.#recentFromUid;
    const next = this.#rows.lastUid + 1;
    if (from >= next) return undefined;
    this.#recentFromUid = next;
    // Lost, the same messages are \Recent once more after a restart; nobody is harmed.
    this.#messages.claimRecent(this.id).catch(() => undefined);
    return from;
  }

  /** Indexes of the rows that changed after that MODSEQ, ascending. Remembered, because idle sessions all ask the same. */
  changedSince(since: number): Uint32Array {
    if (since >= this.#modseq) return NONE;
    const known = this.#changedSince;
    if (known !== undefined && known.rows === this.#rows && known.modseq === this.#modseq && known.since === since) return known.indexes;
    const indexes: number[] = [];
    const { modseqs, count } = this.#rows;
    for (let i = 0; i < count; i++) if ((modseqs[i] as number) > since) indexes.push(i);
    this.#changedSince = { rows: this.#rows, modseq: this.#modseq, since, indexes: Uint32Array.from(indexes) };
    return this.#changedSince.indexes;
  }

  #question(): Promise<void> {
    return this.#asking === undefined ? this.#start() : this.#asking.then(() => (this.#heard > this.#modseq && !this.#gone ? this.#question() : undefined));
  }

  #start(): Promise<void> {
    this.#asking = this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const since = this.#modseq;
    const heard = this.#heard;
    const changes = await this.#messages.changes(this.id, since);
    this.#take(changes, since);
    // A number that the store does not confirm must not make us ask forever.
    if (this.#heard === heard) this.#heard = this.#modseq;
  }

  #take(changes: FolderChanges, since: number): void {
    if (changes.folder === undefined) {
      this.#gone = true;
      return this.#tell();
    }
    this.#facts = changes.folder;
    // While we asked, a change of ours may have been taken over; then this answer is complete only up to its own MODSEQ.
    if (changes.folder.highestModseq <= this.#modseq && this.#modseq !== since) return;
    this.#rows.take(changes.changed);
    this.#remove(changes.vanished);
    if (changes.folder.highestModseq > this.#modseq) this.#advance(changes.folder.highestModseq);
  }

  #remove(uids: Uint32Array): void {
    // An answer that was asked for before a change of ours was taken over names its expunges once more.
    const removed = uids.filter((uid) => this.#rows.indexOf(uid) >= 0);
    if (removed.length === 0) return;
    this.#rows = this.#rows.without(removed);
    const last = this.#tail;
    this.#tail = { removed: NONE, next: undefined };
    last.removed = removed;
    last.next = this.#tail;
  }

  #advance(modseq: number): void {
    this.#modseq = modseq;
    this.#heard = Math.max(this.#heard, modseq);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
