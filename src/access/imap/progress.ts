/** Signs of life of a long command (RFC 9585), so that neither the client nor a router in between gives the connection up. */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import type { Clock } from '../../base/clock.ts';
import type { ResponseBatch } from '../../wire/imap/response-batch.ts';

export class Progress {
  readonly #tag: string;
  readonly #clock: Clock;
  #nextAt: number;

  constructor(tag: string, clock: Clock) {
    this.#tag = tag;
    this.#clock = clock;
    this.#nextAt = clock.monotonic() + IMAP_LIMITS.progressEveryMs;
  }

  /** Writes a line when the last one, or the start, is long enough ago. */
  tell(out: ResponseBatch, done: number | undefined, total: number | undefined): void {
    const now = this.#clock.monotonic();
    if (now < this.#nextAt) return;
    this.#nextAt = now + IMAP_LIMITS.progressEveryMs;
    out.text('* OK [INPROGRESS (').string(this.#tag).text(` ${done ?? 'NIL'} ${total ?? 'NIL'})] still working\r\n`);
  }
}
