/**
 * The storage thread: the one place that touches the database, so that no protocol thread ever waits for a disk.
 *
 * It takes every request that has arrived, from whichever thread, does them as one batch (store/batch.ts), answers, and
 * looks again; while it is busy with a sync, requests gather for the next batch. That is all there is to group commit: no
 * waiting, no timer.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { QUEUE_LIMITS, STORE_LIMITS } from '../base/limits.ts';
import type { FolderNews } from '../contract/mailbox.ts';
import { describeError, flatten, isFull, runBatch } from './batch.ts';
import type { OperationTables } from './batch.ts';
import { sweepBodies } from './body-sweep.ts';
import { createChangeCounts } from './change-counts.ts';
import type { ChangeCount } from './change-counts.ts';
import { Database } from './database.ts';
import { checkVersion, migrate } from './migrate.ts';
import { migrations } from './migrations/all.ts';
import { handedOver, postponable, reads, writes } from './operations.ts';
import { ReserveFile } from './reserve-file.ts';
import type { NumberedNews, ThreadOptions, ThreadReply, ThreadRequest, ThreadStarted, ToThread } from './thread-protocol.ts';

/** A server that was stopped by a full disk must start there: then the reserve is given up. */
function openDatabase(options: ThreadOptions, reserve: ReserveFile): Database {
  try {
    return openPrepared(options, reserve);
  } catch (error) {
    if (options.readOnly || !isFull(error)) throw error;
    reserve.release();
    return openPrepared(options, reserve);
  }
}

function openPrepared(options: ThreadOptions, reserve: ReserveFile): Database {
  const path = join(options.dataDir, 'posthorn.db');
  if (!options.readOnly) mkdirSync(join(options.dataDir, 'bodies', 'new'), { recursive: true, mode: 0o700 });
  const db = new Database(path, { readOnly: options.readOnly, reserve, ...(options.maxPages ? { maxPages: options.maxPages } : {}) });
  try {
    if (options.readOnly) {
      checkVersion(db, migrations);
    } else {
      migrate(db, migrations, options.nowMs);
      if (options.sweep) sweepBodies(db, options.dataDir);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Who asked for what waits. */
type Askers = Map<ThreadRequest, MessagePort>;

function serve(owner: MessagePort, db: Database, changed: ChangeCount | undefined): void {
  const tables: OperationTables = { writes: flatten(writes), reads: flatten(reads), postponable };
  const ports = new Set<MessagePort>();
  const waiting: ThreadRequest[] = [];
  const askers: Askers = new Map();
  const watchers = new Set<MessagePort>();
  let closing = false;
  const attach = (port: MessagePort): void => {
    ports.add(port);
    port.on('message', (message: ToThread) => {
      take(port, message);
      work();
    });
    port.once('close', () => {
      ports.delete(port);
      watchers.delete(port);
      db.news.wanted = watchers.size > 0;
    });
  };
  const take = (port: MessagePort, message: ToThread): void => {
    if ('close' in message) closing = true;
    else if ('attach' in message) attach(message.attach);
    else if ('watch' in message) {
      watchers.add(port);
      db.news.wanted = true;
      port.postMessage({ news: [], number: changed?.value ?? 0 } satisfies NumberedNews, []);
    } else {
      for (const request of message.requests) askers.set(request, port);
      waiting.push(...message.requests);
    }
  };
  /** Everything that came while the disk was busy belongs to the next batch; a message of each port in turn. */
  const takeArrived = (): void => {
    for (let found = true; found; ) {
      found = false;
      for (const port of ports) {
        const arrived = receiveMessageOnPort(port);
        if (!arrived) continue;
        found = true;
        take(port, arrived.message as ToThread);
      }
    }
  };
  const tellNews = (news: readonly FolderNews[]): void => {
    for (const port of watchers) port.postMessage({ news, number: changed?.value ?? 0 } satisfies NumberedNews, []);
  };
  const work = (): void => {
    for (takeArrived(); waiting.length > 0; takeArrived()) {
      runBatch(db, tables, waiting.splice(0, QUEUE_LIMITS.commitBatchMax), (requests, replies) => {
        const news = db.news.take();
        // Before the answers: whoever is answered, and all whom they tell, can see that news are on their way.
        if (news.length > 0) changed?.increase();
        answer(askers, requests, replies);
        // Behind them: who changed something knows what, and need not ask.
        if (news.length > 0) tellNews(news);
      });
    }
    if (!closing) return;
    db.close();
    for (const port of ports) port.close();
  };
  attach(owner);
}

function answer(askers: Askers, requests: readonly ThreadRequest[], replies: readonly ThreadReply[]): void {
  const byPort = new Map<MessagePort, ThreadReply[]>();
  for (const [at, request] of requests.entries()) {
    const port = askers.get(request) as MessagePort;
    askers.delete(request);
    const own = byPort.get(port);
    if (own) own.push(replies[at] as ThreadReply);
    else byPort.set(port, [replies[at] as ThreadReply]);
  }
  for (const [port, own] of byPort) port.postMessage(own, transferable(requests, replies, own));
}

/** The memory of large results goes over to whoever asked. */
function transferable(requests: readonly ThreadRequest[], replies: readonly ThreadReply[], own: readonly ThreadReply[]): ArrayBuffer[] {
  if (!requests.some(([, name]) => handedOver.has(name))) return [];
  const mine = new Set(own);
  return replies.flatMap((reply, at) => (mine.has(reply) && handedOver.has((requests[at] as ThreadRequest)[1]) ? buffersIn(reply[1]) : []));
}

function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [];
  return Object.values(value).flatMap(buffersIn);
}

function start(port: MessagePort, options: ThreadOptions): void {
  const reserve = new ReserveFile(options.dataDir);
  let db: Database;
  try {
    db = openDatabase(options, reserve);
  } catch (error) {
    port.postMessage({ ready: false, error: describeError(error) } satisfies ThreadStarted, []);
    port.close();
    return;
  }
  serve(port, db, options.changeMemory && createChangeCounts(options.changeMemory).folders);
  // Not at once: a command that opens the store for a moment needs none.
  if (!options.readOnly) setInterval(() => reserve.restore(), STORE_LIMITS.reserveCheckMs).unref();
  port.postMessage({ ready: true } satisfies ThreadStarted, []);
}

if (parentPort) start(parentPort, workerData as ThreadOptions);
