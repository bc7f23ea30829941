/**
 * All names that LIST can tell of one user: folders that are there, names above them that are not, subscribed names of neither.
 * Built anew for each command from the folders' list and the subscriptions.
 */
import type { NamedFolder } from '../../mailbox/namespace.ts';

export interface NameEntry {
  readonly name: string;
  /** Absent: there is no folder of that name (\NonExistent). */
  folder: NamedFolder | undefined;
  hasChildren: boolean;
  subscribed: boolean;
  /** Some name below it meets all that the command selects. */
  selectedBelow: boolean;
}

export class NameTree {
  readonly #entries = new Map<string, NameEntry>();

  constructor(folders: readonly NamedFolder[], subscriptions: readonly string[]) {
    for (const folder of folders) {
      this.#entry(folder.name).folder = folder;
      for (const parent of parents(folder.name)) this.#entry(parent).hasChildren = true;
    }
    for (const name of subscriptions) this.#entry(name).subscribed = true;
  }

  /** Marks the names above those that `selects` takes, and adds them when they are not there. */
  markAbove(selects: (entry: NameEntry) => boolean): void {
    for (const entry of this.#entries.values()) {
      if (!selects(entry)) continue;
      for (const parent of parents(entry.name)) this.#entry(parent).selectedBelow = true;
    }
  }

  /** INBOX first, then by name. */
  entries(): readonly NameEntry[] {
    return [...this.#entries.values()].sort((a, b) => Number(b.name === 'INBOX') - Number(a.name === 'INBOX') || (a.name < b.name ? -1 : 1));
  }

  #entry(name: string): NameEntry {
    let entry = this.#entries.get(name);
    if (!entry) {
      entry = { name, folder: undefined, hasChildren: false, subscribed: false, selectedBelow: false };
      this.#entries.set(name, entry);
    }
    return entry;
  }
}

/** `a/b/c` → `a/b`, `a`. */
function* parents(name: string): Generator<string> {
  for (let cut = name.lastIndexOf('/'); cut > 0; cut = name.lastIndexOf('/', cut - 1)) yield name.slice(0, cut);
}
