/** Walks the messages of a folder that are in given ranges of UIDs, in order, in pieces. */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import type { UidRanges } from '../../contract/mailbox.ts';
import type { Database, SqlValue } from '../database.ts';

export interface RangePiece {
  readonly rows: readonly SqlValue[][];
  /** Where to go on; null at the end. */
  readonly next: UidRanges | null;
}

/** A range that names nothing costs about as much as some rows. */
const ROWS_PER_RANGE = 4;

/** `sql`: constant; takes folder, first UID, last UID, limit, in this order, and selects the UID first, ascending. */
export function rowsInRanges(db: Database, sql: string, folder: number, ranges: UidRanges, max: number = MAILBOX_LIMITS.changedPerOperationMax): RangePiece {
  const rows: SqlValue[][] = [];
  let cost = 0;
  for (const [at, [from, to]] of ranges.entries()) {
    if (cost >= max) return { rows, next: ranges.slice(at) };
    const found = db.rows(sql, folder, from, to, max - rows.length);
    for (const row of found) rows.push(row);
    cost += found.length + ROWS_PER_RANGE;
    const last = rows.at(-1)?.[0] as number | undefined;
    if (rows.length >= max && last !== undefined && last < to) return { rows, next: [[last + 1, to], ...ranges.slice(at + 1)] };
  }
  return { rows, next: null };
}

/** Whether a UID is in the ranges, which ascend and do not overlap. */
export function inRanges(ranges: UidRanges, uid: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = ranges[middle] as readonly [number, number];
    if (uid < from) high = middle - 1;
    else if (uid > to) low = middle + 1;
    else return true;
  }
  return false;
}
