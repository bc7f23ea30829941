/** How many sessions there are: in all, of each client before log-in, and of each account. */
import { ACCESS_LIMITS } from '../../base/access-limits.ts';

export class SessionCounts {
  #all = 0;
  readonly #clients = new Map<string, number>();
  readonly #accounts = new Map<string, number>();

  get all(): number {
    return this.#all;
  }

  /** False when there are too many; the place is taken all the same, and to be given back. */
  enter(): boolean {
    this.#all += 1;
    return this.#all <= ACCESS_LIMITS.connectionsMax;
  }

  leave(): void {
    this.#all -= 1;
  }

  /** False when it has its share; no place is taken then. */
  enterClient(key: string): boolean {
    return add(this.#clients, key, ACCESS_LIMITS.connectionsPerClientMax);
  }

  leaveClient(key: string): void {
    subtract(this.#clients, key);
  }

  /** False when it has its share; no place is taken then. */
  enterAccount(account: string): boolean {
    return add(this.#accounts, account, ACCESS_LIMITS.connectionsPerAccountMax);
  }

  leaveAccount(account: string): void {
    subtract(this.#accounts, account);
  }
}

function add(counts: Map<string, number>, key: string, limit: number): boolean {
  const count = counts.get(key) ?? 0;
  if (count >= limit) return false;
  counts.set(key, count + 1);
  return true;
}

function subtract(counts: Map<string, number>, key: string): void {
  const rest = (counts.get(key) ?? 1) - 1;
  if (rest === 0) counts.delete(key);
  else counts.set(key, rest);
}
