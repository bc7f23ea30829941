/**
 * What a thread of sessions begins with, whichever protocol it speaks: its clock, its copy of the configuration, a log whose
 * lines go to the main thread by the block, questions to the main thread, and a port of its own to the storage thread.
 */
import type { MessagePort } from 'node:worker_threads';
import { SystemClock, type Clock } from '../../base/clock.ts';
import { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import { createLineFormat } from '../../face/log-lines.ts';
import { createGuestStore } from '../../store/guest-store.ts';
import { createLiveConfig, type LiveConfig } from '../live-config.ts';
import { countingSink, createCounters } from '../metrics.ts';
import { NewsDesk } from './news.ts';
import type { FromSessionThread } from './session-protocol.ts';
import { Questions } from './session-questions.ts';

export interface GuestThreadOptions {
  readonly config: Config;
  readonly log: Pick<Config['log'], 'format' | 'level'>;
  readonly changeMemory: SharedArrayBuffer;
  readonly storage: MessagePort;
}

export interface GuestThread {
  readonly clock: Clock;
  /** The live one. */
  readonly config: Config;
  readonly log: Log;
  readonly store: ReturnType<typeof createGuestStore>;
  readonly desk: NewsDesk;
  readonly questions: Questions;
  /** Takes a new configuration and tells how that went. */
  reload(listeners: Parameters<typeof takeConfig>[0], next: Config): void;
  /** Tells the last news and lets go of everything; what listens must be closed before. */
  end(): Promise<void>;
}

export function beginGuestThread(port: MessagePort, options: GuestThreadOptions): GuestThread {
  const clock = new SystemClock();
  const live: LiveConfig = createLiveConfig(options.config);
  const { config } = live;
  const counters = createCounters();
  const count = countingSink(counters);
  const desk = new NewsDesk((news, transfer) => tellMain(port, news, transfer), counters);
  const log = new Log(createLineFormat(options.log, desk.log), () => clock.now()).observedBy((entry) => {
    if (count(entry)) desk.countsChanged();
  });
  const questions = new Questions((id, question, args) => tellMain(port, { kind: 'ask', id, question, args }));
  const store = createGuestStore({ dataDir: config.dataDir, clock, log, changeMemory: options.changeMemory });
  store.connect(options.storage);
  return {
    clock, config, log, store, desk, questions,
    reload: (listeners, next) => void takeConfig(listeners, live, next).then((error) => tellMain(port, { kind: 'reloaded', ...(error === undefined ? {} : { error }) })),
    async end() {
      desk.flush();
      tellMain(port, { kind: 'stopped' });
      await store.close();
      port.close();
    },
  };
}

/** Runs `start`; what it fails with is told, and the port closed, which would keep the thread alive. */
export function runGuestThread(port: MessagePort, start: () => Promise<void>): void {
  start().then(
    () => tellMain(port, { kind: 'ready' }),
    (error: unknown) => {
      tellMain(port, { kind: 'failed', error: error instanceof Error ? error.message : String(error) });
      port.close();
    },
  );
}

/** The certificate first, because a wrong one leaves everything as it was. What went wrong, or undefined. */
async function takeConfig(listeners: { loadCertificate(next: Config): Promise<void> }, live: LiveConfig, config: Config): Promise<string | undefined> {
  try {
    await listeners.loadCertificate(config);
    live.replace(config);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function tellMain(port: MessagePort, message: FromSessionThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
