/**
 * Queue ids: 9 characters of time (ms, base 36), 1 of the thread that made it, 2 of a counter, 4 random: sortable by time of
 * creation, unique over threads and restarts, and short enough to read out on the telephone.
 */
import { randomFillSync } from 'node:crypto';
import { threadId } from 'node:worker_threads';

const TIME_CHARS = 9;
const LANES = 36;
const LANE = laneOfThread(threadId);
const COUNTER_SIZE = 36 ** 2;
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
  return pad(lastMs, TIME_CHARS) + LANE + pad(counter, 2) + pad(randomNumber() % RANDOM_SIZE, 4);
}

/** The character that tells the ids of one thread (worker_threads.threadId) from those of the others that run with it. */
export function laneOfThread(thread: number): string {
  return (thread % LANES).toString(36);
}

export function laneOf(id: string): string {
  return id.charAt(TIME_CHARS);
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
