/** Which names the patterns of a LIST mean. Hostile patterns over many names take a while: others get their turn in between. */
import { setImmediate as turn } from 'node:timers/promises';
import { matchesPattern } from '../../../wire/imap/mailbox-pattern.ts';
import type { NameEntry } from './name-tree.ts';

/** The event loop is not held for longer. */
const SLICE_MS = 10;

export class NameMatcher {
  readonly #patterns: readonly string[];
  readonly #known = new Map<string, boolean>();

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns;
  }

  /** Finds out about all of them. Rejects with the reason of `signal`. */
  async look(entries: readonly NameEntry[], signal: AbortSignal): Promise<void> {
    let sliceEndMs = performance.now() + SLICE_MS;
    for (const entry of entries) {
      this.matches(entry);
      if (performance.now() < sliceEndMs) continue;
      await turn();
      signal.throwIfAborted();
      sliceEndMs = performance.now() + SLICE_MS;
    }
  }

  /** At once, for names that were looked at. */
  matches({ name }: NameEntry): boolean {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const found = this.#patterns.some((pattern) => matchesPattern(pattern, name));
    this.#known.set(name, found);
    return found;
  }
}
