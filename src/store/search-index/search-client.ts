/**
 * MailSearch as a thread of the program has it: over a port to the thread that has the text index. While that thread is
 * being started or replaced, searches wait or fail with a temporary Failure.
 */
import { SEARCH_LIMITS } from '../../base/access-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { MailSearch, TextQuery } from '../../contract/mailbox.ts';
import { failureOf } from '../caller.ts';
import type { SearchReply, SearchRequest } from './search-protocol.ts';

/** Both a Worker and a MessagePort are one. */
export interface SearchPort {
  postMessage(message: SearchRequest, transfer: readonly ArrayBuffer[]): void;
}

interface Waiting {
  readonly resolve: (mailIds: ReadonlySet<number>) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

export class SearchClient implements MailSearch {
  readonly #waiting = new Map<number, Waiting>();
  readonly #start: () => Promise<SearchPort>;
  #port: SearchPort | undefined;
  #nextId = 1;

  /** `start` is called when the first search comes, and again after `disconnect`. */
  constructor(start: () => Promise<SearchPort>) {
    this.#start = start;
  }

  async matching(mailIds: ArrayLike<number>, query: TextQuery, signal?: AbortSignal): Promise<ReadonlySet<number>> {
    if (mailIds.length === 0) return new Set();
    signal?.throwIfAborted();
    const port = this.#port ?? (await this.#start());
    this.#port = port;
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const giveUp = (error: unknown): void => {
        port.postMessage({ kind: 'cancel', id }, []);
        this.#take(id)?.reject(error);
      };
      const onAbort = (): void => giveUp(signal?.reason);
      // Real time on purpose, as for the storage thread.
      const timer = setTimeout(() => giveUp(new Failure('search-failed', 'the search took too long')), SEARCH_LIMITS.queryTimeoutMs).unref();
      const settled = (): void => signal?.removeEventListener('abort', onAbort);
      this.#waiting.set(id, {
        timer,
        resolve: (found) => (settled(), resolve(found)),
        reject: (error) => (settled(), reject(error)),
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      const ids = Float64Array.from(mailIds);
      port.postMessage({ kind: 'match', id, mailIds: ids, query }, [ids.buffer]);
    });
  }

  settle(reply: SearchReply): void {
    const waiting = this.#take(reply.id);
    if (!waiting) return;
    if ('error' in reply) waiting.reject(failureOf(reply.error));
    else waiting.resolve(new Set(reply.mailIds));
  }

  /** The thread is gone, with what it was asked. */
  disconnect(): void {
    this.#port = undefined;
    for (const id of this.#waiting.keys()) this.#take(id)?.reject(new Failure('search-failed', 'the search was interrupted'));
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }
}

/** For a thread that was handed a port; `undefined` while it has none. */
export function createGuestSearch(): { readonly search: MailSearch; connect(port: MessagePortLike): void; close(): void } {
  let current: MessagePortLike | undefined;
  const client = new SearchClient(() => (current ? Promise.resolve(current) : Promise.reject(new Failure('search-failed', 'the search is not ready yet'))));
  return {
    search: client,
    connect: (port) => {
      if (current) client.disconnect();
      current = port;
      port.on('message', (reply: SearchReply) => client.settle(reply));
      port.once('close', () => {
        if (current !== port) return;
        current = undefined;
        client.disconnect();
      });
    },
    close: () => current?.close(),
  };
}

/** What is needed of a MessagePort. */
export interface MessagePortLike extends SearchPort {
  on(event: 'message', listener: (reply: SearchReply) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  close(): void;
}
