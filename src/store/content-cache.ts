/** The contents that were stored or read last, so that a fresh message is delivered without reading it back. */
export class ContentCache {
  readonly #limitBytes: number;
  /** In order of use, the longest unused first. */
  readonly #contents = new Map<string, Buffer>();
  #sizeBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get(digest: string): Buffer | undefined {
    const bytes = this.#contents.get(digest);
    if (!bytes) return undefined;
    this.#contents.delete(digest);
    this.#contents.set(digest, bytes);
    return bytes;
  }

  /** `bytes` must not change any more. One content never takes more than an eighth of the cache. */
  put(digest: string, bytes: Buffer): void {
    if (bytes.length > this.#limitBytes / 8 || this.#contents.has(digest)) return;
    this.#contents.set(digest, bytes);
    this.#sizeBytes += bytes.length;
    for (const oldest of this.#contents.keys()) {
      if (this.#sizeBytes <= this.#limitBytes) return;
      this.drop(oldest);
    }
  }

  drop(digest: string): void {
    const bytes = this.#contents.get(digest);
    if (!bytes) return;
    this.#contents.delete(digest);
    this.#sizeBytes -= bytes.length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }
}
