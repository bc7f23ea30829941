/**
 * The session threads, as the main thread has them: started together, reloaded together, drained together. One that dies
 * takes its connections with it (their clients try again); the messages it had committed are looked up in the store, and
 * another takes its place.
 */
import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Count, Counters } from '../../base/counters.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { SESSION_THREAD_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import { workerModule } from '../../base/worker-module.ts';
import { laneOfThread } from '../../base/queue-id.ts';
import type { Config, HostPort } from '../../config/config.ts';
import { claimAddress } from '../../net/listen-address.ts';
import { clearTally, createTallyMemory } from '../../flow/accept/tally.ts';
import { describeError } from '../../store/batch.ts';
import type { OwnStore } from '../../store/store.ts';
import type { PublicAddresses, PublicService } from '../front.ts';
import type { Arrivals } from './arrivals.ts';
import { unpackItems } from './news.ts';
import { answerQuestion, type AnswerPorts } from './session-questions.ts';
import type { FromSessionThread, SessionThreadOptions, ToSessionThread } from './session-protocol.ts';
import { untilReady } from '../thread-start.ts';

export interface SessionThreadsOptions {
  /** At least 1. */
  readonly count: number;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes the log lines of the threads. */
  readonly writeLines: (lines: string) => void;
  readonly store: OwnStore;
  readonly answers: AnswerPorts;
  readonly arrivals: Arrivals;
  /** Takes what they count. */
  readonly counters: Counters;
}

export interface SessionThreads {
  readonly addresses: PublicAddresses;
  /** Rejects with the first trouble; the others have the new configuration then. */
  reload(config: Config): Promise<void>;
  /** Drops cached DNS answers. */
  forget(): void;
  /** Lets open transactions finish within `drainMs` milliseconds; then the threads are gone. */
  close(drainMs: number): Promise<void>;
  /** Ends all threads in the middle of their work, as a bug would: for tests of what follows. */
  endAbruptly(): Promise<void>;
}

/** Rejects when an address is not free or a thread cannot start. */
export async function startSessionThreads(options: SessionThreadsOptions): Promise<SessionThreads> {
  const addresses = await claim(options.config);
  const crew = new Crew(options, addresses);
  await crew.start();
  return crew;
}

async function claim({ listen }: Config): Promise<PublicAddresses> {
  const addressesOf = (service: PublicService): Promise<HostPort[]> => Promise.all((listen[service] ?? []).map(claimAddress));
  return { smtp: await addressesOf('smtp'), submission: await addressesOf('submission'), submissions: await addressesOf('submissions'), lmtp: await addressesOf('lmtp') };
}

interface Member {
  readonly index: number;
  readonly worker: Worker;
  readonly lane: string;
  readonly unshare: () => void;
  /** Settles when it is gone. */
  readonly gone: Promise<void>;
  stopped: boolean;
}

class Crew implements SessionThreads {
  readonly addresses: PublicAddresses;
  readonly #options: SessionThreadsOptions;
  readonly #tallyMemory: SharedArrayBuffer;
  readonly #tallySecret = new Uint8Array(randomBytes(32));
  readonly #members = new Map<number, Member>();
  readonly #restarts = new Set<Timer>();
  readonly #reloads = new Map<Worker, (error: string | undefined) => void>();
  #config: Config;
  #closing = false;

  constructor(options: SessionThreadsOptions, addresses: PublicAddresses) {
    this.#options = options;
    this.#config = options.config;
    this.addresses = addresses;
    this.#tallyMemory = createTallyMemory(options.count);
  }

  async start(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: this.#options.count }, (_, index) => this.#employ(index)));
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  async reload(config: Config): Promise<void> {
    this.#config = config;
    const errors = await Promise.all([...this.#members.values()].map((member) => this.#reloadOne(member, config)));
    const error = errors.find((text) => text !== undefined);
    if (error !== undefined) throw new Error(error);
  }

  forget(): void {
    for (const { worker } of this.#members.values()) post(worker, { kind: 'forget' });
  }

  async close(drainMs: number): Promise<void> {
    this.#closing = true;
    for (const timer of this.#restarts) timer.cancel();
    const members = [...this.#members.values()];
    for (const { worker } of members) post(worker, { kind: 'stop', drainMs });
    const limit = this.#options.clock.timer(drainMs + SESSION_THREAD_LIMITS.stopGraceMs, () => {
      for (const { worker } of members) void worker.terminate();
    });
    await Promise.all(members.map(({ gone }) => gone));
    limit.cancel();
  }

  async endAbruptly(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ worker }) => worker.terminate()));
  }

