/**
 * What a growing sender wants to send: letters and notices all day long, and a mailing every morning that grows from day
 * to day until the full volume is reached. Pure; the same seed gives the same wishes.
 */
import type { Stream } from '../../contract/sending.ts';

export interface DemandOptions {
  /** Messages a day of the mailing in the end. */
  readonly volume: number;
  /** Messages of the first mailing. */
  readonly firstMailing: number;
  /** Factor from one day's mailing to the next. */
  readonly growth: number;
  /** Letters and notices a day. */
  readonly letters: number;
  readonly random: () => number;
}

export interface Wish {
  /** Milliseconds since the start of the day. */
  readonly atMs: number;
  readonly stream: Stream;
  readonly receiver: string;
}

const HOUR_MS = 3_600_000;
const MAILING_AT_MS = 9 * HOUR_MS;
/** The mailing program hands in about 50 a second. */
const MAILING_STEP_MS = 20;

/** Where people have their mailboxes. */
const SHARES: readonly (readonly [receiver: string, share: number])[] = [
  ['gmail', 0.5],
  ['outlook', 0.3],
  ['yahoo', 0.2],
];

/** The wishes of one day (from 0), in order of time. */
export function wishesOfDay(day: number, options: DemandOptions): readonly Wish[] {
  const { volume, firstMailing, growth, letters, random } = options;
  const wishes: Wish[] = Array.from({ length: letters }, () => ({ atMs: Math.floor(random() * 24 * HOUR_MS), stream: 'transactional', receiver: pick(random()) }));
  const mailing = Math.min(volume, Math.round(firstMailing * growth ** day));
  for (let number = 0; number < mailing; number++) wishes.push({ atMs: MAILING_AT_MS + number * MAILING_STEP_MS, stream: 'bulk', receiver: pick(random()) });
  return wishes.sort((one, other) => one.atMs - other.atMs);
}

function pick(random: number): string {
  let sum = 0;
  for (const [receiver, share] of SHARES) {
    sum += share;
    if (random < sum) return receiver;
  }
  return SHARES[0]?.[0] ?? '';
}
