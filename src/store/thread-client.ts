/**
 * Starts the storage thread, watches it, and replaces one that died of a bug: it takes what it was asked for with it
 * (callers get `store-failed`, temporary). Other threads of the program get ports of their own to it (`share`).
 */
import { setTimeout as wait } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { Failure } from '../base/errors.ts';
import { STORE_LIMITS } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import { workerModule } from '../base/worker-module.ts';
import type { StoreCall } from './call.ts';
import { Caller, failureOf } from './caller.ts';
import { createChangeCounts } from './change-counts.ts';
import { FolderFeedClient } from './folder-feed.ts';
import type { FromThread, ThreadOptions, ThreadStarted, ToThread } from './thread-protocol.ts';

/** Takes a port to the storage thread; called again when that was replaced. */
export type PortTaker = (port: MessagePort) => void;

export class ThreadClient {
  readonly #options: ThreadOptions;
  readonly #log: Log;
  readonly #caller: Caller;
  readonly feed: FolderFeedClient;
  readonly #takers = new Set<PortTaker>();
  #worker: Worker;
  /** Settles when the thread in service has ended. */
  #gone: Promise<void> = Promise.resolve();
  #closed = false;

  /** Rejects with the Failure that kept the thread from opening the database. */
  static start(options: ThreadOptions, log: Log): Promise<ThreadClient> {
    return startWorker(options).then((worker) => new ThreadClient(worker, options, log));
  }

  private constructor(worker: Worker, options: ThreadOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    this.#caller = new Caller(log, options.readOnly ? 0 : STORE_LIMITS.gatherMs);
    this.feed = new FolderFeedClient(this.#caller.call, options.changeMemory && createChangeCounts(options.changeMemory).folders);
    this.#worker = worker;
    this.#employ(worker);
  }

  get call(): StoreCall {
    return this.#caller.call;
  }

  /** Gives another thread a way of its own to the storage thread, and a new one whenever that is replaced. Undone by the result. */
  share(take: PortTaker): () => void {
    this.#takers.add(take);
    this.#handOut(take);
    return () => void this.#takers.delete(take);
  }

  /** Finishes what was asked for, then ends the thread. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#caller.close();
      this.#worker.postMessage({ close: true } satisfies ToThread, []);
    }
    await this.#gone;
  }

  /** Ends the thread in the middle of its work, as a bug would: for tests of what follows. */
  async endAbruptly(): Promise<void> {
    await this.#worker.terminate();
  }

  #handOut(take: PortTaker): void {
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ attach: port1 } satisfies ToThread, [port1]);
    take(port2);
  }

  #employ(worker: Worker): void {
    this.#worker = worker;
    this.#caller.connect(worker);
    this.feed.connect(worker);
    worker.removeAllListeners('error');
    worker.on('message', (message: FromThread | object) => {
      if (Array.isArray(message)) this.#caller.settle(message);
      else if ('news' in message) this.feed.tell(message);
    });
    worker.on('error', (error) => this.#log.error('store.thread-failed', { error: error.stack ?? error.message }));
    this.#gone = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#caller.disconnect();
        if (!this.#closed) this.#log.error('store.thread-ended');
        if (this.#closed) this.#caller.stopWatching();
        else void this.#replace();
        resolve();
      });
    });
  }

  /** Tries until it succeeds or the store is closed; meanwhile every call is answered `store-failed`. */
  async #replace(): Promise<void> {
    while (!this.#closed) {
      await wait(STORE_LIMITS.threadRestartMs);
      try {
        const worker = await startWorker({ ...this.#options, sweep: false });
        this.#employ(worker);
        if (this.#closed) worker.postMessage({ close: true } satisfies ToThread, []);
        else for (const take of this.#takers) this.#handOut(take);
        return;
      } catch (error) {
        this.#log.error('store.thread-failed', { error: String(error) });
      }
    }
  }
}

/** Rejects with the Failure that kept the thread from opening the database. */
function startWorker(options: ThreadOptions): Promise<Worker> {
  const worker = new Worker(workerModule(new URL('./thread.ts', import.meta.url)), { workerData: options, name: 'posthorn-store' });
  return new Promise((resolve, reject) => {
    worker.once('error', (error) => reject(new Failure('store-failed', 'the storage thread could not be started', { cause: error })));
    // Node's own messages come the same way: with --watch a thread reports what it imports.
    const onMessage = (message: ThreadStarted | object): void => {
      if (!('ready' in message)) return;
      worker.off('message', onMessage);
      if (message.ready) resolve(worker);
      else reject(failureOf(message.error));
    };
    worker.on('message', onMessage);
  });
}
