/**
 * News of folders as one thread of the program hears them (contract/mailbox.ts, FolderFeed): it asks the storage thread
 * for them when the first listener comes. When the storage thread was replaced, what the old one committed last may not
 * have been told; then every folder is, so that listeners look for themselves.
 */
import { STORE_LIMITS } from '../base/limits.ts';
import type { FolderFeed, FolderNews } from '../contract/mailbox.ts';
import type { StoreCall } from './call.ts';
import type { StoragePort } from './caller.ts';

export class FolderFeedClient implements FolderFeed {
  readonly #call: StoreCall;
  readonly #listeners = new Set<(news: readonly FolderNews[]) => void>();
  #port: StoragePort | undefined;
  #watching = false;

  constructor(call: StoreCall) {
    this.#call = call;
  }

  watch(listener: (news: readonly FolderNews[]) => void): () => void {
    this.#listeners.add(listener);
    this.#ask();
    return () => void this.#listeners.delete(listener);
  }

  /** News come from there from now on. */
  connect(port: StoragePort): void {
    const missed = this.#watching;
    this.#port = port;
    this.#watching = false;
    this.#ask();
    // A failure means that the thread is being replaced once more, which comes here again.
    if (missed) void this.#tellAll().catch(() => {});
  }

  tell(news: readonly FolderNews[]): void {
    for (const listener of this.#listeners) listener(news);
  }

  /** Once for each port: news that nobody listens to are dropped here. */
  #ask(): void {
    if (this.#watching || this.#listeners.size === 0 || !this.#port) return;
    this.#watching = true;
    this.#port.postMessage({ watch: true }, []);
  }

  async #tellAll(): Promise<void> {
    for (let after = 0; ; ) {
      const news = await this.#call('folders.standing', { after, limit: STORE_LIMITS.rowsPerReadMax });
      if (news.length === 0) return;
      this.tell(news);
      after = (news.at(-1) as FolderNews).folder;
    }
  }
}
