/**
 * Mail that comes in goes before mail that goes out: when there is too little processor time for both, deliveries lag
 * behind and catch up afterwards (docs/decisions/0136-precedence-of-arrivals.md; what the queue does, 0310).
 */
import { cpus, getPriority, setPriority } from 'node:os';
import { SESSION_THREAD_LIMITS } from '../../base/limits.ts';
import type { ProcessorTimes } from '../../flow/queue/rush.ts';

/**
 * To be called in the main thread once the other threads run. On Linux a nice value is that of one thread; threads that are
 * made later inherit it. Elsewhere it is that of the process and nothing is done, nor when the system refuses it.
 */
export function letSessionsGoFirst(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, Math.max(getPriority(0), SESSION_THREAD_LIMITS.mainThreadNice));
  } catch {
    // A matter of speed only.
  }
}

/** Of the whole machine. */
export function processorTimes(): ProcessorTimes {
  let idle = 0;
  let all = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { idle, all };
}
