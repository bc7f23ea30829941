/**
 * Takes up into the index what was delivered, in batches behind the deliveries, and removes what is gone.
 *
 * Policy: the queue goes first. While mail keeps coming in, the index works a small share of the time; when it is quiet
 * it catches up. What it has not taken up yet is read when somebody searches, so nothing depends on its being quick.
 * Where it stands is in the same transaction as the texts, so that a crash loses only work.
 */
import { SEARCH_LIMITS } from '../../base/access-limits.ts';
import type { SearchableText } from '../../mail/searchable-text.ts';
import type { IndexDatabase } from './index-database.ts';
import type { MailSource } from './mail-source.ts';

export interface IndexerOptions {
  readonly index: IndexDatabase;
  readonly mails: MailSource;
  /** Of something that failed and will be tried again. */
  readonly report: (problem: string) => void;
}

export class Indexer {
  readonly #options: IndexerOptions;
  #timer: NodeJS.Timeout | undefined;
  #wokenAtMs = Number.NEGATIVE_INFINITY;
  #hastenedUntilMs = Number.NEGATIVE_INFINITY;
  #sweptAtMs = Number.NEGATIVE_INFINITY;
  /** Where the sweep under way goes on; undefined: none is. */
  #sweepFrom: number | undefined;
  #closed = false;

  constructor(options: IndexerOptions) {
    this.#options = options;
  }

  /** There may be new mail. */
  wake(): void {
    this.#wokenAtMs = performance.now();
    if (!this.#timer) this.#rest(0);
  }

  /** Somebody searches: what is behind is taken up now, so that the next search need not read it. */
  hasten(): void {
    this.#hastenedUntilMs = performance.now() + SEARCH_LIMITS.hastenedMs;
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#rest(0);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #rest(delayMs: number): void {
    if (this.#closed) return;
    // Real time on purpose: it is the processor that is shared, and a lab clock that stands still must not stop it.
    this.#timer = setTimeout(() => this.#turn(), delayMs);
  }

  #turn(): void {
    this.#timer = undefined;
    const startedMs = performance.now();
    let more = false;
    try {
      more = this.takeUp() || this.#sweep(startedMs);
    } catch (error) {
      this.#options.report(error instanceof Error ? error.message : String(error));
      return this.#rest(SEARCH_LIMITS.restMaxMs * 10);
    }
    if (!more) return;
    const now = performance.now();
    if (now < this.#hastenedUntilMs) return this.#rest(0);
    const busy = now - this.#wokenAtMs < SEARCH_LIMITS.busyMs;
    this.#rest(Math.min(SEARCH_LIMITS.restMaxMs, (now - startedMs) * (busy ? SEARCH_LIMITS.restWhenBusy : SEARCH_LIMITS.restWhenQuiet)));
  }

  /** One batch. False: nothing is left. */
  takeUp(): boolean {
    const { index, mails, report } = this.#options;
    const ids = mails.idsAfter(index.lastMailId, SEARCH_LIMITS.batchMessages);
    if (ids.length === 0) return false;
    const startedMs = performance.now();
    const texts: { mailId: number; text: SearchableText }[] = [];
    let last = 0;
    for (const mailId of ids) {
      try {
        const text = mails.text(mailId, SEARCH_LIMITS.indexedCharsMax);
        if (text) texts.push({ mailId, text });
      } catch (error) {
        // A body that cannot be read now is tried again with every search that concerns it.
        report(`mail ${mailId}: ${error instanceof Error ? error.message : String(error)}`);
        texts.push({ mailId, text: { header: '', mime: '', body: '', cut: true } });
      }
      last = mailId;
      if (performance.now() - startedMs > SEARCH_LIMITS.batchMs / 2) break;
    }
    index.add(texts, last);
    return true;
  }

  /** A piece of the look for texts whose mail is gone. False: not the time for it. */
  #sweep(nowMs: number): boolean {
    if (this.#sweepFrom === undefined) {
      if (nowMs - this.#sweptAtMs < SEARCH_LIMITS.sweepEveryMs) return false;
      this.#sweptAtMs = nowMs;
      this.#sweepFrom = 0;
    }
    this.#sweepFrom = this.sweepPiece(this.#sweepFrom);
    return this.#sweepFrom !== undefined;
  }

  /** Where to go on, undefined at the end. */
  sweepPiece(from: number): number | undefined {
    const { index, mails } = this.#options;
    const known = index.idsAfter(from, SEARCH_LIMITS.sweepMessages);
    const last = known.at(-1);
    if (last === undefined) return undefined;
    const there = new Set(mails.idsAfter(from, SEARCH_LIMITS.sweepMessages).filter((id) => id <= last));
    // The store may have more between than were asked for; those are looked at one by one.
    index.remove(known.filter((id) => !there.has(id) && mails.idsAfter(id - 1, 1)[0] !== id));
    return last;
  }
}
