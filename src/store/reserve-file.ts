/**
 * Space on the disk that nobody else can take: a file of nothing, given up when the disk is full, so that what is queued
 * can still be settled. It comes back when there is room for it again.
 *
 * Policy: best effort. A file system that cannot hold it works without; a store must never fail because of its reserve.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, statSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { QUEUE_LIMITS, STORE_LIMITS } from '../base/limits.ts';

const BLOCK_BYTES = 1024 * 1024;

export class ReserveFile {
  readonly #path: string;
  readonly #bytes: number;

  /** `bytes` must stay below QUEUE_LIMITS.freeDiskBytesMin, or its release would open the doors to new mail. */
  constructor(dataDir: string, bytes: number = STORE_LIMITS.reserveBytes) {
    this.#path = join(dataDir, 'reserve');
    this.#bytes = bytes;
  }

  /** Gives the space to whoever asks first; new mail is kept out by its own, larger limit. */
  release(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // Whoever needs the space tries again.
    }
  }

  /** Takes the space back when that leaves enough for new mail. */
  restore(): void {
    try {
      if (statSync(this.#path, { throwIfNoEntry: false })?.size === this.#bytes) return;
      const { bavail, bsize } = statfsSync(join(this.#path, '..'));
      if (bavail * bsize < this.#bytes + 2 * QUEUE_LIMITS.freeDiskBytesMin) return;
      this.#write();
    } catch {
      this.release();
    }
  }

  /** Random bytes: a file system that compresses would keep no space for zeros. */
  #write(): void {
    const block = randomFillSync(Buffer.allocUnsafe(BLOCK_BYTES));
    const file = openSync(this.#path, 'w', 0o600);
    try {
      for (let at = 0; at < this.#bytes; at += block.length) writeSync(file, block, 0, Math.min(block.length, this.#bytes - at));
    } finally {
      closeSync(file);
    }
  }
}