  #reloadOne({ worker }: Member, config: Config): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#reloads.set(worker, resolve);
      post(worker, { kind: 'reload', config: { ...config } });
    });
  }

  /** Resolves when the thread listens. */
  #employ(index: number): Promise<void> {
    const { log } = this.#options;
    const { worker, unshare } = this.#hire(index);
    const member: Member = {
      index,
      worker,
      lane: laneOfThread(worker.threadId),
      unshare,
      stopped: false,
      gone: new Promise((resolve) => {
        worker.once('exit', () => {
          this.#lost(member);
          resolve();
        });
      }),
    };
    this.#members.set(index, member);
    worker.on('error', (error) => log.error('sessions.thread-failed', { index, error: error.stack ?? error.message }));
    return untilReady<FromSessionThread>(worker, { code: 'session-thread-failed', name: 'a session thread', hear: (message) => this.#hear(member, message) });
  }

  /** The first port to the storage thread goes along, later ones follow. */
  #hire(index: number): { worker: Worker; unshare: () => void } {
    const { config, store } = this.#options;
    let worker: Worker | undefined;
    const unshare = store.share((storage) => {
      if (worker) return worker.postMessage({ kind: 'storage', port: storage } satisfies ToSessionThread, [storage]);
      const workerData: SessionThreadOptions = {
        config: { ...this.#config },
        index,
        addresses: this.addresses,
        log: { format: config.log.format, level: config.log.level },
        changeMemory: store.changeMemory,
        tallyMemory: this.#tallyMemory,
        tallySecret: this.#tallySecret,
        storage,
      };
      worker = new Worker(workerModule(new URL('./session-thread.ts', import.meta.url)), { workerData, transferList: [storage], name: `posthorn-smtp-${index}` });
    });
    return { worker: worker as unknown as Worker, unshare };
  }

  #hear(member: Member, message: Exclude<FromSessionThread, { kind: 'ready' | 'failed' }>): void {
    const { worker } = member;
    switch (message.kind) {
      case 'news':
        if (message.log !== '') this.#options.writeLines(message.log);
        if (message.counts !== undefined) this.#options.counters.addAll(JSON.parse(message.counts) as Count[]);
        this.#options.arrivals.take(unpackItems(message));
        return;
      case 'ask':
        void this.#answer(worker, message);
        return;
      case 'reloaded':
        this.#reloads.get(worker)?.(message.error);
        this.#reloads.delete(worker);
        return;
      case 'stopped':
        member.stopped = true;
    }
  }

  async #answer(worker: Worker, { id, question, args }: Extract<FromSessionThread, { kind: 'ask' }>): Promise<void> {
    try {
      post(worker, { kind: 'answer', id, value: await answerQuestion(this.#options.answers, question, args) });
    } catch (error) {
      post(worker, { kind: 'answer', id, error: describeError(error) });
    }
  }

  #lost(member: Member): void {
    const { index, worker, lane } = member;
    member.unshare();
    clearTally(this.#tallyMemory, index);
    this.#reloads.get(worker)?.('the session thread ended');
    this.#reloads.delete(worker);
    if (this.#members.get(index) === member) this.#members.delete(index);
    if (member.stopped) return;
    this.#options.log.error('sessions.thread-ended', { index });
    void this.#options.arrivals.threadLost(lane);
    this.#replaceLater(index);
  }

  #replaceLater(index: number): void {
    if (this.#closing) return;
    const timer = this.#options.clock.timer(SESSION_THREAD_LIMITS.restartMs, () => {
      this.#restarts.delete(timer);
      // Its end is heard like that of any other, and brings us here again.
      this.#employ(index).catch((error: unknown) => this.#options.log.error('sessions.thread-failed', { index, error: String(error) }));
    });
    this.#restarts.add(timer);
  }
}

function post(worker: Worker, message: ToSessionThread): void {
  worker.postMessage(message, []);
}
