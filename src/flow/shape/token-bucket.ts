/**
 * So many a minute, with a burst: the classic bucket of tokens. Times are handed in, milliseconds of one clock; a clock
 * that goes back fills nothing.
 */
export class TokenBucket {
  #perMinute: number;
  #burst: number;
  #tokens: number;
  #at: number;

  /** Starts full. `burst` is at least 1. */
  constructor(perMinute: number, burst: number, now: number) {
    this.#perMinute = perMinute;
    this.#burst = Math.max(1, burst);
    this.#tokens = this.#burst;
    this.#at = now;
  }

  get perMinute(): number {
    return this.#perMinute;
  }

  level(now: number): number {
    const elapsedMs = Math.max(0, now - this.#at);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs * this.#perMinute) / 60_000);
    this.#at = now;
    return this.#tokens;
  }

  /** May go below zero: what was taken all the same is waited for. */
  take(now: number): void {
    this.#tokens = this.level(now) - 1;
  }

  giveBack(now: number): void {
    this.#tokens = Math.min(this.#burst, this.level(now) + 1);
  }

  /** When `tokens` will be there; `now` when they are. */
  readyAt(now: number, tokens = 1): number {
    const missing = tokens - this.level(now);
    // The sum of many small fillings misses the whole token by a hair.
    return missing <= 1e-9 ? now : now + Math.max(1, Math.ceil((missing * 60_000) / this.#perMinute));
  }

  /** Keeps what is in it, up to the new burst. */
  retune(perMinute: number, burst: number, now: number): void {
    this.level(now);
    this.#perMinute = perMinute;
    this.#burst = Math.max(1, burst);
    this.#tokens = Math.min(this.#tokens, this.#burst);
  }
}
