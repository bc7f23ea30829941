/**
 * The live folders of a thread: the first session that selects a folder loads it, all further ones share it, and it is kept
 * for a while after the last has left, because clients come back. Memory is bounded by how many unused ones are kept.
 *
 * Watches the feed of the store for all of them. What could not be asked (the store is busy or closing) is asked again.
 */
import { LIVE_FOLDER_LIMITS } from '../../base/access-limits.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { FolderFeed, FolderId, FolderMessages, FolderNews } from '../../contract/mailbox.ts';
import { LiveFolder } from './live-folder.ts';

export interface LiveFoldersPorts {
  readonly messages: Pick<FolderMessages, 'snapshot' | 'changes' | 'claimRecent'>;
  readonly feed: FolderFeed;
  readonly clock: Clock;
}

interface Entry {
  readonly live: Promise<LiveFolder | undefined>;
  /** Once it is loaded. */
  folder: LiveFolder | undefined;
  users: number;
  /** MODSEQ of news that came while it was loaded. */
  heard: number;
  listChanged: boolean;
  /** News came while nobody looked at it. */
  missed: boolean;
  expiry: Timer | undefined;
  retry: Timer | undefined;
}

/** A folder in use; `release` once. */
export interface FolderLease {
  readonly live: LiveFolder;
  release(): void;
}

export class LiveFolders {
  readonly #ports: LiveFoldersPorts;
  readonly #entries = new Map<FolderId, Entry>();
  readonly #unwatch: () => void;
  #closed = false;

  constructor(ports: LiveFoldersPorts) {
    this.#ports = ports;
    this.#unwatch = ports.feed.watch((news) => news.forEach((one) => this.#hear(one)));
  }

  /** Folders in memory, used or not. */
  get size(): number {
    return this.#entries.size;
  }

  /** The folder as the store has it at some moment after this call. Undefined: there is none. */
  async open(id: FolderId): Promise<FolderLease | undefined> {
    const known = this.#entries.get(id);
    const entry = known ?? this.#load(id);
    entry.users++;
    entry.expiry?.cancel();
    try {
      const live = await entry.live;
      if (live !== undefined && known !== undefined) await this.#freshen(entry, live);
      if (live !== undefined && !live.gone) return this.#lease(id, entry, live);
    } catch (error) {
      this.#leave(id, entry);
      throw error;
    }
    this.#leave(id, entry);
    return undefined;
  }

  /** A session of this thread changed that folder: others that ask from now on are told, even if the store's own news come later. */
  heard(folder: FolderId, highestModseq: number): void {
    this.#hear({ folder, highestModseq, listChanged: false });
  }

  /** Forgets everything; sessions must have ended. */
  close(): void {
    this.#closed = true;
    this.#unwatch();
    for (const [id, entry] of this.#entries) this.#drop(id, entry);
  }

  #load(id: FolderId): Entry {
    const live = this.#ports.messages.snapshot(id).then((snapshot) => {
      if (snapshot === undefined) return undefined;
      entry.folder = new LiveFolder(this.#ports.messages, snapshot);
      if (entry.heard > entry.folder.modseq || entry.listChanged) this.#keepUp(entry, entry.heard, entry.listChanged);
      return entry.folder;
    });
    const entry: Entry = { live, folder: undefined, users: 0, heard: 0, listChanged: false, missed: false, expiry: undefined, retry: undefined };
    this.#entries.set(id, entry);
    return entry;
  }

  /** Asks the store, unless all that it has is known to be here. */
  async #freshen(entry: Entry, live: LiveFolder): Promise<void> {
    if (this.#ports.feed.upToDate && !entry.missed && live.settled) return;
    await live.refresh();
    // Not before: another who opens it meanwhile must not take the old rows for all there is.
    entry.missed = false;
  }

  #lease(id: FolderId, entry: Entry, live: LiveFolder): FolderLease {
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#leave(id, entry);
    };
    return { live, release };
  }

  #leave(id: FolderId, entry: Entry): void {
    entry.users--;
    if (entry.users > 0 || this.#entries.get(id) !== entry) return;
    if (entry.folder === undefined || entry.folder.gone || this.#closed) return this.#drop(id, entry);
    entry.expiry = this.#ports.clock.timer(LIVE_FOLDER_LIMITS.unusedKeptMs, () => this.#drop(id, entry));
    this.#dropOldestUnused();
  }

  #dropOldestUnused(): void {
    const unused = [...this.#entries].filter(([, entry]) => entry.users === 0);
    let messages = unused.reduce((sum, [, entry]) => sum + messagesOf(entry), 0);
    for (const [id, entry] of unused) {
      if (messages <= LIVE_FOLDER_LIMITS.unusedMessagesMax && this.#entries.size <= LIVE_FOLDER_LIMITS.unusedFoldersMax) return;
      messages -= messagesOf(entry);
      this.#drop(id, entry);
    }
  }

  #drop(id: FolderId, entry: Entry): void {
    entry.expiry?.cancel();
    entry.retry?.cancel();
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
  }

  #hear(news: Pick<FolderNews, 'folder' | 'highestModseq' | 'listChanged'>): void {
    const entry = this.#entries.get(news.folder);
    if (entry === undefined) return;
    // Nobody looks at it: who opens it next asks for all of it at once.
    if (entry.users === 0) {
      entry.missed = true;
      return;
    }
    entry.heard = Math.max(entry.heard, news.highestModseq);
    entry.listChanged ||= news.listChanged;
    if (entry.folder !== undefined) this.#keepUp(entry, news.highestModseq, news.listChanged);
  }

  #keepUp(entry: Entry, modseq: number, listChanged: boolean): void {
    const folder = entry.folder as LiveFolder;
    (listChanged ? folder.review() : folder.hear(modseq)).catch(() => {
      if (this.#closed) return;
      entry.retry?.cancel();
      entry.retry = this.#ports.clock.timer(LIVE_FOLDER_LIMITS.retryMs, () => this.#keepUp(entry, modseq, listChanged));
    });
  }
}

function messagesOf(entry: Entry): number {
  return entry.folder?.rows.count ?? 0;
}
