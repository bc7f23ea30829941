/**
 * The access thread: IMAP, POP3 and ManageSieve of all users, away from the thread that moves mail. It has ports of its
 * own to the storage thread (changes) and to the thread that reads mailboxes; log-ins are asked of the main thread, which
 * knows of all of them.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { SystemClock } from '../../base/clock.ts';
import { Log } from '../../base/log.ts';
import { createLineFormat } from '../../face/log-lines.ts';
import { createGuestStore } from '../../store/guest-store.ts';
import { createLiveConfig } from '../live-config.ts';
import { countingSink, createCounters } from '../metrics.ts';
import { NewsDesk } from '../sessions/news.ts';
import { createAskingLogin, Questions } from '../sessions/session-questions.ts';
import { createAccess } from './access.ts';
import type { AccessThreadOptions, FromAccessThread, ToAccessThread } from './access-protocol.ts';
import { takeConfig } from '../thread-start.ts';

function tell(port: MessagePort, message: FromAccessThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

async function start(port: MessagePort, options: AccessThreadOptions): Promise<void> {
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
  const access = await createAccess({ config, clock, log, store, login: createAskingLogin(questions, config) });
  const stop = async (drainMs: number): Promise<void> => {
    await access.close(drainMs);
    desk.flush();
    tell(port, { kind: 'stopped' });
    await store.close();
    port.close();
  };
  port.on('message', (message: ToAccessThread) => {
    switch (message.kind) {
      case 'storage':
        return store.connect(message.port);
      case 'reader':
        return store.connectReader(message.port);
      case 'search':
        return store.connectSearch(message.port);
      case 'answer':
        return questions.settle(message.id, message.value, message.error);
      case 'reload':
        return void takeConfig(access, live, message.config).then((error) => tell(port, { kind: 'reloaded', ...(error === undefined ? {} : { error }) }));
      case 'stop':
        return void stop(message.drainMs);
    }
  });
  await access.listen(options.addresses);
  tell(port, { kind: 'ready' });
}

if (parentPort) {
  const port = parentPort;
  start(port, workerData as AccessThreadOptions).catch((error: unknown) => {
    tell(port, { kind: 'failed', error: error instanceof Error ? error.message : String(error) });
    port.close();
  });
}
