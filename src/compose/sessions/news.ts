/**
 * What a session thread tells the main thread about its work, a few milliseconds of it in one message: log lines, and
 * messages that are committed, with their contents, so that the delivery need not read them back.
 */
import type { Counters } from '../../base/counters.ts';
import { SESSION_THREAD_LIMITS } from '../../base/limits.ts';
import type { NewQueueItem, QueueItem } from '../../contract/queue.ts';
import type { News } from './session-protocol.ts';

export class NewsDesk {
  readonly #post: (news: News, transfer: ArrayBuffer[]) => void;
  readonly #counters: Counters;
  #lines = '';
  #items: NewQueueItem[] = [];
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  constructor(post: (news: News, transfer: ArrayBuffer[]) => void, counters: Counters) {
    this.#post = post;
    this.#counters = counters;
  }

  /** Something was counted, which may wait a moment for more. */
  countsChanged(): void {
    this.#later ??= setTimeout(() => this.flush(), SESSION_THREAD_LIMITS.logWaitMs).unref();
  }

  /** Whole lines; they may wait a moment for others. */
  readonly log = (lines: string): void => {
    this.#lines += lines;
    if (this.#lines.length > SESSION_THREAD_LIMITS.logCharsMax) this.flush();
    else this.#later ??= setTimeout(() => this.flush(), SESSION_THREAD_LIMITS.logWaitMs).unref();
  };

  /** Committed with its notices. */
  announce(item: NewQueueItem): void {
    this.#items.push(item, ...(item.followUps ?? []));
    this.#soon ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#soon = this.#later = undefined;
    const log = this.#lines;
    const items = this.#items;
    this.#lines = '';
    this.#items = [];
    const counted = this.#counters.take();
    const counts = counted.length > 0 ? { counts: JSON.stringify(counted) } : {};
    if (items.length === 0) {
      if (log !== '' || counted.length > 0) this.#post({ kind: 'news', log, ...counts }, []);
      return;
    }
    const { contents, lengths } = gather(items);
    const rows = JSON.stringify(items.map(({ message, recipients }): QueueItem => ({ message, recipients })));
    this.#post({ kind: 'news', log, items: rows, contents, lengths, ...counts }, [contents.buffer]);
  }
}

function gather(items: readonly NewQueueItem[]): { contents: Uint8Array<ArrayBuffer>; lengths: number[] } {
  const lengths = items.map(({ content: { inMemory } }) => (inMemory && inMemory.length <= SESSION_THREAD_LIMITS.contentBytesMax ? inMemory.length : -1));
  const contents = new Uint8Array(lengths.reduce((sum, length) => sum + Math.max(0, length), 0));
  let at = 0;
  for (const [index, { content }] of items.entries()) {
    if ((lengths[index] as number) < 0) continue;
    contents.set(content.inMemory as Buffer, at);
    at += lengths[index] as number;
  }
  return { contents, lengths };
}

/** In the main thread: the items of news, each with its content when that came along. */
export function unpackItems({ items, contents, lengths = [] }: News): { readonly item: QueueItem; readonly content?: Buffer }[] {
  if (items === undefined || contents === undefined) return [];
  let at = 0;
  return (JSON.parse(items) as QueueItem[]).map((item, index) => {
    const length = lengths[index] ?? -1;
    if (length < 0) return { item };
    const content = Buffer.from(contents.buffer, contents.byteOffset + at, length);
    at += length;
    return { item, content };
  });
}
