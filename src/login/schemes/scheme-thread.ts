/** A thread that checks the password hashes which would keep the main thread busy for a tenth of a second each. */
import { parentPort } from 'node:worker_threads';
import { fitsScheme } from './password-scheme.ts';

export interface SchemeQuestion {
  readonly id: number;
  readonly stored: string;
  readonly password: string;
}

export interface SchemeAnswer {
  readonly id: number;
  readonly fits?: boolean;
  /** Why it could not be checked. */
  readonly error?: string;
}

const port = parentPort;
port?.on('message', ({ id, stored, password }: SchemeQuestion) => {
  fitsScheme(stored, password).then(
    (fits) => port.postMessage({ id, fits } satisfies SchemeAnswer),
    (error: unknown) => port.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies SchemeAnswer),
  );
});
