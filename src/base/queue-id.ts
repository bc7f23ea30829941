/**
 * Queue ids: 9 characters of time (ms, base 36), 3 of a counter, 4 random: sortable by time of creation, unique over
 * restarts, and short enough to read out on the telephone.
 */
import { randomFillSync } from 'node:crypto';

const COUNTER_SIZE = 36 ** 3;
const RANDOM_SIZE = 36 ** 4;
/** Random numbers are drawn in bulk: one call for each id was 3 % of a relayed message's processor time. */
const POOL_NUMBERS = 1024;
const pool = new Uint32Array(POOL_NUMBERS);
let poolUsed = POOL_NUMBERS;

let lastMs = 0;
let counter = 0;

/** `nowMs` is milliseconds since 1970; a clock that went back does not break the order within one process. */
export function createQueueId(nowMs: number): string {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = 0;
  } else if (++counter === COUNTER_SIZE) {
    lastMs += 1;
    counter = 0;
  }
  return pad(lastMs, 9) + pad(counter, 3) + pad(randomNumber() % RANDOM_SIZE, 4);
}

function pad(value: number, width: number): string {
  return value.toString(36).padStart(width, '0');
}

function randomNumber(): number {
  if (poolUsed === POOL_NUMBERS) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  return pool[poolUsed++] as number;
}
