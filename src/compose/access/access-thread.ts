/**
 * The access thread: IMAP, POP3 and ManageSieve of all users, away from the thread that moves mail. It has ports of its
 * own to the storage thread (changes) and to the thread that reads mailboxes; log-ins are asked of the main thread, which
 * knows of all of them.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { beginGuestThread, runGuestThread } from '../sessions/guest-thread.ts';
import { createAskingLogin } from '../sessions/session-questions.ts';
import { createAccess } from './access.ts';
import type { AccessThreadOptions, ToAccessThread } from './access-protocol.ts';

async function start(port: MessagePort, options: AccessThreadOptions): Promise<void> {
  const thread = beginGuestThread(port, options);
  const { clock, config, log, store, questions } = thread;
  const access = await createAccess({ config, clock, log, store, login: createAskingLogin(questions, config) });
  const stop = async (drainMs: number): Promise<void> => {
    await access.close(drainMs);
    await thread.end();
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
        return thread.reload(access, message.config);
      case 'stop':
        return void stop(message.drainMs);
    }
  });
  await access.listen(options.addresses);
}

if (parentPort) {
  const port = parentPort;
  runGuestThread(port, () => start(port, workerData as AccessThreadOptions));
}
