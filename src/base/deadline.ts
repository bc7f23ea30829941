/** Every wait has a deadline: bounds a promise in time and names what was waited for. */
import type { Clock } from './clock.ts';
import { Failure } from './errors.ts';

/** Rejects with a temporary `timeout` Failure when `work` takes longer than `limitMs`; `work` itself is not stopped. */
export function withDeadline<T>(clock: Clock, limitMs: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.timer(limitMs, () => {
      reject(new Failure('timeout', `${what} took longer than ${limitMs / 1000} s`));
    });
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
