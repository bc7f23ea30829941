/**
 * The messages that a SEARCH, SORT or THREAD looks at: those the client knows and that are still there, with their rows.
 * Everything in here is by position, from 0, in order of UID; sets of positions are ascending arrays.
 */
import type { UidRanges } from '../../../contract/mailbox.ts';
import type { FolderRows } from '../../mailbox/folder-rows.ts';

/** Ascending, without doubles. */
export type Positions = Uint32Array;

export interface SearchScope {
  readonly count: number;
  readonly rows: FolderRows;
  /** Index in `rows`. */
  readonly rowOf: (position: number) => number;
  readonly sequenceOf: (position: number) => number;
  /** Number of messages that the client knows, and their last UID: what `*` means. */
  readonly knownCount: number;
  readonly lastUid: number;
  /** What `$` means (RFC 5182). */
  readonly saved: UidRanges;
  readonly isRecent: (uid: number) => boolean;
}

/** What is needed of the selected mailbox. */
export interface ScopeSource {
  readonly rows: FolderRows;
  readonly view: { readonly count: number; readonly lastUid: number; readonly current: boolean; rowOf(sequence: number): number };
  readonly saved: UidRanges;
  readonly isRecent: (uid: number) => boolean;
}

export function createSearchScope({ rows, view, saved, isRecent }: ScopeSource): SearchScope {
  const known = { rows, knownCount: view.count, lastUid: view.lastUid, saved, isRecent };
  if (view.current) return { ...known, count: view.count, rowOf: (position) => position, sequenceOf: (position) => position + 1 };
  const sequences: number[] = [];
  const indexes: number[] = [];
  for (let sequence = 1; sequence <= view.count; sequence += 1) {
    const row = view.rowOf(sequence);
    if (row < 0) continue;
    sequences.push(sequence);
    indexes.push(row);
  }
  return { ...known, count: sequences.length, rowOf: (position) => indexes[position] as number, sequenceOf: (position) => sequences[position] as number };
}

export function allPositions(count: number): Positions {
  return Uint32Array.from({ length: count }, (_, position) => position);
}

/** Those of `from` that are not in `gone`. */
export function without(from: Positions, gone: Positions): Positions {
  if (gone.length === 0) return from;
  let at = 0;
  return from.filter((position) => {
    while (at < gone.length && (gone[at] as number) < position) at += 1;
    return gone[at] !== position;
  });
}

/** Of two that share nothing. */
export function union(a: Positions, b: Positions): Positions {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const all = new Uint32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all.sort();
}
