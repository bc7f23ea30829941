/**
 * The file behind text search, `<data-dir>/search.db`: for each mail the folded text, and FTS5 indexes of its trigrams, one
 * of headers and one of all else: what is in every body may still be rare in headers.
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
import type { TextColumns, TextMatcher } from './text-match.ts';

/** Counted up when what is stored changes: the file is built anew then. */
const KIND = 2;

const SCHEMA = `
  CREATE TABLE headers (mail_id INTEGER PRIMARY KEY, header TEXT NOT NULL);
  CREATE TABLE texts (mail_id INTEGER PRIMARY KEY, cut INTEGER NOT NULL, mime TEXT NOT NULL, body TEXT NOT NULL);
  CREATE INDEX texts_cut ON texts (mail_id) WHERE cut = 1;
  CREATE TABLE progress (id INTEGER PRIMARY KEY, last_mail_id INTEGER NOT NULL);
  INSERT INTO progress VALUES (1, 0);
  CREATE VIRTUAL TABLE header_trigrams USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');
  CREATE VIRTUAL TABLE text_trigrams USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');
  PRAGMA user_version = ${KIND};
`;

/** `unsure`: the stored text does not have it, but there is more than was stored, or nothing could be (a header has at least a line end). */
export interface LookedUp {
  readonly found: readonly number[];
  readonly unsure: readonly number[];
}

/** Decided by the engine, so that texts need not become strings: of headers, only those that have the words anywhere. */
const LOOK_UP: Readonly<Record<TextColumns, string>> = {
  header: `SELECT mail_id, header = '', CASE WHEN instr(header, ?2) > 0 THEN header END FROM headers WHERE mail_id IN (SELECT value FROM json_each(?1))`,
  body: 'SELECT mail_id, cut, instr(body, ?2) > 0 FROM texts WHERE mail_id IN (SELECT value FROM json_each(?1))',
  all: `SELECT mail_id, cut, instr(header, ?2) > 0 OR instr(body, ?2) > 0 OR instr(mime, ?2) > 0
    FROM texts JOIN headers USING (mail_id) WHERE mail_id IN (SELECT value FROM json_each(?1))`,
};

const CANDIDATES: Readonly<Record<'header' | 'text', string>> = {
  header: 'SELECT rowid AS id FROM header_trigrams WHERE header_trigrams MATCH ? AND rowid BETWEEN ? AND ?',
  text: 'SELECT rowid AS id FROM text_trigrams WHERE text_trigrams MATCH ? AND rowid BETWEEN ? AND ?',
};

/** The file was damaged; it is a new one now, and whoever gets this asks again. */
export class IndexDamaged extends Error {}

