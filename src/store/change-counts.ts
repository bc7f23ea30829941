/**
 * How often the directory and the keys were changed, in memory that all threads share: whoever holds a copy in memory
 * compares the number, so that a change made by one thread is seen by the next question in every other. `folders` is counted by
 * the storage thread itself, which numbers its news of folders so.
 */
const NOUNS = ['directory', 'keys', 'srs', 'suppressions', 'routes', 'scripts', 'mailQuotas', 'folders'] as const;

/** Grows with every change. */
export interface ChangeCount {
  readonly value: number;
  increase(): void;
}

export type ChangeCounts = Readonly<Record<(typeof NOUNS)[number], ChangeCount>>;

export function createChangeMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(NOUNS.length * Int32Array.BYTES_PER_ELEMENT);
}

export function createChangeCounts(memory: SharedArrayBuffer): ChangeCounts {
  const counts = new Int32Array(memory);
  const countAt = (at: number): ChangeCount => ({
    get value() {
      return Atomics.load(counts, at);
    },
    increase: () => void Atomics.add(counts, at, 1),
  });
  return { directory: countAt(0), keys: countAt(1), srs: countAt(2), suppressions: countAt(3), routes: countAt(4), scripts: countAt(5), mailQuotas: countAt(6), folders: countAt(7) };
}
