/**
 * Folders that were looked up lately, by name, shared by all sessions of a thread: clients SELECT and ask for STATUS of the
 * same ones again and again.
 *
 * Policy: nothing is answered from memory unless the feed has told everything that was committed, so that who sees an answer
 * of any thread sees its effect here. Any news of a folder drops it.
 */
import { LIVE_FOLDER_LIMITS } from '../../base/access-limits.ts';
import type { FolderFacts, FolderFeed, FolderId, FolderNews, FolderStore } from '../../contract/mailbox.ts';

export class FolderCache {
  readonly #folders: FolderStore;
  readonly #feed: FolderFeed;
  readonly #known = new Map<string, FolderFacts>();
  readonly #keys = new Map<FolderId, string>();
  readonly #unwatch: () => void;
  /** Another number after each news. */
  #version = 0;

  constructor(folders: FolderStore, feed: FolderFeed) {
    this.#folders = folders;
    this.#feed = feed;
    this.#unwatch = feed.watch((news) => news.forEach((one) => this.#hear(one)));
  }

  /** The store's, with what is in memory. */
  get folders(): FolderStore {
    return { ...this.#folders, find: (account, name) => this.#find(account, name) };
  }

  close(): void {
    this.#unwatch();
  }

  async #find(account: string, name: string): Promise<FolderFacts | undefined> {
    const key = `${account}\0${name}`;
    const wasUpToDate = this.#feed.upToDate === true;
    const known = wasUpToDate ? this.#known.get(key) : undefined;
    if (known) return known;
    const version = this.#version;
    const facts = await this.#folders.find(account, name);
    // What was told while we asked may be newer than the answer.
    if (facts && wasUpToDate && this.#feed.upToDate && this.#version === version) this.#keep(key, facts);
    return facts;
  }

  #keep(key: string, facts: FolderFacts): void {
    if (this.#known.size >= LIVE_FOLDER_LIMITS.knownNamesMax) this.#forget();
    // One name each, so that news of the folder drop all there is.
    this.#known.delete(this.#keys.get(facts.id) ?? '');
    this.#known.set(key, facts);
    this.#keys.set(facts.id, key);
  }

  #hear({ folder, listChanged }: FolderNews): void {
    this.#version += 1;
    if (listChanged) return this.#forget();
    const key = this.#keys.get(folder);
    if (key === undefined) return;
    this.#known.delete(key);
    this.#keys.delete(folder);
  }

  #forget(): void {
    this.#known.clear();
    this.#keys.clear();
  }
}
