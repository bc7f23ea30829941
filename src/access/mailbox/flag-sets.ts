/**
 * The distinct sets of flags of one folder. Rows name theirs by number, so that twenty thousand messages with the same
 * three flags share one array, and a search decides once per set instead of once per message.
 *
 * Numbers are never taken back while the folder is live; keywords stay listed once they were seen, because a client that
 * was told a keyword may go on using it.
 */
const SYSTEM_FLAG = '\\';

export class FlagSets {
  readonly #sets: (readonly string[])[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #keywords: string[] = [];
  readonly #keywordsSeen = new Set<string>();

  /** In order of their numbers. */
  get sets(): readonly (readonly string[])[] {
    return this.#sets;
  }

  /** Keywords in the order in which they were first seen; only grows. */
  get keywords(): readonly string[] {
    return this.#keywords;
  }

  /** Flags may come in any order. */
  numberOf(flags: readonly string[]): number {
    const sorted = [...flags].sort();
    const key = sorted.join(' ');
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#sets.push(sorted) - 1;
    this.#numbers.set(key, number);
    for (const flag of sorted) this.#note(flag);
    return number;
  }

  flags(number: number): readonly string[] {
    const flags = this.#sets[number];
    if (flags === undefined) throw new Error(`no flag set ${number}`);
    return flags;
  }

  #note(flag: string): void {
    const folded = flag.toLowerCase();
    if (flag.startsWith(SYSTEM_FLAG) || this.#keywordsSeen.has(folded)) return;
    this.#keywordsSeen.add(folded);
    this.#keywords.push(flag);
  }
}
