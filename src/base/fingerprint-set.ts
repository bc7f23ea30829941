/**
 * A set of texts that remembers only 32 bits of each: says surely that a text is not in it, and nearly surely that it is.
 * Eight bytes a member, so that a million addresses cost eight megabytes. Nothing can be taken out.
 */
const SMALLEST = 1024;
const EMPTY = 0;

export class FingerprintSet {
  #slots = new Uint32Array(SMALLEST);
  #size = 0;

  /** Members; texts of the same fingerprint count once. */
  get size(): number {
    return this.#size;
  }

  add(text: string): void {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow();
    if (place(this.#slots, fingerprint(text))) this.#size += 1;
  }

  /** False: surely not. True: look it up where it is written. */
  mayHave(text: string): boolean {
    const print = fingerprint(text);
    return this.#slots[find(this.#slots, print)] === print;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#slots.length * 2);
    for (const print of this.#slots) if (print !== EMPTY) place(larger, print);
    this.#slots = larger;
  }
}

/** True when it was not there. */
function place(slots: Uint32Array, print: number): boolean {
  const at = find(slots, print);
  if (slots[at] === print) return false;
  slots[at] = print;
  return true;
}

/** The slot of the fingerprint, or the empty one where it belongs. At least half of the slots are empty. */
function find(slots: Uint32Array, print: number): number {
  const mask = slots.length - 1;
  let at = (print ^ (print >>> 15)) & mask;
  while (slots[at] !== EMPTY && slots[at] !== print) at = (at + 1) & mask;
  return at;
}

/** FNV-1a over UTF-16 code units, mixed so that all bits depend on all; never EMPTY. */
function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0 || 1;
}
