/**
 * The access thread, as the main thread has it: started, reloaded, drained. When it dies it takes its connections with it
 * (mail programs connect again), and another takes its place.
 */
import { Worker } from 'node:worker_threads';
import { ACCESS_THREAD_LIMITS } from '../../base/access-limits.ts';
import type { Count, Counters } from '../../base/counters.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { workerModule } from '../../base/worker-module.ts';
import type { Config, HostPort } from '../../config/config.ts';
import { claimAddress } from '../../net/listen-address.ts';
import { describeError } from '../../store/batch.ts';
import type { OwnStore } from '../../store/store.ts';
import { answerQuestion, type AnswerPorts } from '../sessions/session-questions.ts';
import { wantedAddresses, type AccessAddresses } from './access-addresses.ts';
import type { AccessThreadOptions, FromAccessThread, ToAccessThread } from './access-protocol.ts';
import { untilReady } from '../thread-start.ts';

export interface AccessKeeperOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes the log lines of the thread. */
  readonly writeLines: (lines: string) => void;
  readonly store: OwnStore;
  readonly answers: AnswerPorts;
  readonly counters: Counters;
}

export interface AccessKeeper {
  readonly addresses: AccessAddresses;
  /** Rejects when the thread cannot use it; it goes on with the old one. */
  reload(config: Config): Promise<void>;
  /** Lets commands finish within `drainMs` milliseconds; then the thread is gone. */
  close(drainMs: number): Promise<void>;
  /** Ends the thread in the middle of its work, as a bug would: for tests of what follows. */
  endAbruptly(): Promise<void>;
}

/** Rejects when an address is not free or the thread cannot start. */
export async function startAccessThread(options: AccessKeeperOptions): Promise<AccessKeeper> {
  const keeper = new Keeper(options, await claim(wantedAddresses(options.config)));
  try {
    await keeper.start();
    return keeper;
  } catch (error) {
    await keeper.close(0);
    throw error;
  }
}

async function claim({ imap, imaps, pop3, pop3s, sieve }: AccessAddresses): Promise<AccessAddresses> {
  return { imap: await claimAll(imap), imaps: await claimAll(imaps), pop3: await claimAll(pop3), pop3s: await claimAll(pop3s), sieve: await claimAll(sieve) };
}

function claimAll(addresses: readonly HostPort[]): Promise<HostPort[]> {
  return Promise.all(addresses.map(claimAddress));
}

class Keeper implements AccessKeeper {
  readonly addresses: AccessAddresses;
  readonly #options: AccessKeeperOptions;
  #config: Config;
  #worker: Worker | undefined;
  /** Settles when the thread in service is gone. */
  #gone: Promise<void> = Promise.resolve();
  #restart: Timer | undefined;
  /** Those who wait for a reload; they are answered in order. */
  #reloads: ((error: string | undefined) => void)[] = [];
  #isClosing = false;

  constructor(options: AccessKeeperOptions, addresses: AccessAddresses) {
    this.#options = options;
    this.#config = options.config;
    this.addresses = addresses;
  }

  /** Resolves when the thread listens. */
  start(): Promise<void> {
    const { log } = this.#options;
    const { worker, unshare } = this.#hire();
    this.#worker = worker;
    this.#gone = new Promise((resolve) => {
      worker.once('exit', () => {
        unshare();
        this.#lost();
        resolve();
      });
    });
    worker.on('error', (error) => log.error('access.thread-failed', { error: error.stack ?? error.message }));
    return untilReady<FromAccessThread>(worker, { code: 'access-thread-failed', name: 'the access thread', hear: (message) => this.#hear(worker, message) });
  }

  async reload(config: Config): Promise<void> {
    this.#config = config;
    const worker = this.#worker;
    if (!worker) return;
    const error = await new Promise<string | undefined>((resolve) => {
      this.#reloads.push(resolve);
      post(worker, { kind: 'reload', config: { ...config } });
    });
    if (error !== undefined) throw new Error(error);
  }

  async close(drainMs: number): Promise<void> {
    this.#isClosing = true;
    this.#restart?.cancel();
    const worker = this.#worker;
    if (!worker) return;
    post(worker, { kind: 'stop', drainMs });
    const limit = this.#options.clock.timer(drainMs + ACCESS_THREAD_LIMITS.stopGraceMs, () => void worker.terminate());
    await this.#gone;
    limit.cancel();
  }

  async endAbruptly(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** The first port to the storage thread goes along; later ones and those to the reader follow. */
  #hire(): { worker: Worker; unshare: () => void } {
    const { config, store } = this.#options;
    let worker: Worker | undefined;
    const unshareStorage = store.share((storage) => {
      if (worker) return post(worker, { kind: 'storage', port: storage }, storage);
      const workerData: AccessThreadOptions = {
        config: { ...this.#config },
        addresses: this.addresses,
        log: { format: config.log.format, level: config.log.level },
        changeMemory: store.changeMemory,
        storage,
      };
      worker = new Worker(workerModule(new URL('./access-thread.ts', import.meta.url)), { workerData, transferList: [storage], name: 'posthorn-access' });
    });
    const hired = worker as unknown as Worker;
    const unshareReader = store.shareReader((port) => post(hired, { kind: 'reader', port }, port));
    const unshareSearch = store.shareSearch((port) => post(hired, { kind: 'search', port }, port));
    const unshare = (): void => {
      unshareSearch();
      unshareStorage();
      unshareReader();
    };
    return { worker: hired, unshare };
  }

  #hear(worker: Worker, message: Exclude<FromAccessThread, { kind: 'ready' | 'failed' }>): void {
    switch (message.kind) {
      case 'news':
        if (message.log !== '') this.#options.writeLines(message.log);
        if (message.counts !== undefined) this.#options.counters.addAll(JSON.parse(message.counts) as Count[]);
        return;
      case 'ask':
        void this.#answer(worker, message);
        return;
      case 'reloaded':
        this.#reloads.shift()?.(message.error);
        return;
      case 'stopped':
        this.#isClosing = true;
    }
  }

  async #answer(worker: Worker, { id, question, args }: Extract<FromAccessThread, { kind: 'ask' }>): Promise<void> {
    try {
      post(worker, { kind: 'answer', id, value: await answerQuestion(this.#options.answers, question, args) });
    } catch (error) {
      post(worker, { kind: 'answer', id, error: describeError(error) });
    }
  }

  #lost(): void {
    this.#worker = undefined;
    for (const answer of this.#reloads.splice(0)) answer('the access thread ended');
    if (this.#isClosing) return;
    this.#options.log.error('access.thread-ended', {});
    this.#restart = this.#options.clock.timer(ACCESS_THREAD_LIMITS.restartMs, () => {
      // Its end is heard like that of any other, and brings us here again.
      this.start().catch((error: unknown) => this.#options.log.error('access.thread-failed', { error: String(error) }));
    });
  }
}

function post(worker: Worker, message: ToAccessThread, ...transfer: import('node:worker_threads').MessagePort[]): void {
  worker.postMessage(message, transfer);
}
