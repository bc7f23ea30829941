/**
 * What one session has been told of a live folder: which UIDs under which numbers, how many, and up to which MODSEQ. Small,
 * because everything else is the live folder's.
 *
 * Policy: numbers change only when the session tells its client so. Until an expunge may be told (RFC 9051 §7.5.1), the old
 * UIDs are kept and new messages wait, too; changes of flags are told all the same. A view never tells more than `news` gave
 * it, so a caller that takes news must write them.
 */
import type { UidRanges } from '../../contract/mailbox.ts';
import { lowerBound } from './folder-rows.ts';
import type { ExpungeLink, LiveFolder } from './live-folder.ts';

export interface ViewNews {
  /** The folder is no more; nothing else is told. */
  readonly gone: boolean;
  /** Highest first, so that each number is right when its EXPUNGE is read. */
  readonly expunged: readonly number[];
  /** The same messages by UID, ascending. */
  readonly vanished: readonly number[];
  /** The new count, when it is other than what the client computes after the expunges. */
  readonly exists: number | undefined;
  /** Sequence numbers of messages whose flags changed, ascending; by the numbers after the expunges. */
  readonly changed: readonly number[];
}

export const NO_NEWS: ViewNews = { gone: false, expunged: [], vanished: [], exists: undefined, changed: [] };

export class FolderView {
  readonly live: LiveFolder;
  #uids: Uint32Array;
  #count: number;
  #link: ExpungeLink;
  #told: number;

  /** A view of all there is now. */
  constructor(live: LiveFolder) {
    this.live = live;
    this.#uids = live.rows.uids;
    this.#count = live.rows.count;
    this.#link = live.tail;
    this.#told = live.modseq;
  }

  /** Messages, as the client counts. */
  get count(): number {
    return this.#count;
  }

  /** Changes up to this one have been told. */
  get toldModseq(): number {
    return this.#told;
  }

  get lastUid(): number {
    return this.#count === 0 ? 0 : (this.#uids[this.#count - 1] as number);
  }

  /** The client's numbers are the live folder's: row i is message i + 1. */
  get current(): boolean {
    return this.#link === this.live.tail;
  }

  /** There is something to tell. */
  get stale(): boolean {
    return this.live.gone || !this.current || this.#told < this.live.modseq || this.#count < this.live.rows.count;
  }

  /** `sequence` from 1 to `count`. */
  uidOf(sequence: number): number {
    return this.#uids[sequence - 1] as number;
  }

  /** 0: the client has not been told of it. */
  sequenceOf(uid: number): number {
    const index = lowerBound(this.#uids, this.#count, uid);
    return index < this.#count && this.#uids[index] === uid ? index + 1 : 0;
  }

  /** Index in `live.rows`, valid until the rows are replaced; -1: expunged, though the client was not told yet. */
  rowOf(sequence: number): number {
    return this.current ? sequence - 1 : this.live.rows.indexOf(this.uidOf(sequence));
  }

  /** Sequence numbers of the messages with these UIDs, ascending. */
  sequencesOf(uids: UidRanges): number[] {
    const sequences: number[] = [];
    for (const [from, to] of uids) {
      for (let i = lowerBound(this.#uids, this.#count, from); i < this.#count && (this.#uids[i] as number) <= to; i++) sequences.push(i + 1);
    }
    return sequences;
  }

  /** Without what is above the last UID that the client was told of. */
  clip(uids: UidRanges): UidRanges {
    const last = this.lastUid;
    if ((uids.at(-1)?.[1] ?? 0) <= last) return uids;
    return uids.filter(([from]) => from <= last).map(([from, to]) => [from, Math.min(to, last)] as const);
  }

  /** The UIDs of these sequence numbers, which are from 1 to `count`, ascending, not overlapping. Between two there is no UID that is not meant. */
  uidRanges(sequences: UidRanges): UidRanges {
    return sequences.map(([from, to]) => [this.uidOf(from), this.uidOf(to)] as const);
  }

  /** What happened since the last call, from now on told. Without `expunges`, these and what comes after them wait. */
  news(expunges: boolean): ViewNews {
    if (!this.stale) return NO_NEWS;
    if (this.live.gone) return { ...NO_NEWS, gone: true };
    const vanished = expunges ? this.#follow() : [];
    const expunged = vanished.map((uid) => this.sequenceOf(uid)).toReversed();
    const computed = this.#count - vanished.length;
    const known = this.lastUid;
    if (this.current) {
      this.#uids = this.live.rows.uids;
      this.#count = this.live.rows.count;
    }
    const changed = this.#changed(known);
    this.#told = this.live.modseq;
    return { gone: false, expunged, vanished, exists: this.current && this.#count !== computed ? this.#count : undefined, changed };
  }

  /** Goes to the end of the chain. UIDs that the client knew, ascending. */
  #follow(): number[] {
    const vanished: number[] = [];
    while (this.#link.next !== undefined) {
      for (const uid of this.#link.removed) if (this.sequenceOf(uid) > 0) vanished.push(uid);
      this.#link = this.#link.next;
    }
    return vanished.sort((a, b) => a - b);
  }

  /** Of those that the client knew. */
  #changed(lastKnownUid: number): number[] {
    const { rows } = this.live;
    const sequences: number[] = [];
    for (const index of this.live.changedSince(this.#told)) {
      const uid = rows.uidAt(index);
      if (uid > lastKnownUid) break;
      const sequence = this.current ? index + 1 : this.sequenceOf(uid);
      if (sequence > 0) sequences.push(sequence);
    }
    return sequences;
  }
}
