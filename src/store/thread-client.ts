/**
 * The program's end of the storage thread: gathers the calls of one turn of the event loop into one message, matches
 * replies to promises, and bounds every wait. A thread that dies of a bug takes what it was asked for with it (callers get
 * `store-failed`, temporary) and is replaced.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Failure } from '../base/errors.ts';
import { STORE_LIMITS } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import type { StoreCall } from './call.ts';
import type { ThreadError, ThreadOptions, ThreadReply, ThreadRequest, ThreadStarted, ToThread } from './thread-protocol.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Failure) => void;
  readonly operation: string;
  readonly sinceMs: number;
}

export class ThreadClient {
  readonly #options: ThreadOptions;
  #worker: Worker;
  readonly #log: Log;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watch: NodeJS.Timeout;
  /** Settles when the thread in service has ended. */
  #gone: Promise<void> = Promise.resolve();
  #outbox: ThreadRequest[] = [];
  #flushedAtMs = Number.NEGATIVE_INFINITY;
  #nextId = 1;
  #closed = false;
  #serving = true;

  /** Rejects with the Failure that kept the thread from opening the database. */
  static start(options: ThreadOptions, log: Log): Promise<ThreadClient> {
    return startWorker(options).then((worker) => new ThreadClient(worker, options, log));
  }

  private constructor(worker: Worker, options: ThreadOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    this.#worker = worker;
    this.#employ(worker);
    // Real time on purpose: a lab clock that jumps ahead must not make the disk look slow.
    this.#watch = setInterval(() => this.#expire(), STORE_LIMITS.callTimeoutMs / 10).unref();
  }

  readonly call: StoreCall = (name, args) => {
    if (this.#closed) return Promise.reject(new Failure('store-closed', 'the store is closed'));
    if (!this.#serving) return Promise.reject(new Failure('store-failed', 'the storage thread is being replaced'));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, operation: name, sinceMs: performance.now() });
      this.#outbox.push([id, name, args]);
      if (this.#outbox.length === 1) this.#scheduleFlush();
    });
  };

  /** Finishes what was asked for, then ends the thread. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#flush();
      this.#worker.postMessage({ close: true } satisfies ToThread, []);
    }
    await this.#gone;
  }

  /** Ends the thread in the middle of its work, as a bug would: for tests of what follows. */
  async endAbruptly(): Promise<void> {
    await this.#worker.terminate();
  }

  #employ(worker: Worker): void {
    this.#worker = worker;
    this.#serving = true;
    worker.removeAllListeners('error');
    worker.on('message', (message: unknown) => {
      if (Array.isArray(message)) this.#settle(message as ThreadReply[]);
    });
    worker.on('error', (error) => this.#log.error('store.thread-failed', { error: error.stack ?? error.message }));
    this.#gone = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#serving = false;
        for (const id of this.#waiting.keys()) this.#fail(id, 'the storage thread ended');
        this.#outbox = [];
        if (!this.#closed) this.#log.error('store.thread-ended');
        if (this.#closed) clearInterval(this.#watch);
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
        return;
      } catch (error) {
        this.#log.error('store.thread-failed', { error: String(error) });
      }
    }
  }

  /**
   * At once when the last batch is a while ago; else the calls of a few milliseconds go together. A commit writes each
   * page it touches, so calls that share one write fewer pages; a lone call does not wait.
   */
  #scheduleFlush(): void {
    const sinceMs = performance.now() - this.#flushedAtMs;
    if (sinceMs >= STORE_LIMITS.gatherMs) setImmediate(() => this.#flush());
    // Real time on purpose, as for the watch.
    else setTimeout(() => this.#flush(), STORE_LIMITS.gatherMs - sinceMs);
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    this.#flushedAtMs = performance.now();
    const requests = this.#outbox;
    this.#outbox = [];
    try {
      this.#worker.postMessage({ requests } satisfies ToThread, []);
    } catch (error) {
      // Arguments that cannot be cloned are a bug of one caller; the others of this turn are innocent.
      this.#flushOneByOne(requests, error);
    }
  }

  #flushOneByOne(requests: readonly ThreadRequest[], error: unknown): void {
    this.#log.error('store.unclonable', { error: String(error) });
    for (const request of requests) {
      try {
        this.#worker.postMessage({ requests: [request] } satisfies ToThread, []);
      } catch {
        this.#fail(request[0], 'the arguments of a store operation cannot be handed over');
      }
    }
  }

  #settle(replies: readonly ThreadReply[]): void {
    for (const [id, value, error] of replies) {
      const waiting = this.#waiting.get(id);
      if (!waiting) continue;
      this.#waiting.delete(id);
      if (!error) {
        waiting.resolve(value);
        continue;
      }
      if (error.code.startsWith('store-')) this.#log.error('store.failed', { operation: waiting.operation, code: error.code, error: error.cause });
      waiting.reject(failureOf(error));
    }
  }

  #expire(): void {
    const limit = performance.now() - STORE_LIMITS.callTimeoutMs;
    for (const [id, waiting] of this.#waiting) {
      if (waiting.sinceMs > limit) return;
      this.#fail(id, 'the disk does not answer');
    }
  }

  #fail(id: number, message: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.reject(new Failure('store-failed', message));
  }
}

/** Rejects with the Failure that kept the thread from opening the database. */
function startWorker(options: ThreadOptions): Promise<Worker> {
  const module = new URL('./thread.ts', import.meta.url);
  // Built for publication, every module is .js.
  if (import.meta.url.endsWith('.js')) module.pathname = module.pathname.replace(/\.ts$/, '.js');
  const worker = new Worker(module, { workerData: options, name: 'posthorn-store' });
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

function failureOf(error: ThreadError): Failure {
  return new Failure(error.code, error.message, { temporary: error.temporary, ...(error.cause === undefined ? {} : { cause: error.cause }) });
}
