/**
 * Keeps a reserve on the disk: new mail is refused while there is still room to settle and to log what is queued.
 */
import { statfs } from 'node:fs/promises';
import { Failure } from '../base/errors.ts';
import { QUEUE_LIMITS, STORE_LIMITS } from '../base/limits.ts';

/** Bytes that an ordinary user may still write below `path`. */
export type FreeSpace = (path: string) => Promise<number>;

const freeSpaceOf: FreeSpace = async (path) => {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
};

export class SpaceReserve {
  readonly #path: string;
  readonly #measure: FreeSpace;
  #freeBytes = Number.POSITIVE_INFINITY;
  #measuredAtMs = Number.NEGATIVE_INFINITY;
  #measuring: Promise<void> | undefined;

  constructor(path: string, measure: FreeSpace = freeSpaceOf) {
    this.#path = path;
    this.#measure = measure;
  }

  /** Undefined when the last answer is fresh (the usual case); throws Failure `store-full` below the reserve. */
  check(neededBytes: number): Promise<void> | undefined {
    if (performance.now() - this.#measuredAtMs < STORE_LIMITS.freeSpaceTtlMs) {
      this.#refuse(neededBytes);
      return undefined;
    }
    this.#measuring ??= this.#refresh().finally(() => (this.#measuring = undefined));
    return this.#measuring.then(() => this.#refuse(neededBytes));
  }

  /** The last answer, for callers that cannot wait; a stale one is measured again for the next time. */
  hasSpace(): boolean {
    if (performance.now() - this.#measuredAtMs >= STORE_LIMITS.freeSpaceTtlMs) {
      this.#measuring ??= this.#refresh().finally(() => (this.#measuring = undefined));
    }
    return this.#freeBytes >= QUEUE_LIMITS.freeDiskBytesMin;
  }

  /** A write has just failed for lack of space: believed for as long as a measurement. */
  noteFull(): void {
    this.#freeBytes = 0;
    this.#measuredAtMs = performance.now();
  }

  async #refresh(): Promise<void> {
    try {
      this.#freeBytes = await this.#measure(this.#path);
    } catch {
      // Unknown is not full: the write itself will say.
      this.#freeBytes = Number.POSITIVE_INFINITY;
    }
    this.#measuredAtMs = performance.now();
  }

  #refuse(neededBytes: number): void {
    if (this.#freeBytes - neededBytes >= QUEUE_LIMITS.freeDiskBytesMin) return;
    throw new Failure('store-full', 'there is too little space left on the disk of the data directory');
  }
}
