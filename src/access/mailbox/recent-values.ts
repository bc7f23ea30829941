/** Values by id, bounded by their size together: what was used longest ago goes first. */
export class RecentValues<T> {
  readonly #values = new Map<number, T>();
  readonly #sizeOf: (value: T) => number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number, sizeOf: (value: T) => number) {
    this.#bytesMax = bytesMax;
    this.#sizeOf = sizeOf;
  }

  get(id: number): T | undefined {
    const value = this.#values.get(id);
    if (value === undefined) return undefined;
    this.#values.delete(id);
    this.#values.set(id, value);
    return value;
  }

  set(id: number, value: T): void {
    if (this.#values.has(id)) return;
    const size = this.#sizeOf(value);
    if (size > this.#bytesMax / 100) return;
    this.#values.set(id, value);
    this.#bytes += size;
    for (const [oldest, old] of this.#values) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#values.delete(oldest);
      this.#bytes -= this.#sizeOf(old);
    }
  }

  /** Those of the ids that are here, and the others. */
  split(mailIds: ArrayLike<number>): { readonly known: Map<number, T>; readonly missing: number[] } {
    const known = new Map<number, T>();
    const missing: number[] = [];
    for (let at = 0; at < mailIds.length; at += 1) {
      const id = mailIds[at] as number;
      const value = this.get(id);
      if (value === undefined) missing.push(id);
      else known.set(id, value);
    }
    return { known, missing };
  }
}
