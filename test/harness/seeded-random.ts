/** Random numbers for fuzzing that can be had again: print the seed, set FUZZ_SEED to it. */
export interface SeededRandom {
  readonly seed: number;
  /** An integer from 0 to below `limit`. */
  below(limit: number): number;
  pick<T>(choices: readonly T[]): T;
}

export function createSeededRandom(seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000)): SeededRandom {
  let state = seed | 0;
  const below = (limit: number): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  return { seed, below, pick: (choices) => choices[below(choices.length)] as never };
}
