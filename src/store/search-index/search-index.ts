/**
 * Text search of a data directory: starts the thread that has the index when it is first needed, replaces one that died,
 * gives other threads ports to it. A command that opens the store for a moment starts none unless it searches.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { Failure } from '../../base/errors.ts';
import { STORE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import { workerModule } from '../../base/worker-module.ts';
import type { MailSearch } from '../../contract/mailbox.ts';
import { failureOf } from '../caller.ts';
import { SearchClient } from './search-client.ts';
import type { FromSearchThread, SearchThreadOptions, ToSearchThread } from './search-protocol.ts';

export interface SearchIndexOptions extends SearchThreadOptions {
  readonly log: Log;
}

export class SearchIndex {
  readonly search: MailSearch;
  readonly #options: SearchIndexOptions;
  readonly #client: SearchClient;
  readonly #takers = new Set<(port: MessagePort) => void>();
  #worker: Promise<Worker> | undefined;
  #indexing = false;
  #wasEmployed = false;
  #closed = false;

  constructor(options: SearchIndexOptions) {
    this.#options = options;
    this.#client = new SearchClient(() => this.#running());
    this.search = this.#client;
  }

  /**
   * From now on mail is taken up whenever `wake` is called, and at once when there `isMail`: a server that only relays needs
   * no thread for it. Failures are in the log: searching works without.
   */
  startIndexing(isMail: Promise<boolean>): void {
    this.#indexing = true;
    const begin = (): void => void this.#running().catch(() => undefined);
    isMail.then((is) => is && begin(), begin);
  }

  /** There may be new mail. */
  wake(): void {
    if (!this.#indexing) return;
    // One that died comes back in its time.
    if (!this.#worker && this.#wasEmployed) return;
    void this.#running().then((worker) => post(worker, { kind: 'wake' })).catch(() => undefined);
  }

  /** Gives another thread a port, and a new one whenever the thread of the index was replaced. Undone by the result. */
  share(take: (port: MessagePort) => void): () => void {
    this.#takers.add(take);
    void this.#running().then((worker) => this.#handOut(worker, take)).catch(() => undefined);
    return () => void this.#takers.delete(take);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = await this.#worker?.catch(() => undefined);
    if (!worker) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    post(worker, { kind: 'close' });
    await gone;
  }

  #running(): Promise<Worker> {
    if (this.#closed) return Promise.reject(new Failure('search-failed', 'the store is closed'));
    if (!this.#worker) {
      this.#wasEmployed = true;
      this.#worker = this.#employ();
      this.#worker.catch((error: unknown) => {
        this.#worker = undefined;
        this.#options.log.error('search.thread-failed', { error: String(error) });
      });
    }
    return this.#worker;
  }

  async #employ(): Promise<Worker> {
    const { log, dataDir } = this.#options;
    const worker = new Worker(workerModule(new URL('./search-thread.ts', import.meta.url)), { workerData: { dataDir } satisfies SearchThreadOptions, name: 'posthorn-search' });
    await started(worker);
    worker.on('message', (message: FromSearchThread) => {
      if (!('kind' in message)) this.#client.settle(message);
      else if (message.kind === 'problem') log.warn('search.index-problem', { problem: message.problem });
    });
    worker.on('error', (error) => log.error('search.thread-failed', { error: error.stack ?? error.message }));
    worker.once('exit', () => this.#lost());
    if (this.#indexing) post(worker, { kind: 'index' });
    return worker;
  }

  /** The next search, or those who have a port, need another. */
  #lost(): void {
    this.#worker = undefined;
    this.#client.disconnect();
    this.#replaceLater();
  }

  #replaceLater(): void {
    if (this.#closed) return;
    if (!this.#indexing && this.#takers.size === 0) return;
    // Not at once: what ended it may end the next one too.
    setTimeout(() => {
      if (this.#closed) return;
      void this.#handOutAll();
    }, STORE_LIMITS.threadRestartMs).unref();
  }

  async #handOutAll(): Promise<void> {
    const worker = await this.#running().catch(() => undefined);
    if (!worker) return this.#replaceLater();
    for (const take of this.#takers) this.#handOut(worker, take);
  }

  #handOut(worker: Worker, take: (port: MessagePort) => void): void {
    if (!this.#takers.has(take)) return;
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ kind: 'attach', port: port1 } satisfies ToSearchThread, [port1]);
    take(port2);
  }
}

function post(worker: Worker, message: ToSearchThread): void {
  worker.postMessage(message, []);
}

/** Rejects with what kept the thread from opening its files. */
function started(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(error);
    worker.once('error', fail);
    const onMessage = (message: FromSearchThread | object): void => {
      if (!('kind' in message) || (message.kind !== 'ready' && message.kind !== 'failed')) return;
      worker.off('message', onMessage);
      worker.off('error', fail);
      if (message.kind === 'ready') resolve();
      else reject(failureOf(message.error));
    };
    worker.on('message', onMessage);
  });
}
