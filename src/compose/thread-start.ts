/** How the main thread waits for a thread that starts. */
import type { Worker } from 'node:worker_threads';
import { Failure } from '../base/errors.ts';

type StartNews = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly error: string };

/** Resolves when the thread says that it is ready; `hear` gets all else that it says. Rejects with Failure `code`. */
export function untilReady<News extends { readonly kind: string }>(worker: Worker, { code, name, hear }: { readonly code: string; readonly name: string; readonly hear: (news: Exclude<News, StartNews>) => void }): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('exit', () => reject(new Failure(code, `${name} ended while it started; see the log`)));
    worker.on('message', (message: StartNews | Exclude<News, StartNews>) => {
      if (message.kind === 'ready') resolve();
      else if (message.kind === 'failed') {
        reject(new Failure(code, (message as Extract<StartNews, { kind: 'failed' }>).error));
        // Its ports would keep it alive, and nobody would take its place.
        void worker.terminate();
      } else hear(message as Exclude<News, StartNews>);
    });
  });
}
