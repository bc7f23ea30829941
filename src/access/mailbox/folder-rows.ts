/**
 * The messages of one folder as columns in order of UID, the newest last: what a snapshot brought and what changes added.
 *
 * New messages and new flags are written in place. Expunging makes other rows (`without`) and leaves these as they are, so
 * that whoever is in the middle of reading keeps valid indexes over any wait; row i is message i + 1 of this version.
 */
import type { MessageColumns } from '../../contract/mailbox.ts';
import { FlagSets } from './flag-sets.ts';

const CAPACITY_LEAST = 16;

export class FolderRows {
  readonly flagSets: FlagSets;
  #count = 0;
  #uids: Uint32Array;
  #modseqs: Float64Array;
  #setNumbers: Uint32Array;
  #internalDates: Float64Array;
  #savedAts: Float64Array;
  #sizes: Float64Array;
  #mailIds: Float64Array;

  constructor(capacity: number, flagSets: FlagSets = new FlagSets()) {
    const room = Math.max(CAPACITY_LEAST, capacity);
    this.flagSets = flagSets;
    this.#uids = new Uint32Array(room);
    this.#modseqs = new Float64Array(room);
    this.#setNumbers = new Uint32Array(room);
    this.#internalDates = new Float64Array(room);
    this.#savedAts = new Float64Array(room);
    this.#sizes = new Float64Array(room);
    this.#mailIds = new Float64Array(room);
  }

  static of(columns: MessageColumns): FolderRows {
    const rows = new FolderRows(columns.uids.length);
    rows.take(columns);
    return rows;
  }

  get count(): number {
    return this.#count;
  }

  /** The first `count` of it are UIDs; the array is replaced when it grows, and never changed below a count once told. */
  get uids(): Uint32Array {
    return this.#uids;
  }

  get modseqs(): Float64Array {
    return this.#modseqs;
  }

  /** Numbers of `flagSets`. */
  get setNumbers(): Uint32Array {
    return this.#setNumbers;
  }

  /** Milliseconds since 1970, as the next. */
  get internalDates(): Float64Array {
    return this.#internalDates;
  }

  get savedAts(): Float64Array {
    return this.#savedAts;
  }

  /** Bytes. */
  get sizes(): Float64Array {
    return this.#sizes;
  }

  get mailIds(): Float64Array {
    return this.#mailIds;
  }

  get lastUid(): number {
    return this.#count === 0 ? 0 : (this.#uids[this.#count - 1] as number);
  }

  uidAt(index: number): number {
    return this.#uids[index] as number;
  }

  modseqAt(index: number): number {
    return this.#modseqs[index] as number;
  }

  flagsAt(index: number): readonly string[] {
    return this.flagSets.flags(this.#setNumbers[index] as number);
  }

  mailIdAt(index: number): number {
    return this.#mailIds[index] as number;
  }

  /** -1: not here. */
  indexOf(uid: number): number {
    const index = lowerBound(this.#uids, this.#count, uid);
    return index < this.#count && this.#uids[index] === uid ? index : -1;
  }

  /** Takes new messages, and newer states of those that are here. A state that is not newer is passed over. */
  take(columns: MessageColumns): void {
    const numbers = columns.sets.map((set) => this.flagSets.numberOf(set));
    for (let i = 0; i < columns.uids.length; i++) {
      const uid = columns.uids[i] as number;
      const number = numbers[columns.flagSets[i] as number] as number;
      if (uid > this.lastUid) this.#append(columns, i, number);
      else this.#renew(this.indexOf(uid), columns.modseqs[i] as number, number);
    }
  }

  /** Other rows without these UIDs, which are ascending; this one when none of them is here. */
  without(uids: ArrayLike<number>): FolderRows {
    const gone = new Uint8Array(this.#count);
    let goneCount = 0;
    for (let i = 0; i < uids.length; i++) {
      const index = this.indexOf(uids[i] as number);
      if (index < 0 || gone[index] === 1) continue;
      gone[index] = 1;
      goneCount++;
    }
    if (goneCount === 0) return this;
    const rest = new FolderRows(this.#count - goneCount, this.flagSets);
    for (let i = 0; i < this.#count; i++) if (gone[i] === 0) rest.#copy(this, i);
    return rest;
  }

  #append(from: MessageColumns, i: number, setNumber: number): void {
    if (this.#count === this.#uids.length) this.#grow();
    const at = this.#count;
    this.#uids[at] = from.uids[i] as number;
    this.#modseqs[at] = from.modseqs[i] as number;
    this.#setNumbers[at] = setNumber;
    this.#internalDates[at] = from.internalDates[i] as number;
    this.#savedAts[at] = from.savedAts[i] as number;
    this.#sizes[at] = from.sizes[i] as number;
    this.#mailIds[at] = from.mailIds[i] as number;
    this.#count++;
  }

  #copy(from: FolderRows, i: number): void {
    const at = this.#count;
    this.#uids[at] = from.#uids[i] as number;
    this.#modseqs[at] = from.#modseqs[i] as number;
    this.#setNumbers[at] = from.#setNumbers[i] as number;
    this.#internalDates[at] = from.#internalDates[i] as number;
    this.#savedAts[at] = from.#savedAts[i] as number;
    this.#sizes[at] = from.#sizes[i] as number;
    this.#mailIds[at] = from.#mailIds[i] as number;
    this.#count++;
  }

  #renew(index: number, modseq: number, setNumber: number): void {
    if (index < 0 || modseq <= (this.#modseqs[index] as number)) return;
    this.#modseqs[index] = modseq;
    this.#setNumbers[index] = setNumber;
  }

  #grow(): void {
    const room = this.#uids.length * 2;
    this.#uids = grown(this.#uids, new Uint32Array(room));
    this.#modseqs = grown(this.#modseqs, new Float64Array(room));
    this.#setNumbers = grown(this.#setNumbers, new Uint32Array(room));
    this.#internalDates = grown(this.#internalDates, new Float64Array(room));
    this.#savedAts = grown(this.#savedAts, new Float64Array(room));
    this.#sizes = grown(this.#sizes, new Float64Array(room));
    this.#mailIds = grown(this.#mailIds, new Float64Array(room));
  }
}

function grown<T extends Uint32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** Index of the first of the ascending `count` values that is not below `value`. */
export function lowerBound(values: ArrayLike<number>, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
