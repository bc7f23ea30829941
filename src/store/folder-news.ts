/**
 * Which folders a transaction changed, gathered while it runs and told once it is on disk (contract/mailbox.ts,
 * FolderFeed). One entry for each folder and batch; nothing is gathered while nobody listens.
 */
import type { FolderNews } from '../contract/mailbox.ts';

export class NewsGatherer {
  #news = new Map<number, FolderNews>();
  /** Somebody wants to know. */
  wanted = false;

  add(news: FolderNews): void {
    const known = this.#news.get(news.folder);
    this.#news.set(news.folder, known?.listChanged ? { ...news, listChanged: true } : news);
  }

  /** What has gathered; afterwards nothing has. */
  take(): readonly FolderNews[] {
    if (this.#news.size === 0) return [];
    const taken = [...this.#news.values()];
    this.#news = new Map();
    return taken;
  }
}
