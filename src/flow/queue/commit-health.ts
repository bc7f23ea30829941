/**
 * Whether the store takes what came of deliveries. While it does not, nothing new is delivered: what cannot be written
 * down would be delivered again, after a crash or when its outcome is given up. Outcomes that wait are tried again all
 * the time, and the first that is committed opens the way.
 */
export class CommitHealth {
  #commits = 0;
  /** At the last failure. */
  #commitsThen = 0;
  #refused = 0;
  readonly #opened: () => void;

  /** `opened`: called when deliveries may go on though nothing was committed. */
  constructor(opened: () => void) {
    this.#opened = opened;
  }

  get works(): boolean {
    return this.#refused === 0 || this.#commits > this.#commitsThen;
  }

  /** So far. */
  get commits(): number {
    return this.#commits;
  }

  committed(): void {
    this.#commits += 1;
  }

  /** An outcome waits because the store refused it. The result is to be called when it waits no more, or nobody shall wait with it. */
  refused(): () => void {
    this.#refused += 1;
    this.failed();
    let counts = true;
    return () => {
      if (!counts) return;
      counts = false;
      this.#refused -= 1;
      if (this.#refused === 0) this.#opened();
    };
  }

  /** The store refused one again. */
  failed(): void {
    this.#commitsThen = this.#commits;
  }
}
