/** The mails of the store as the index reads them: through a connection of its own that only reads and never waits for a sync. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parseStructure, type MimePart } from '../../mail/mime-structure.ts';
import { searchableText, type ReadPiece, type SearchableText } from '../../mail/searchable-text.ts';
import { bodyPath } from '../body-path.ts';
import { asBuffer } from '../call.ts';
import { Database } from '../database.ts';
import { foldText } from './text-match.ts';

interface MailRow {
  readonly structure: string;
  readonly prefix: Uint8Array;
  readonly bytes: Uint8Array | null;
  readonly file: string | null;
}

type HeaderRow = readonly [id: number, prefix: Uint8Array, bodyStart: number, bytes: Uint8Array | null, file: string | null];

/** The start of the body is among the first words of the structure; a cast reads the digits that a text begins with. */
const HEADERS = `SELECT mail_id, prefix, body_start, substr(contents.bytes, 1, max(0, body_start - length(prefix))), bodies.file
  FROM (SELECT id AS mail_id, prefix, content_digest, CAST(substr(structure, instr(structure, '"bodyStart":') + 12, 16) AS INTEGER) AS body_start FROM mails WHERE id IN (SELECT value FROM json_each(?)))
  JOIN bodies ON bodies.digest = unhex(content_digest) LEFT JOIN contents ON contents.id = bodies.content_id`;

export class MailSource {
  readonly #dataDir: string;
  readonly #db: Database;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#db = new Database(join(dataDir, 'posthorn.db'), { readOnly: true });
  }

  /** The next ids, ascending. */
  idsAfter(mailId: number, limit: number): number[] {
    return this.#db.rows('SELECT id FROM mails WHERE id > ? ORDER BY id LIMIT ?', mailId, limit).map((row) => Number(row[0]));
  }

  /** The highest id that was ever given. */
  get lastId(): number {
    return this.#db.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'mails'")?.seq ?? 0;
  }

  /** Folded; at most about `charsMax` characters of body. Undefined: it is gone. Throws when its content cannot be read. */
  text(mailId: number, charsMax: number): SearchableText | undefined {
    const row = this.#db.get<MailRow>(
      `SELECT mails.structure AS structure, mails.prefix AS prefix, contents.bytes AS bytes, bodies.file AS file
       FROM mails JOIN bodies ON bodies.digest = unhex(mails.content_digest) LEFT JOIN contents ON contents.id = bodies.content_id WHERE mails.id = ?`,
      mailId,
    );
    if (!row) return undefined;
    const prefix = asBuffer(row.prefix);
    const structure = parseStructure(row.structure);
    if (row.bytes) return fold(pieceReader(prefix, bufferReader(asBuffer(row.bytes))), structure, charsMax);
    return this.#withFile(row.file ?? '', (read) => fold(pieceReader(prefix, read), structure, charsMax));
  }

  /** Of those that there are. */
  headers(mailIds: readonly number[]): Map<number, Buffer> {
    const found = new Map<number, Buffer>();
    for (const [id, prefix, bodyStart, bytes, file] of this.#db.rows(HEADERS, JSON.stringify(mailIds)) as unknown as readonly HeaderRow[]) {
      const own = asBuffer(prefix);
      const header = file === null ? asBuffer(bytes ?? new Uint8Array()) : this.#withFile(file, (read) => read(0, Math.max(0, bodyStart - own.length)));
      found.set(id, own.length === 0 ? header : Buffer.concat([own, header]));
    }
    return found;
  }

  close(): void {
    this.#db.close();
  }

  /** Only what is asked for is read: large messages are mostly attachments. */
  #withFile<Result>(name: string, work: (read: ReadPiece) => Result): Result {
    const file = openSync(bodyPath(this.#dataDir, name), 'r');
    try {
      return work((start, end) => {
        const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
        let length = 0;
        while (length < bytes.length) {
          const read = readSync(file, bytes, length, bytes.length - length, start + length);
          if (read === 0) throw new Error(`${name} is shorter than its message`);
          length += read;
        }
        return bytes;
      });
    } finally {
      closeSync(file);
    }
  }
}

function fold(read: ReadPiece, structure: MimePart, charsMax: number): SearchableText {
  const text = foldText(searchableText(read, structure, charsMax));
  // Folding may make eighteen characters of one.
  return text.body.length > charsMax * 2 ? { ...text, body: text.body.slice(0, charsMax * 2), cut: true } : text;
}

function bufferReader(bytes: Buffer): ReadPiece {
  return (start, end) => bytes.subarray(start, end);
}

/** Offsets count from the start of the prefix. */
function pieceReader(prefix: Buffer, rest: ReadPiece): ReadPiece {
  if (prefix.length === 0) return rest;
  return (start, end) => {
    if (start >= prefix.length) return rest(start - prefix.length, end - prefix.length);
    const begin = prefix.subarray(start, end);
    return end <= prefix.length ? begin : Buffer.concat([begin, rest(0, end - prefix.length)]);
  };
}
