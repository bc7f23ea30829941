/**
 * Counts connections under names: those of one thread, or those of all session threads together.
 *
 * Shared counts are numbers in shared memory, one row a thread, so that what a crashed thread counted can be forgotten.
 * A name is hashed to its place with a secret of this process; two clients that meet there share a limit while both are
 * here, which with PLACES places is rare and costs a client one temporary refusal.
 */
import { createHmac } from 'node:crypto';

export interface ConnectionTally {
  /** Counts one more; returns how many there are now, this one included. */
  enter(name: string): number;
  leave(name: string): void;
}

/** Everybody, whoever they are. */
export const ALL_CONNECTIONS = '';

const PLACES = 16_384;

export function createLocalTally(): ConnectionTally {
  const counts = new Map<string, number>();
  return {
    enter: (name) => {
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      return count;
    },
    leave: (name) => {
      const rest = (counts.get(name) ?? 1) - 1;
      if (rest === 0) counts.delete(name);
      else counts.set(name, rest);
    },
  };
}

/** For `threads` threads. */
export function createTallyMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * PLACES * Int32Array.BYTES_PER_ELEMENT);
}

export interface SharedTallyOptions {
  readonly memory: SharedArrayBuffer;
  /** Which of the threads this is, from 0. */
  readonly thread: number;
  /** The same for all threads of a process. */
  readonly secret: Uint8Array;
}

/** `group` keeps apart what is counted apart, e.g. services. */
export function createSharedTally({ memory, thread, secret }: SharedTallyOptions, group: string): ConnectionTally {
  const counts = new Int32Array(memory);
  const own = thread * PLACES;
  const placeOf = (name: string): number => createHmac('sha256', secret).update(`${group} ${name}`).digest().readUInt32LE(0) % PLACES;
  const all = placeOf(ALL_CONNECTIONS);
  const place = (name: string): number => (name === ALL_CONNECTIONS ? all : placeOf(name));
  return {
    enter: (name) => {
      const at = place(name);
      // Counted before it is judged: of two that come at the same moment none may overlook the other.
      Atomics.add(counts, own + at, 1);
      let sum = 0;
      for (let row = 0; row < counts.length; row += PLACES) sum += Atomics.load(counts, row + at);
      return sum;
    },
    leave: (name) => void Atomics.sub(counts, own + place(name), 1),
  };
}

/** The connections of a thread that is gone are gone. */
export function clearTally(memory: SharedArrayBuffer, thread: number): void {
  new Int32Array(memory, thread * PLACES * Int32Array.BYTES_PER_ELEMENT, PLACES).fill(0);
}
