/**
 * One open SQLite database inside the storage thread: settings, a cache of prepared statements, and what must happen
 * after a commit. Operations (store/ops/*) see nothing else of the engine.
 *
 * Policy: WAL with synchronous=FULL, so that COMMIT returns only after the log was synced (invariant 1). Statements are
 * constants in the source with `?` for every value; never text put together from input. Values are string, number,
 * bigint, null or Uint8Array; booleans are 0 and 1.
 */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { NewsGatherer } from './folder-news.ts';
import { renewLog } from './log-renewal.ts';

export type SqlValue = SQLInputValue;

export interface DatabaseOptions {
  readonly readOnly?: boolean;
  /** What may be given up when the disk is full. Default: nothing. */
  readonly reserve?: { release(): void };
  /** Upper bound of the file in pages, for tests of a full disk. Default: none. */
  readonly maxPages?: number;
}

/** Page cache, bytes. Holds the hot ends of all tables and the inner pages of a queue of a million messages. */
const CACHE_KIB = 24 * 1024;
/** Pages in the log before it is copied into the database: larger means fewer copies of pages that change often. */
const CHECKPOINT_PAGES = 4000;
/** The log file is cut back to this after a burst, bytes. */
const LOG_BYTES_KEPT = 64 * 1024 * 1024;
/** Only `backup` and `verify` of another process can hold a lock, and shortly; milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

export class Database {
  /** The database file. */
  readonly path: string;
  /** What operations tell about folders, once it is committed. */
  readonly news = new NewsGatherer();
  readonly #options: DatabaseOptions;
  /** Closed after an I/O error until it could be opened again. */
  #engine: DatabaseSync;
  #wanted = true;
  /** Before the next transaction; who only reads needs none. */
  #renewalDue = false;
  #statements = new Map<string, StatementSync>();
  #rowStatements = new Map<string, StatementSync>();
  #afterCommit: (() => void)[] = [];
  #commits = 0;
  /** For lack of space, and nothing was committed since. */
  #logStartedOver = false;

  constructor(path: string, options: DatabaseOptions = {}) {
    this.path = path;
    this.#options = options;
    if (!options.readOnly) renewLog(path);
    this.#engine = openEngine(path, options);
  }

  /** Runs a statement that returns no rows. */
  run(sql: string, ...values: SqlValue[]): { changes: number; lastId: number } {
    const result = this.#statement(sql).run(...values);
    return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
  }

  /** The first row, or undefined. The caller names the row's type to fit the statement. */
  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  /** All rows; the caller bounds them with LIMIT. */
  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** The same as arrays of their columns, in half the time: for thousands of rows. */
  rows(sql: string, ...values: SqlValue[]): SqlValue[][] {
    let statement = this.#rowStatements.get(sql);
    if (!statement) {
      statement = this.#open().prepare(sql);
      statement.setReturnArrays(true);
      this.#rowStatements.set(sql, statement);
    }
    return statement.all(...values) as unknown as SqlValue[][];
  }

  /** Several reads that see the same state; on a connection that only reads. */
  readTogether<Result>(work: () => Result): Result {
    this.#statement('BEGIN').run();
    try {
      return work();
    } finally {
      this.#statement('COMMIT').run();
    }
  }

  /** Several statements without values: migrations and pragmas only. */
  script(sql: string): void {
    this.#open().exec(sql);
  }

  /** Does `effect` once the running transaction is on disk, never when it is rolled back. */
  afterCommit(effect: () => void): void {
    this.#afterCommit.push(effect);
  }

  /** Effects registered so far, to return to when one operation of a batch fails. */
  get effectCount(): number {
    return this.#afterCommit.length;
  }

  dropEffects(from: number): void {
    this.#afterCommit.length = from;
  }

  begin(): void {
    this.#afterCommit.length = 0;
    if (this.#renewalDue) renewLog(this.path);
    this.#renewalDue = false;
    this.#statement('BEGIN IMMEDIATE').run();
  }

  /** Returns after the sync; then does what waited for it. */
  commit(): void {
    this.#statement('COMMIT').run();
    this.#commits += 1;
    this.#logStartedOver = false;
    const effects = this.#afterCommit;
    this.#afterCommit = [];
    for (const effect of effects) doQuietly(effect);
  }

  /** Safe to call in any state: a full disk may have rolled back already. */
  rollback(): void {
    this.#afterCommit.length = 0;
    if (this.inTransaction) this.#engine.exec('ROLLBACK');
  }

  get readOnly(): boolean {
    return this.#options.readOnly ?? false;
  }

  /** Transactions committed since it was opened. */
  get commits(): number {
    return this.#commits;
  }

  get inTransaction(): boolean {
    return this.#engine.isOpen && this.#engine.isTransaction;
  }

  /**
   * The disk is full. First the log is written over from its beginning: that space is ours already, and nobody else gets
   * it. When that was not enough and `essential` work waits, the reserve is given up.
   */
  makeRoom(essential: boolean): void {
    if (essential && this.#logStartedOver) this.#options.reserve?.release();
    try {
      this.#open().exec('PRAGMA wal_checkpoint(RESTART)');
    } catch (error) {
      // The database itself has to grow.
      if (essential) this.#options.reserve?.release();
      throw error;
    } finally {
      this.#logStartedOver = true;
    }
  }

  /** After an I/O error nobody knows what is in the engine's memory and what on disk: whoever comes next starts from the file. */
  reopen(): void {
    try {
      this.close();
    } finally {
      this.#wanted = true;
      this.#renewalDue = true;
    }
  }

  close(): void {
    this.#wanted = false;
    this.#statements.clear();
    this.#rowStatements.clear();
    if (this.#engine.isOpen) this.#engine.close();
  }

  /** Throws as long as the disk does not let it be opened. */
  #open(): DatabaseSync {
    if (!this.#engine.isOpen && this.#wanted) this.#engine = openEngine(this.path, this.#options);
    return this.#engine;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#open().prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** The commit has happened, whatever becomes of its effects. */
function doQuietly(effect: () => void): void {
  try {
    effect();
  } catch {
    // Effects only tidy up; the next start does it again.
  }
}

/** SQLite would let everybody read it; the log and its index get the mode of the database. */
function createPrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

function openEngine(path: string, options: DatabaseOptions): DatabaseSync {
  if (!options.readOnly) createPrivate(path);
  const engine = new DatabaseSync(path, { readOnly: options.readOnly ?? false, timeout: BUSY_TIMEOUT_MS });
  try {
    adjust(engine, options);
  } catch (error) {
    engine.close();
    throw error;
  }
  return engine;
}

function adjust(engine: DatabaseSync, { readOnly, maxPages }: DatabaseOptions): void {
  engine.exec(`PRAGMA foreign_keys = ON; PRAGMA cache_size = -${CACHE_KIB}; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF`);
  if (readOnly) return;
  engine.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${LOG_BYTES_KEPT}`);
  if (maxPages) engine.exec(`PRAGMA max_page_count = ${Math.floor(maxPages)}`);
}
