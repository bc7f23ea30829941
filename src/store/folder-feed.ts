/**
 * News of folders as one thread of the program hears them (contract/mailbox.ts, FolderFeed): it asks the storage thread
 * for them when the first listener comes. When the storage thread was replaced, what the old one committed last may not
 * have been told; then every folder is, so that listeners look for themselves.
 */
import { STORE_LIMITS } from '../base/limits.ts';
import type { FolderFeed, FolderNews } from '../contract/mailbox.ts';
import type { ChangeCount } from './change-counts.ts';
import type { StoreCall } from './call.ts';
import type { StoragePort } from './caller.ts';
import type { NumberedNews } from './thread-protocol.ts';

export class FolderFeedClient implements FolderFeed {
  readonly #call: StoreCall;
  readonly #listeners = new Set<(news: readonly FolderNews[]) => void>();
  readonly #changed: ChangeCount | undefined;
  #port: StoragePort | undefined;
  #watching = false;
  /** Number of the last news; undefined while some may have been missed. */
  #heard: number | undefined;
  #catchingUp = false;

  /** `changed`: what the storage thread has numbered its news up to, seen before they arrive. */
  constructor(call: StoreCall, changed?: ChangeCount) {
    this.#call = call;
    this.#changed = changed;
  }

  get upToDate(): boolean {
    return !this.#catchingUp && this.#heard !== undefined && this.#heard === this.#changed?.value;
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
    this.#heard = undefined;
    this.#ask();
    if (missed) void this.#catchUp();
  }

  tell({ news, number }: NumberedNews): void {
    this.#heard = number;
    if (news.length > 0) this.#tellListeners(news);
  }

  #tellListeners(news: readonly FolderNews[]): void {
    for (const listener of this.#listeners) listener(news);
  }

  /** Once for each port: news that nobody listens to are dropped here. */
  #ask(): void {
    if (this.#watching || this.#listeners.size === 0 || !this.#port) return;
    this.#watching = true;
    this.#port.postMessage({ watch: true }, []);
  }

  async #catchUp(): Promise<void> {
    const port = this.#port;
    this.#catchingUp = true;
    // A failure means that the thread is being replaced once more, which comes here again.
    const caughtUp = await this.#tellAll().then(() => true, () => false);
    if (caughtUp && this.#port === port) this.#catchingUp = false;
  }

  async #tellAll(): Promise<void> {
    for (let after = 0; ; ) {
      const news = await this.#call('folders.standing', { after, limit: STORE_LIMITS.rowsPerReadMax });
      if (news.length === 0) return;
      this.#tellListeners(news);
      after = (news.at(-1) as FolderNews).folder;
    }
  }
}
