/** Where the time of a delivery went, in words. */
import type { Delays } from './delivery-line.ts';

/** Below this many seconds nobody asks. */
const WORTH_A_WORD_SECONDS = 5;

interface Part {
  readonly key: keyof Delays;
  readonly first: string;
  /** When it was tried before. */
  readonly again?: string;
  readonly nextStep: string;
}

const PARTS: readonly [Part, ...Part[]] = [
  { key: 'beforeQueue', first: 'before the queue manager took it up: a slow client, or a filter or milter that held it', again: 'waiting in the deferred queue since the attempts before (minimal_backoff_time and maximal_backoff_time say how long)', nextStep: 'Look at the filter or milter that the message goes through, and at the client that sent it.' },
  { key: 'inQueue', first: 'in the active queue, waiting for a free delivery agent: too much at once for this destination (default_destination_concurrency_limit) or for this machine (default_process_limit)', nextStep: 'Look at `qshape active`; raise default_destination_concurrency_limit or default_process_limit when the machine and the receiver can bear it, and give slow destinations a transport of their own.' },
  { key: 'connection', first: 'looking up the name, connecting, greeting and TLS: slow DNS here, or a slow or distant server (a tarpit delays its greeting on purpose)', nextStep: 'Try `dig MX DOMAIN` and a connection by hand; a resolver on this machine helps against slow DNS.' },
  { key: 'transmission', first: 'handing it over, once connected: a large message on a slow line, or a receiver that thinks long before it answers', nextStep: 'Compare with other receivers; if only this one is slow, nothing can be done here.' },
];

/** One sentence; undefined when it was quick or nothing is known. `attempts` counts those before this one, too. */
export function whereTimeWent({ delay, delays, attempts }: { readonly delay: number; readonly delays: Delays | undefined; readonly attempts: number }): string | undefined {
  if (delay < WORTH_A_WORD_SECONDS || !delays) return undefined;
  const [most] = PARTS.toSorted((a, b) => delays[b.key] - delays[a.key]);
  if (!most) return undefined;
  const words = attempts > 1 && most.again !== undefined ? most.again : most.first;
  return `Of ${duration(delay)}, ${duration(delays[most.key])} went by ${words}.`;
}

/** A delivery that succeeded at once, but took longer than people expect of mail, in seconds. */
export const SLOW_SECONDS = 60;

/** What most of the time of a delivery was spent on, as something to count. */
export function slowCause(delays: Delays): { readonly id: string; readonly meaning: string; readonly nextStep: string } {
  const [most] = PARTS.toSorted((a, b) => delays[b.key] - delays[a.key]);
  const part = most ?? PARTS[0];
  return { id: `slow.${part.key}`, meaning: `Delivered at the first attempt, but slowly: most of the time went by ${part.first}.`, nextStep: part.nextStep };
}

/** `4.2 s`, `12 min`, `3.1 h`, `2 days`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Number((seconds / 3600).toPrecision(2))} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
