/**
 * Flags of messages. One order may name a whole folder: it is done in pieces of a few thousand messages, each a commit of
 * its own with one MODSEQ, so that other work gets its turn in between.
 */
import type { FlagOrder, MessageColumns, UidRanges } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { normalizeFlags } from '../folder-name.ts';
import { changeFolder, requireFolder } from './folder-rows.ts';
import { MESSAGE_COLUMNS, packMessages } from './message-columns.ts';
import type { MessageRow } from './message-columns.ts';
import { rowsInRanges } from './uid-ranges.ts';

export interface FlagPiece {
  readonly changed: MessageColumns;
  readonly modified: Uint32Array;
  readonly highestModseq: number;
  /** What is left to do; null when nothing is. */
  readonly next: UidRanges | null;
}

const ROWS = `SELECT ${MESSAGE_COLUMNS} FROM folder_messages WHERE folder_id = ? AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?`;

const UPDATE = `UPDATE folder_messages SET flags = ?, seen = ?, deleted = ?, modseq = ?
  WHERE folder_id = ? AND uid IN (SELECT value FROM json_each(?))`;

/** Messages that have the same flags now and get the same. */
interface Group {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly json: string;
  readonly uids: number[];
}

export const flagWrites = {
  /** Throws Failure `folder-unknown`, `flag-refused`. */
  setFlags(db: Database, order: FlagOrder): FlagPiece {
    const folder = requireFolder(db, order.folder);
    const given = normalizeFlags(order.flags);
    const piece = rowsInRanges(db, ROWS, order.folder, order.uids);
    const rows = piece.rows as unknown as readonly MessageRow[];
    const modified: number[] = [];
    const groups = new Map<string, Group>();
    const touched: { readonly row: MessageRow; readonly group: Group }[] = [];
    for (const row of rows) {
      if (order.unchangedSince !== undefined && row[1] > order.unchangedSince) {
        modified.push(row[0]);
        continue;
      }
      let group = groups.get(row[2]);
      if (!group) groups.set(row[2], (group = groupOf(row[2], given, order.mode)));
      if (group.json === row[2]) continue;
      group.uids.push(row[0]);
      touched.push({ row, group });
    }
    const highestModseq = touched.length === 0 ? folder.highestModseq : writeGroups(db, folder.id, [...groups.values()]);
    const changed = touched.map(({ row, group }): MessageRow => [row[0], highestModseq, group.json, row[3], row[4], row[5], row[6]]);
    return { changed: packMessages(changed), modified: Uint32Array.from(modified), highestModseq, next: piece.next };
  },
};

function groupOf(json: string, given: readonly string[], mode: FlagOrder['mode']): Group {
  const before = JSON.parse(json) as string[];
  const after = apply(before, given, mode);
  return { before, after, json: JSON.stringify(after), uids: [] };
}

/** Keywords keep the spelling that they were first given in. */
function apply(before: readonly string[], given: readonly string[], mode: FlagOrder['mode']): readonly string[] {
  if (mode === 'add') return normalizeFlags([...before, ...given]);
  const named = new Set(given.map((flag) => flag.toLowerCase()));
  if (mode === 'remove') return before.filter((flag) => !named.has(flag.toLowerCase()));
  const kept = before.filter((flag) => named.has(flag.toLowerCase()));
  return normalizeFlags([...kept, ...given]);
}

function writeGroups(db: Database, folder: number, groups: readonly Group[]): number {
  let unseen = 0;
  let deleted = 0;
  for (const { before, after, uids } of groups) {
    unseen += (has(before, '\\Seen') - has(after, '\\Seen')) * uids.length;
    deleted += (has(after, '\\Deleted') - has(before, '\\Deleted')) * uids.length;
  }
  const { modseq } = changeFolder(db, folder, { unseen, deleted });
  for (const { after, json, uids } of groups) {
    if (uids.length > 0) db.run(UPDATE, json, has(after, '\\Seen'), has(after, '\\Deleted'), modseq, folder, JSON.stringify(uids));
  }
  return modseq;
}

export function has(flags: readonly string[], flag: string): 0 | 1 {
  return flags.includes(flag) ? 1 : 0;
}
