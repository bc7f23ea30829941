/** Inputs for fuzzing parsers, on top of seeded-random.ts: names the seed of each run, so that it can be had again. */
import { createSeededRandom } from './seeded-random.ts';

export interface SeededInput {
  /** For assertion messages. */
  readonly note: string;
  /** An integer from 0 to below `limit`. */
  below(limit: number): number;
  pick<T>(choices: readonly T[]): T;
  /** Up to `lengthMax` bytes, nine of ten from the alphabet, the others any. */
  bytes(alphabet: string, lengthMax: number): Buffer;
  /** Up to `countMax` of the pieces, joined. */
  pieces(list: readonly string[], countMax: number): string;
}

/** Prints the seed under the name of what is fuzzed. */
export function seeded(name: string): SeededInput {
  const { seed, below, pick } = createSeededRandom();
  console.log(`seed of ${name}: FUZZ_SEED=${seed}`);
  return {
    note: `FUZZ_SEED=${seed}`,
    below,
    pick,
    bytes: (alphabet, lengthMax) => {
      const letters = Buffer.from(alphabet);
      return Buffer.from(Array.from({ length: below(lengthMax + 1) }, () => (below(10) > 0 ? (letters[below(letters.length)] as number) : below(256))));
    },
    pieces: (list, countMax) => Array.from({ length: below(countMax + 1) }, () => pick(list)).join(''),
  };
}
