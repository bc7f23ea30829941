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
import { createSharedTally } from '../../flow/accept/tally.ts';
import { createResolver } from '../../net/resolver.ts';
import { createDoors } from '../doors.ts';
import { createFront } from '../front.ts';
import { createSharedParts } from '../shared-parts.ts';
import { beginGuestThread, runGuestThread } from './guest-thread.ts';
import type { SessionThreadOptions, ToSessionThread } from './session-protocol.ts';
import { createAskingBrake, createAskingLogin } from './session-questions.ts';

async function start(port: MessagePort, options: SessionThreadOptions): Promise<void> {
  const thread = beginGuestThread(port, options);
  const { clock, config, log, store, desk, questions } = thread;
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
    await thread.end();
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
        return thread.reload(front, message.config);
      case 'stop':
        return void stop(message.drainMs);
    }
  });
  await front.listenPublic(options.addresses);
}

if (parentPort) {
  const port = parentPort;
  runGuestThread(port, () => start(port, workerData as SessionThreadOptions));
}
