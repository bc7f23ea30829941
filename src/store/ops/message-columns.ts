/**
 * Rows of a folder as columns (MessageColumns): typed arrays, which cross threads without being copied, and each distinct
 * set of flags once.
 */
import type { MessageColumns } from '../../contract/mailbox.ts';
import type { Database, SqlValue } from '../database.ts';

/** As MESSAGE_COLUMNS selects it; `flags` as the JSON that is stored. */
export type MessageRow = readonly [
  uid: number, modseq: number, flags: string, internalDate: number, savedAt: number, sizeBytes: number, mailId: number,
];

export const MESSAGE_COLUMNS = 'uid, modseq, flags, internal_date, saved_at, size_bytes, mail_id';

export function packMessages(rows: readonly MessageRow[]): MessageColumns {
  const length = rows.length;
  const uids = new Uint32Array(length);
  const modseqs = new Float64Array(length);
  const flagSets = new Uint32Array(length);
  const internalDates = new Float64Array(length);
  const savedAts = new Float64Array(length);
  const sizes = new Float64Array(length);
  const mailIds = new Float64Array(length);
  const known = new Map<string, number>();
  const sets: (readonly string[])[] = [];
  for (let at = 0; at < length; at += 1) {
    const row = rows[at] as MessageRow;
    let set = known.get(row[2]);
    if (set === undefined) {
      set = sets.push(JSON.parse(row[2]) as string[]) - 1;
      known.set(row[2], set);
    }
    uids[at] = row[0];
    modseqs[at] = row[1];
    flagSets[at] = set;
    internalDates[at] = row[3];
    savedAts[at] = row[4];
    sizes[at] = row[5];
    mailIds[at] = row[6];
  }
  return { uids, modseqs, flagSets, sets, internalDates, savedAts, sizes, mailIds };
}

/** `where` is a constant of the source. */
export function selectMessages(db: Database, where: string, ...values: SqlValue[]): readonly MessageRow[] {
  return db.rows(`SELECT ${MESSAGE_COLUMNS} FROM folder_messages WHERE ${where}`, ...values) as unknown as readonly MessageRow[];
}
