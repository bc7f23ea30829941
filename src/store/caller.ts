/**
 * One thread's end of the storage thread: gathers the calls of one turn of the event loop into one message, matches
 * replies to promises, and bounds every wait. The storage thread itself is started and replaced elsewhere
 * (thread-client.ts); here it is a port that may go away and be followed by another. Meanwhile every call is answered
 * `store-failed`, which is temporary.
 */
import { Failure } from '../base/errors.ts';
import { STORE_LIMITS } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import type { StoreCall } from './call.ts';
import type { ThreadError, ThreadReply, ThreadRequest, ToThread } from './thread-protocol.ts';

/** Both a Worker and a MessagePort are one. */
export interface StoragePort {
  postMessage(message: ToThread, transfer: readonly []): void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Failure) => void;
  readonly operation: string;
  readonly sinceMs: number;
}

export class Caller {
  readonly #log: Log;
  readonly #gatherMs: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watch: NodeJS.Timeout;
  #port: StoragePort | undefined;
  #outbox: ThreadRequest[] = [];
  #flushedAtMs = Number.NEGATIVE_INFINITY;
  #nextId = 1;
  #closed = false;

  /** `gatherMs`: 0 where nothing is committed, so that nothing is won by waiting. */
  constructor(log: Log, gatherMs: number = STORE_LIMITS.gatherMs) {
    this.#log = log;
    this.#gatherMs = gatherMs;
    // Real time on purpose: a lab clock that jumps ahead must not make the disk look slow.
    this.#watch = setInterval(() => this.#expire(), STORE_LIMITS.callTimeoutMs / 10).unref();
  }

  readonly call: StoreCall = (name, args) => {
    if (this.#closed) return Promise.reject(new Failure('store-closed', 'the store is closed'));
    if (!this.#port) return Promise.reject(new Failure('store-failed', 'the storage thread is being replaced'));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, operation: name, sinceMs: performance.now() });
      this.#outbox.push([id, name, args]);
      if (this.#outbox.length === 1) this.#scheduleFlush();
    });
  };

  /** Calls go here from now on. */
  connect(port: StoragePort): void {
    this.#port = port;
  }

  /** The storage thread is gone: nobody knows what became of what it was asked for. */
  disconnect(): void {
    this.#port = undefined;
    this.#outbox = [];
    for (const id of this.#waiting.keys()) this.#fail(id, 'the storage thread ended');
  }

  /** Hands over what was asked for, and takes no further call. */
  close(): void {
    this.#closed = true;
    this.#flush();
  }

  /** After the last reply. */
  stopWatching(): void {
    clearInterval(this.#watch);
  }

  settle(replies: readonly ThreadReply[]): void {
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

  /**
   * At once when the last batch is a while ago or all of it is answered; else the calls of a few milliseconds go together.
   * A commit writes each page it touches, so calls that share one write fewer pages; a lone call does not wait, nor does
   * the next step of somebody who does one thing after another.
   */
  #scheduleFlush(): void {
    const sinceMs = performance.now() - this.#flushedAtMs;
    const nothingUnderWay = this.#waiting.size === this.#outbox.length;
    if (nothingUnderWay || sinceMs >= this.#gatherMs) setImmediate(() => this.#flush());
    // Real time on purpose, as for the watch.
    else setTimeout(() => this.#flush(), this.#gatherMs - sinceMs);
  }

  #flush(): void {
    if (this.#outbox.length === 0 || !this.#port) return;
    this.#flushedAtMs = performance.now();
    const requests = this.#outbox;
    this.#outbox = [];
    try {
      this.#port.postMessage({ requests }, []);
    } catch (error) {
      // Arguments that cannot be cloned are a bug of one caller; the others of this turn are innocent.
      this.#flushOneByOne(this.#port, requests, error);
    }
  }

  #flushOneByOne(port: StoragePort, requests: readonly ThreadRequest[], error: unknown): void {
    this.#log.error('store.unclonable', { error: String(error) });
    for (const request of requests) {
      try {
        port.postMessage({ requests: [request] }, []);
      } catch {
        this.#fail(request[0], 'the arguments of a store operation cannot be handed over');
      }
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

export function failureOf(error: ThreadError): Failure {
  return new Failure(error.code, error.message, { temporary: error.temporary, ...(error.cause === undefined ? {} : { cause: error.cause }) });
}