export class IndexDatabase {
  readonly #path: string;
  #engine: DatabaseSync;
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
    removeFiles(path);
    return new IndexDatabase(path);
  }

  private constructor(path: string) {
    this.#path = path;
    this.#engine = openEngine(path);
  }

  /** Every mail up to this one has been taken up, as far as it was there. */
  get lastMailId(): number {
    return this.#guarded(() => Number(this.#statement('SELECT last_mail_id AS id FROM progress').get()?.['id'] ?? 0));
  }

  /** Texts are folded. In one transaction. */
  add(texts: readonly { readonly mailId: number; readonly text: SearchableText }[], lastMailId: number): void {
    this.#transaction(() => {
      for (const { mailId, text } of texts) {
        this.#statement('INSERT OR REPLACE INTO headers (mail_id, header) VALUES (?, ?)').run(mailId, text.header);
        this.#statement('INSERT OR REPLACE INTO texts (mail_id, cut, mime, body) VALUES (?, ?, ?, ?)').run(mailId, text.cut ? 1 : 0, text.mime, text.body);
        this.#statement('INSERT OR REPLACE INTO header_trigrams (rowid, text) VALUES (?, ?)').run(mailId, text.header);
        this.#statement('INSERT OR REPLACE INTO text_trigrams (rowid, text) VALUES (?, ?)').run(mailId, text.mime === '' ? text.body : `${text.mime}\n${text.body}`);
      }
      this.#statement('UPDATE progress SET last_mail_id = ?').run(lastMailId);
    });
  }

  remove(mailIds: readonly number[]): void {
    if (mailIds.length === 0) return;
    this.#transaction(() => {
      for (const mailId of mailIds) {
        this.#statement('DELETE FROM headers WHERE mail_id = ?').run(mailId);
        this.#statement('DELETE FROM texts WHERE mail_id = ?').run(mailId);
        this.#statement('DELETE FROM header_trigrams WHERE rowid = ?').run(mailId);
        this.#statement('DELETE FROM text_trigrams WHERE rowid = ?').run(mailId);
      }
    });
  }

  /** Ids that have a text, ascending. */
  idsAfter(mailId: number, limit: number): number[] {
    return this.#guarded(() => this.#statement('SELECT mail_id AS id FROM texts WHERE mail_id > ? ORDER BY mail_id LIMIT ?').all(mailId, limit).map((row) => Number(row['id'])));
  }

  /** Which of these texts match; in any order. */
  lookUp(mailIds: readonly number[], matcher: TextMatcher): LookedUp {
    return this.#guarded(() => this.#lookUp(mailIds, matcher));
  }

  #lookUp(mailIds: readonly number[], matcher: TextMatcher): LookedUp {
    const found: number[] = [];
    const unsure = new Set(mailIds);
    for (const [id, cut, verdict] of this.#rows(LOOK_UP[matcher.columns], JSON.stringify(mailIds), matcher.needle) as [number, number, string | number | null][]) {
      const matches = typeof verdict === 'string' ? matcher.matches({ header: verdict, mime: '', body: '' }) : verdict === 1;
      if (matches) found.push(id);
      if (matches || cut === 0) unsure.delete(id);
    }
    return { found, unsure: [...unsure] };
  }

  /** Ids in the range whose text may hold all of these trigrams, and those whose text is cut. Undefined: more than `max`. */
  candidates(trigrams: readonly string[], columns: TextColumns, from: number, to: number, max: number): Set<number> | undefined {
    return this.#guarded(() => this.#candidates(trigrams, columns, from, to, max));
  }

  #candidates(trigrams: readonly string[], columns: TextColumns, from: number, to: number, max: number): Set<number> | undefined {
    const expression = trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
    const found = new Set<number>();
    for (const index of columns === 'all' ? (['header', 'text'] as const) : columns === 'header' ? (['header'] as const) : (['text'] as const)) {
      for (const { id } of this.#statement(CANDIDATES[index]).iterate(expression, from, to) as Iterable<{ id?: number }>) {
        if (found.size >= max) return undefined;
        found.add(id as number);
      }
    }
    for (const { id } of this.#statement('SELECT mail_id AS id FROM texts WHERE cut = 1 AND mail_id BETWEEN ? AND ?').all(from, to)) found.add(id as number);
    return found;
  }

  close(): void {
    this.#statements.clear();
    this.#engine.close();
  }

  #transaction(work: () => void): void {
    this.#guarded(() => {
      this.#engine.exec('BEGIN');
      try {
        work();
        this.#engine.exec('COMMIT');
      } catch (error) {
        if (this.#engine.isTransaction) this.#engine.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** A damaged file would stay damaged, and every search would fail. */
  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (!DAMAGE.has((error as { errcode?: number }).errcode ?? 0)) throw error;
      this.#statements.clear();
      this.#engine.close();
      removeFiles(this.#path);
      this.#engine = openEngine(this.#path);
      throw new IndexDamaged('the text index was damaged and is made anew', { cause: error });
    }
  }

  /** Rows as arrays of their columns. */
  #rows(sql: string, ...values: (string | number)[]): unknown[] {
    const statement = this.#statement(sql);
    statement.setReturnArrays(true);
    return statement.all(...values);
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

/** SQLITE_CORRUPT, SQLITE_CORRUPT_VTAB (of FTS5), SQLITE_NOTADB. */
const DAMAGE: ReadonlySet<number> = new Set([11, 267, 26]);

function removeFiles(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

function openEngine(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  const engine = new DatabaseSync(path);
  try {
    engine.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${SEARCH_LIMITS.cacheKib}; PRAGMA trusted_schema = OFF`);
    const kind = engine.prepare('PRAGMA user_version').get()?.['user_version'];
    if (kind === 0) engine.exec(`BEGIN; ${SCHEMA} COMMIT`);
    else if (kind !== KIND) throw new Error('an index of another kind');
    return engine;
  } catch (error) {
    engine.close();
    throw error;
  }
}
