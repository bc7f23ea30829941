/**
 * To whom an account has written before: a Bloom filter of two generations, so that it keeps its size however many there
 * are. It may take a stranger for known (a few in a hundred when full), never the other way round until the generation
 * after the next. Pure.
 */
import { createHash } from 'node:crypto';
import { BRAKE_LIMITS } from '../../base/limits.ts';

export interface KnownRecipientsState {
  readonly recent: Uint8Array;
  readonly recentCount: number;
  readonly older: Uint8Array;
}

const BYTES = BRAKE_LIMITS.filterBits / 8;

export class KnownRecipients {
  #recent: Uint8Array;
  #recentCount: number;
  #older: Uint8Array;

  constructor(state?: KnownRecipientsState) {
    this.#recent = copyOf(state?.recent);
    this.#recentCount = state?.recentCount ?? 0;
    this.#older = copyOf(state?.older);
  }

  /** True when the address was a stranger; it is none any more. */
  add(address: string): boolean {
    const bits = bitsOf(address);
    if (bits.every((bit) => isSet(this.#recent, bit))) return false;
    const stranger = !bits.every((bit) => isSet(this.#older, bit));
    if (this.#recentCount >= BRAKE_LIMITS.filterRecipientsMax) this.#startGeneration();
    for (const bit of bits) this.#recent[bit >> 3] = (this.#recent[bit >> 3] as number) | (1 << (bit & 7));
    this.#recentCount += 1;
    return stranger;
  }

  /** Shares nothing with this object. */
  get state(): KnownRecipientsState {
    return { recent: this.#recent.slice(), recentCount: this.#recentCount, older: this.#older.slice() };
  }

  #startGeneration(): void {
    this.#older = this.#recent;
    this.#recent = new Uint8Array(BYTES);
    this.#recentCount = 0;
  }
}

function copyOf(bytes: Uint8Array | undefined): Uint8Array {
  const copy = new Uint8Array(BYTES);
  if (bytes) copy.set(bytes.subarray(0, BYTES));
  return copy;
}

function bitsOf(address: string): number[] {
  const digest = createHash('sha256').update(address.toLowerCase()).digest();
  return Array.from({ length: BRAKE_LIMITS.filterHashes }, (_, at) => digest.readUInt32BE(at * 4) % BRAKE_LIMITS.filterBits);
}

function isSet(bytes: Uint8Array, bit: number): boolean {
  return ((bytes[bit >> 3] as number) & (1 << (bit & 7))) !== 0;
}
