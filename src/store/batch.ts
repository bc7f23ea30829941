/**
 * Does what waits for the disk: reads at once, then all writes in one transaction with one sync.
 *
 * One that fails is undone and answered alone, the others commit. For that each needs a savepoint, which copies every
 * page that it touches; so a batch is tried without, and done again with savepoints when something in it failed, which is
 * rare. An operation may therefore run twice, and must do nothing but change the database. When the commit itself fails (disk full, I/O error) nothing of the batch has happened, every write of it is answered with that
 * failure, and the next batch starts afresh: when there is room again, the store goes on.
 */
import { Failure } from '../base/errors.ts';
import type { Database } from './database.ts';
import type { ThreadError, ThreadReply, ThreadRequest } from './thread-protocol.ts';

export type Operation = (db: Database, args: never) => unknown;

export interface OperationTables {
  readonly writes: ReadonlyMap<string, Operation>;
  readonly reads: ReadonlyMap<string, Operation>;
  /** Writes whose callers can come again when there is room; all others may use the reserve of a full disk. */
  readonly postponable: ReadonlySet<string>;
}

/** `{queue: {insert}}` as a map from `queue.insert`. */
export function flatten(table: Readonly<Record<string, Readonly<Record<string, Operation>>>>): Map<string, Operation> {
  const flat = new Map<string, Operation>();
  for (const [noun, operations] of Object.entries(table)) {
    for (const [name, operation] of Object.entries(operations)) flat.set(`${noun}.${name}`, operation);
  }
  return flat;
}

/** Each request has its reply at the same place. */
export type ReplyTaker = (requests: readonly ThreadRequest[], replies: readonly ThreadReply[]) => void;

/**
 * Never throws: whatever goes wrong is in the replies. Readers are answered before the commit begins; replies leave in
 * the order in which the operations ran, so that nobody can take an older state for a newer one.
 */
export function runBatch(db: Database, tables: OperationTables, requests: readonly ThreadRequest[], reply: ReplyTaker): void {
  const reading: ThreadRequest[] = [];
  const writing: ThreadRequest[] = [];
  for (const request of requests) (tables.writes.has(request[1]) ? writing : reading).push(request);
  if (reading.length > 0) reply(reading, readAll(db, tables.reads, reading));
  if (writing.length > 0) reply(writing, commitTogether(db, tables, writing));
}

/** On a connection of its own, reads of one batch see one state; in the storage thread nothing changes meanwhile anyway. */
function readAll(db: Database, reads: OperationTables['reads'], requests: readonly ThreadRequest[]): ThreadReply[] {
  const answers = (): ThreadReply[] => requests.map(([id, name, args]) => attempt(id, () => find(reads, name)(db, args as never)));
  if (!db.readOnly) return answers();
  try {
    return db.readTogether(answers);
  } catch (error) {
    const described = describeError(error);
    return requests.map(([id]) => [id, undefined, described]);
  }
}

function commitTogether(db: Database, { writes, postponable }: OperationTables, requests: readonly ThreadRequest[]): ThreadReply[] {
  const makeRoom = (): void => db.makeRoom(requests.some(([, name]) => !postponable.has(name)));
  try {
    const replies = runAll(db, writes, requests) ?? runEach(db, writes, requests);
    db.commit();
    if (replies.some(([, , error]) => error?.code === 'store-full')) quietly(makeRoom);
    return replies;
  } catch (error) {
    const described = describeError(error);
    recover(db, error, makeRoom);
    return requests.map(([id]) => [id, undefined, described]);
  }
}

/** Undefined when one failed: then nothing has happened. */
function runAll(db: Database, writes: OperationTables['writes'], requests: readonly ThreadRequest[]): ThreadReply[] | undefined {
  const replies: ThreadReply[] = [];
  db.begin();
  for (const request of requests) {
    const reply = attempt(request[0], () => find(writes, request[1])(db, request[2] as never));
    if (reply[2]) {
      db.rollback();
      return undefined;
    }
    replies.push(reply);
  }
  return replies;
}

function runEach(db: Database, writes: OperationTables['writes'], requests: readonly ThreadRequest[]): ThreadReply[] {
  db.begin();
  return requests.map((request) => runInSavepoint(db, find(writes, request[1]), request));
}

function runInSavepoint(db: Database, operation: Operation, request: ThreadRequest): ThreadReply {
  const effects = db.effectCount;
  db.run('SAVEPOINT operation');
  const reply = attempt(request[0], () => operation(db, request[2] as never));
  if (reply[2]) {
    // Some failures (a full disk) take the whole transaction with them; then the batch as a whole has failed.
    if (!db.inTransaction) throw new Failure(reply[2].code, reply[2].message, { temporary: reply[2].temporary, cause: reply[2].cause });
    db.dropEffects(effects);
    db.run('ROLLBACK TO operation');
  }
  db.run('RELEASE operation');
  return reply;
}

function attempt(id: number, work: () => unknown): ThreadReply {
  try {
    return [id, work()];
  } catch (error) {
    return [id, undefined, describeError(error)];
  }
}

function find(table: ReadonlyMap<string, Operation>, name: string): Operation {
  const operation = table.get(name);
  if (!operation) throw new Error(`there is no store operation ${name}`);
  return operation;
}

/** SQLite's primary result codes, https://sqlite.org/rescode.html */
const SQLITE_IOERR = 10;
const SQLITE_IOERR_FSYNC = 10 | (4 << 8);
const SQLITE_FULL = 13;
/** The index of the log, a file in shared memory, could not be made larger. */
const SQLITE_IOERR_SHMSIZE = 10 | (19 << 8);

export function describeError(error: unknown): ThreadError {
  if (error instanceof Failure) {
    return { code: error.code, message: error.message, temporary: error.temporary, cause: error.cause === undefined ? undefined : String(error.cause) };
  }
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (isFull(error)) return { code: 'store-full', message: 'there is no space left on the disk of the data directory', temporary: true, cause };
  return { code: 'store-failed', message: 'the store could not do this now', temporary: true, cause };
}

export function isFull(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: number; code?: string };
  return code === 'store-full' || code === 'ENOSPC' || code === 'EDQUOT' || (errcode !== undefined && ((errcode & 0xff) === SQLITE_FULL || errcode === SQLITE_IOERR_SHMSIZE));
}

function recover(db: Database, error: unknown, makeRoom: () => void): void {
  quietly(() => {
    db.rollback();
    if (isBroken(error)) db.reopen();
    if (isFull(error)) makeRoom();
  });
}

/**
 * An I/O error after which the database is opened anew. Not a failed sync: the engine forgets the transaction and writes
 * the next one over it, so that its sync says the truth; a new engine would read the failed one in the log and go on
 * behind it (log-renewal.ts).
 */
function isBroken(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number };
  return errcode % 256 === SQLITE_IOERR && errcode !== SQLITE_IOERR_FSYNC;
}

/** What goes wrong here goes wrong in the next batch too, which says so and comes here again. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // See above.
  }
}
