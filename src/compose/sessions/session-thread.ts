/**
 * A session thread: takes connections, sessions and everything up to the commit off the main thread. It listens by
 * itself on the addresses that all session threads share, has a resolver, a directory, signing keys and a port to the
 * storage thread of its own, and tells the main thread what it has committed.
 *
 * Policy: a message is acknowledged when the storage thread has committed it, as ever. The main thread may hear of it a
 * moment later: if this thread dies in between, the main thread looks into the store (session-threads.ts).
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { SystemClock } from '../../base/clock.ts';
import { Log } from '../../base/log.ts';
import { createLineFormat } from '../../face/log-lines.ts';
import { createSharedTally } from '../../flow/accept/tally.ts';
import { createResolver } from '../../net/resolver.ts';
import { createGuestStore } from '../../store/guest-store.ts';
import { createDoors } from '../doors.ts';
import { createFront } from '../front.ts';
import { createLiveConfig } from '../live-config.ts';
import { countingSink, createCounters } from '../metrics.ts';
import { createSharedParts } from '../shared-parts.ts';
import { NewsDesk } from './news.ts';
import type { FromSessionThread, SessionThreadOptions, ToSessionThread } from './session-protocol.ts';
import { createAskingBrake, createAskingLogin, Questions } from './session-questions.ts';
import { takeConfig } from '../thread-start.ts';

function tell(port: MessagePort, message: FromSessionThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

async function start(port: MessagePort, options: SessionThreadOptions): Promise<void> {
  const clock = new SystemClock();
  const live = createLiveConfig(options.config);
  const { config } = live;
  const counters = createCounters();
  const count = countingSink(counters);
  const desk = new NewsDesk((news, transfer) => tell(port, news, transfer), counters);
  const log = new Log(createLineFormat(options.log, desk.log), () => clock.now()).observedBy((entry) => {
    if (count(entry)) desk.countsChanged();
  });
  const questions = new Questions((id, question, args) => tell(port, { kind: 'ask', id, question, args }));
  const store = createGuestStore({ dataDir: config.dataDir, clock, log, changeMemory: options.changeMemory });
  store.connect(options.storage);
  const resolver = createResolver({ servers: config.dns.servers, trustAd: config.dns.trustAd, clock, log });
  const doors = createDoors({
    config,
    clock,
    log,
    store,
    dns: resolver,
    ...createSharedParts(config, clock, store, (address) => questions.ask('login.provision', address)),
    login: createAskingLogin(questions, config),
    brake: createAskingBrake(questions),
    checkRecipient: (address) => questions.ask('recipient.check', address),
    enqueue: async (item) => {
      await store.queue.insert(item);
      desk.announce(item);
    },
  });
  const tally = { memory: options.tallyMemory, thread: options.index, secret: options.tallySecret };
  const front = await createFront({ config, ports: doors, tallyOf: (service) => createSharedTally(tally, service) });
  const stop = async (drainMs: number): Promise<void> => {
    await front.close(drainMs);
    resolver.close();
    desk.flush();
    tell(port, { kind: 'stopped' });
    await store.close();
    port.close();
  };
  port.on('message', (message: ToSessionThread) => {
    switch (message.kind) {
      case 'storage':
        return store.connect(message.port);
      case 'forget':
        return resolver.flush();
      case 'answer':
        return questions.settle(message.id, message.value, message.error);
      case 'reload':
        resolver.flush();
        return void takeConfig(front, live, message.config).then((error) => tell(port, { kind: 'reloaded', ...(error === undefined ? {} : { error }) }));
      case 'stop':
        return void stop(message.drainMs);
    }
  });
  await front.listenPublic(options.addresses);
  tell(port, { kind: 'ready' });
}

if (parentPort) {
  const port = parentPort;
  start(port, workerData as SessionThreadOptions).catch((error: unknown) => {
    tell(port, { kind: 'failed', error: error instanceof Error ? error.message : String(error) });
    port.close();
  });
}
