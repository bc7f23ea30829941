/** The mails of the store as the index reads them: through a connection of its own that only reads and never waits for a sync. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SEARCH_LIMITS } from '../../base/access-limits.ts';
import { parseStructure } from '../../mail/mime-structure.ts';
import { searchableText, type SearchableText } from '../../mail/searchable-text.ts';
import { bodyPath } from '../body-path.ts';
import { asBuffer } from '../call.ts';
import { Database } from '../database.ts';
import { foldText } from './text-match.ts';

interface MailRow {
  readonly structure: string;
  readonly prefix: Uint8Array;
  readonly bytes: Uint8Array | null;
  readonly file: string | null;
  readonly sizeBytes: number;
}

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

  /** Folded. Undefined: it is gone. Throws when its content cannot be read. */
  text(mailId: number, charsMax: number): SearchableText | undefined {
    const row = this.#db.get<MailRow>(
      `SELECT mails.structure AS structure, mails.prefix AS prefix, contents.bytes AS bytes, bodies.file AS file, bodies.size_bytes AS "sizeBytes"
       FROM mails JOIN bodies ON bodies.digest = unhex(mails.content_digest) LEFT JOIN contents ON contents.id = bodies.content_id WHERE mails.id = ?`,
      mailId,
    );
    if (!row || row.sizeBytes > SEARCH_LIMITS.messageBytesMax) return undefined;
    const body = row.bytes ? asBuffer(row.bytes) : readFileSync(bodyPath(this.#dataDir, row.file ?? ''));
    const bytes = row.prefix.length === 0 ? body : Buffer.concat([asBuffer(row.prefix), body]);
    return foldText(searchableText(bytes, parseStructure(row.structure), charsMax));
  }

  close(): void {
    this.#db.close();
  }
}
