/**
 * Checks passwords against the hashes of back ends: quick ones here, slow ones in one thread that is started when the
 * first comes. What was right is remembered for some minutes under a key of this process, by hash and password: a changed
 * hash fits no memory.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import { Failure } from '../../base/errors.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import { workerModule } from '../../base/worker-module.ts';
import { fitsScheme, isSlow } from './password-scheme.ts';
import type { SchemeAnswer, SchemeQuestion } from './scheme-thread.ts';

interface Asked {
  resolve(fits: boolean): void;
  reject(error: Failure): void;
}

export class SchemeVerifier {
  readonly #key = randomBytes(32);
  /** Digest of hash and password, to the time until which it counts. */
  readonly #right = new Map<string, number>();
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #nextId = 1;

  /** Rejects with a temporary Failure when the hash cannot be checked. */
  async fits(stored: string, password: string): Promise<boolean> {
    if (Buffer.byteLength(password) > DIRECTORY_LIMITS.passwordBytesMax) return false;
    const digest = createHmac('sha256', this.#key).update(JSON.stringify([stored, password])).digest('base64');
    if ((this.#right.get(digest) ?? 0) > performance.now()) return true;
    const fits = isSlow(stored) ? await this.#askThread(stored, password) : await fitsScheme(stored, password);
    if (fits) this.#remember(digest);
    return fits;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#abandon();
  }

  #askThread(stored: string, password: string): Promise<boolean> {
    if (this.#asked.size >= ACCOUNT_LIMITS.backendWaitingMax) throw new Failure('login-busy', 'too many log-ins at once, try again later');
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#asked.set(id, { resolve, reject });
      worker.postMessage({ id, stored, password } satisfies SchemeQuestion, []);
    });
  }

  #start(): Worker {
    const worker = new Worker(workerModule(new URL('./scheme-thread.ts', import.meta.url)), { name: 'posthorn-hashes' });
    worker.unref();
    worker.on('message', ({ id, fits, error }: SchemeAnswer) => {
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      if (error !== undefined) asked?.reject(new Failure('password-hash-unusable', error));
      else asked?.resolve(fits ?? false);
    });
    worker.on('error', () => {});
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#abandon();
    });
    return worker;
  }

  #abandon(): void {
    for (const { reject } of this.#asked.values()) reject(new Failure('login-backend-down', 'the thread that checks passwords ended'));
    this.#asked.clear();
  }

  #remember(digest: string): void {
    if (this.#right.has(digest)) return;
    this.#right.set(digest, performance.now() + DIRECTORY_LIMITS.passwordCacheMs);
    if (this.#right.size > DIRECTORY_LIMITS.passwordCacheEntriesMax) this.#right.delete(this.#right.keys().next().value as string);
  }
}
