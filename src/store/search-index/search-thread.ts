/**
 * The thread that has the text index: takes mail up behind the deliveries and answers searches in between. It reads the
 * store through a connection of its own, so that neither the queue nor the reading of folders waits for it.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { TextQuery } from '../../contract/mailbox.ts';
import { describeError } from '../batch.ts';
import { IndexDamaged, IndexDatabase } from './index-database.ts';
import { Indexer } from './indexer.ts';
import { MailSource } from './mail-source.ts';
import type { FromSearchThread, SearchReply, SearchThreadOptions, ToSearchThread } from './search-protocol.ts';
import { searchTexts } from './text-search.ts';

/** An index that knows of mails that the store never had belongs to another store, or to this one before it was restored. */
function openIndex(path: string, mails: MailSource): IndexDatabase {
  const index = IndexDatabase.open(path);
  if (index.lastMailId <= mails.lastId) return index;
  index.close();
  return IndexDatabase.createAnew(path);
}

class SearchService {
  readonly #index: IndexDatabase;
  readonly #mails: MailSource;
  readonly #indexer: Indexer;
  readonly #ports = new Set<MessagePort>();
  #indexing = false;
  #closing = false;
  /** Searches under way. */
  #running = 0;

  constructor(owner: MessagePort, { dataDir }: SearchThreadOptions) {
    this.#mails = new MailSource(dataDir);
    this.#index = openIndex(join(dataDir, 'search.db'), this.#mails);
    this.#indexer = new Indexer({ index: this.#index, mails: this.#mails, report: (problem) => tell(owner, { kind: 'problem', problem }) });
    this.#attach(owner);
  }

  #attach(port: MessagePort): void {
    this.#ports.add(port);
    const cancelled = new Set<number>();
    const running = new Set<number>();
    port.on('message', (message: ToSearchThread) => {
      switch (message.kind) {
        case 'attach':
          return this.#attach(message.port);
        case 'index':
          this.#indexing = true;
          return this.#indexer.wake();
        case 'wake':
          return this.#indexing ? this.#indexer.wake() : undefined;
        case 'cancel':
          if (running.has(message.id)) cancelled.add(message.id);
          return undefined;
        case 'close':
          return this.#close();
        case 'match': {
          void this.#answer(port, message, running, cancelled);
        }
      }
    });
    port.once('close', () => this.#ports.delete(port));
  }

  async #answer(port: MessagePort, message: Extract<ToSearchThread, { kind: 'match' }>, running: Set<number>, cancelled: Set<number>): Promise<void> {
    running.add(message.id);
    const reply = await this.#match(message, () => this.#closing || !this.#ports.has(port) || cancelled.has(message.id));
    running.delete(message.id);
    if (!cancelled.delete(message.id)) tell(port, reply);
  }

  async #match({ id, mailIds, query }: Extract<ToSearchThread, { kind: 'match' }>, cancelled: () => boolean): Promise<SearchReply> {
    this.#running += 1;
    try {
      return { id, mailIds: Float64Array.from(await this.#search(mailIds, query, cancelled)) };
    } catch (error) {
      return { id, error: describeError(error) };
    } finally {
      this.#running -= 1;
      // Not while others search: they share this thread.
      if (this.#running === 0 && this.#indexing && !this.#closing) this.#indexer.hasten();
      if (this.#closing && this.#running === 0) this.#finish();
    }
  }

  async #search(mailIds: Float64Array, query: TextQuery, cancelled: () => boolean): Promise<number[]> {
    const options = { index: this.#index, mails: this.#mails, cancelled };
    try {
      return await searchTexts(options, mailIds, query);
    } catch (error) {
      if (!(error instanceof IndexDamaged)) throw error;
      if (this.#indexing) this.#indexer.wake();
      return searchTexts(options, mailIds, query);
    }
  }

  #close(): void {
    this.#closing = true;
    this.#indexer.close();
    for (const port of this.#ports) port.close();
    // Searches under way see `closing` at their next slice.
    if (this.#running === 0) this.#finish();
  }

  #finish(): void {
    this.#index.close();
    this.#mails.close();
  }
}

function tell(port: MessagePort, message: FromSearchThread): void {
  port.postMessage(message, []);
}

function start(port: MessagePort, options: SearchThreadOptions): void {
  try {
    // oxlint-disable-next-line no-new -- it lives by its ports
    new SearchService(port, options);
  } catch (error) {
    tell(port, { kind: 'failed', error: describeError(error) });
    return port.close();
  }
  tell(port, { kind: 'ready' });
}

if (parentPort) start(parentPort, workerData as SearchThreadOptions);
