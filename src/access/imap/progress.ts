/**
 * Signs of life of a long command (RFC 9585), so that neither the client nor a router in between gives the connection up: from a timer while nothing
 * was written, and where the command itself says how far it is.
 */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { ResponseBatch } from '../../wire/imap/response-batch.ts';

export interface ProgressPorts {
  readonly clock: Clock;
  readonly out: ResponseBatch;
  /** Hands what is in `out` to the client, without waiting. */
  send(): void;
}

export class Progress {
  readonly #tag: string;
  readonly #ports: ProgressPorts;
  #timer: Timer;
  #dueAt: number;
  #done: number | undefined;
  #total: number | undefined;

  constructor(tag: string, ports: ProgressPorts) {
    this.#tag = tag;
    this.#ports = ports;
    this.#dueAt = ports.clock.monotonic() + IMAP_LIMITS.progressEveryMs;
    this.#timer = this.#arm();
  }

  /** How far the command is; to be called between lines. */
  reached(done: number | undefined, total: number | undefined): void {
    this.#done = done;
    this.#total = total;
    if (this.#ports.clock.monotonic() >= this.#dueAt) this.#tell();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #arm(): Timer {
    return this.#ports.clock.timer(IMAP_LIMITS.progressEveryMs, () => {
      // In the middle of a line there is no place for another; the command's own report comes at the next one.
      if (this.#ports.out.isBetweenLines) this.#tell();
      this.#timer = this.#arm();
    });
  }

  #tell(): void {
    const { clock, out } = this.#ports;
    this.#dueAt = clock.monotonic() + IMAP_LIMITS.progressEveryMs;
    out.text('* OK [INPROGRESS (').string(this.#tag).line(` ${this.#done ?? 'NIL'} ${this.#total ?? 'NIL'})] still working`);
    this.#ports.send();
  }
}
