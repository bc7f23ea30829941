/**
 * The file behind text search, `<data-dir>/search.db`: for each mail the folded text, and an FTS5 index of its trigrams.
 *
 * Policy: derived data. It may be deleted at any time, is built anew when it is of another kind or damaged, and never
 * synced more than the queue can spare: after a power cut it may know less than before, which is read again. The index
 * holds no positions (`detail=none`, a third of the size); candidates are verified in the stored text, which is exact.
 */
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { SEARCH_LIMITS } from '../../base/access-limits.ts';
import type { SearchableText } from '../../mail/searchable-text.ts';
import type { FoldedText, TextColumns } from './text-match.ts';

/** Counted up when what is stored changes: the file is built anew then. */
const KIND = 1;

const SCHEMA = `
  CREATE TABLE texts (mail_id INTEGER PRIMARY KEY, cut INTEGER NOT NULL, header TEXT NOT NULL, mime TEXT NOT NULL, body TEXT NOT NULL);
  CREATE INDEX texts_cut ON texts (mail_id) WHERE cut = 1;
  CREATE TABLE progress (id INTEGER PRIMARY KEY, last_mail_id INTEGER NOT NULL);
  INSERT INTO progress VALUES (1, 0);
  CREATE VIRTUAL TABLE trigrams USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');
  PRAGMA user_version = ${KIND};
`;

export interface StoredText extends FoldedText {
  /** There is more than was stored. */
  readonly cut: boolean;
}

const COLUMNS: Readonly<Record<TextColumns, string>> = {
  header: `SELECT cut, header, '' AS mime, '' AS body FROM texts WHERE mail_id = ?`,
  body: `SELECT cut, '' AS header, '' AS mime, body FROM texts WHERE mail_id = ?`,
  all: 'SELECT cut, header, mime, body FROM texts WHERE mail_id = ?',
};

export class IndexDatabase {
  readonly #engine: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens or makes the file; one that cannot be read is replaced. */
  static open(path: string): IndexDatabase {
    try {
      return new IndexDatabase(path);
    } catch {
      return IndexDatabase.createAnew(path);
    }
  }

  static createAnew(path: string): IndexDatabase {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    return new IndexDatabase(path);
  }

  private constructor(path: string) {
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    this.#engine = new DatabaseSync(path);
    try {
      this.#engine.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${SEARCH_LIMITS.cacheKib}; PRAGMA trusted_schema = OFF`);
      const kind = this.#engine.prepare('PRAGMA user_version').get()?.['user_version'];
      if (kind === 0) this.#engine.exec(`BEGIN; ${SCHEMA} COMMIT`);
      else if (kind !== KIND) throw new Error('an index of another kind');
    } catch (error) {
      this.#engine.close();
      throw error;
    }
  }

  /** Every mail up to this one has been taken up, as far as it was there. */
  get lastMailId(): number {
    return Number(this.#statement('SELECT last_mail_id AS id FROM progress').get()?.['id'] ?? 0);
  }

  /** Texts are folded. In one transaction. */
  add(texts: readonly { readonly mailId: number; readonly text: SearchableText }[], lastMailId: number): void {
    this.#transaction(() => {
      for (const { mailId, text } of texts) {
        this.#statement('INSERT OR REPLACE INTO texts (mail_id, cut, header, mime, body) VALUES (?, ?, ?, ?, ?)').run(mailId, text.cut ? 1 : 0, text.header, text.mime, text.body);
        this.#statement('INSERT OR REPLACE INTO trigrams (rowid, text) VALUES (?, ?)').run(mailId, `${text.header}\n${text.mime}\n${text.body}`);
      }
      this.#statement('UPDATE progress SET last_mail_id = ?').run(lastMailId);
    });
  }

  remove(mailIds: readonly number[]): void {
    if (mailIds.length === 0) return;
    this.#transaction(() => {
      for (const mailId of mailIds) {
        this.#statement('DELETE FROM texts WHERE mail_id = ?').run(mailId);
        this.#statement('DELETE FROM trigrams WHERE rowid = ?').run(mailId);
      }
    });
  }

  /** Ids that have a text, ascending. */
  idsAfter(mailId: number, limit: number): number[] {
    return this.#statement('SELECT mail_id AS id FROM texts WHERE mail_id > ? ORDER BY mail_id LIMIT ?').all(mailId, limit).map((row) => Number(row['id']));
  }

  read(mailId: number, columns: TextColumns): StoredText | undefined {
    const row = this.#statement(COLUMNS[columns]).get(mailId) as { cut: number; header: string; mime: string; body: string } | undefined;
    return row && { cut: row.cut === 1, header: row.header, mime: row.mime, body: row.body };
  }

  /** Ids in the range that may hold all of these trigrams, ascending, and those whose text is cut. Undefined: more than `max`. */
  candidates(trigrams: readonly string[], from: number, to: number, max: number): number[] | undefined {
    const expression = trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
    const found: number[] = [];
    for (const row of this.#statement('SELECT rowid AS id FROM trigrams WHERE trigrams MATCH ? AND rowid BETWEEN ? AND ?').iterate(expression, from, to)) {
      if (found.length >= max) return undefined;
      found.push(Number(row['id']));
    }
    for (const row of this.#statement('SELECT mail_id AS id FROM texts WHERE cut = 1 AND mail_id BETWEEN ? AND ?').all(from, to)) found.push(Number(row['id']));
    return found;
  }

  close(): void {
    this.#statements.clear();
    this.#engine.close();
  }

  #transaction(work: () => void): void {
    this.#engine.exec('BEGIN');
    try {
      work();
      this.#engine.exec('COMMIT');
    } catch (error) {
      if (this.#engine.isTransaction) this.#engine.exec('ROLLBACK');
      throw error;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#engine.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
