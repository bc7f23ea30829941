/**
 * Slows guessing down without locking anybody out: failed log-ins are counted per account and client network, and per
 * network over all accounts, of IPv6 also per /48. Beyond the limit one attempt is let through at a time, after a wait that doubles with each
 * further failure up to a minute; the owner of the account, on another network, notices nothing. Attempts that arrive
 * together wait for those being checked: a client that opens thirty connections at once is no guesser.
 *
 * An address from which the account logged in before is never locked out by what its neighbours do: it is counted by
 * itself, and beyond the limit its attempts wait for their turn, one a second, instead of being refused.
 *
 * The same wrong password again is no guess (a forgotten device repeats it for weeks): it is refused from memory and not
 * counted.
 */
import { ACCOUNT_LIMITS } from '../base/account-limits.ts';
import type { Clock } from '../base/clock.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import { homeOf, isLoopback, networkOf, siteOf } from './network.ts';

interface Counter {
  failures: number;
  /** Being checked now; they count as failures until they turn out well, or many at once would all pass. */
  pending: number;
  /** Called whenever one that was pending is done. */
  waiting: (() => void)[];
  /** Monotonic milliseconds. */
  forgetAt: number;
  nextAt: number;
  /** Digests of passwords known to be wrong. */
  readonly wrong: Set<string>;
}

interface Place {
  readonly counter: Counter;
  readonly limit: number;
}

export interface Attempt {
  /** May it be checked at all? When not, the other methods need not be called. */
  readonly allowed: boolean;
  /** Was this very password wrong before? */
  knownWrong(digest: string): boolean;
  succeeded(): void;
  /** `digest` names the password without telling it; absent where nobody saw one (SCRAM). */
  failed(digest?: string): void;
  /** Neither: it could not be checked. */
  abandoned(): void;
}

const REFUSED: Attempt = { allowed: false, knownWrong: () => false, succeeded: () => {}, failed: () => {}, abandoned: () => {} };

export class LoginThrottle {
  readonly #clock: Clock;
  readonly #failuresMax: number;
  readonly #scope: 'network' | 'account';
  readonly #counters = new Map<string, Counter>();

  /** Failures of an account from one network, or with the scope `account` from anywhere, before the next is delayed. */
  constructor(clock: Clock, failuresMax: number = DIRECTORY_LIMITS.failuresBeforeThrottle, scope: 'network' | 'account' = 'network') {
    this.#clock = clock;
    this.#failuresMax = failuresMax;
    this.#scope = scope;
  }

  /**
   * Resolves when it is known whether this attempt may be checked; with many at once, after those before it. `isKnown` is
   * asked when the network is about to be throttled: did this account log in from this very address before?
   */
  async begin(account: string, clientAddress: string, isKnown: () => Promise<boolean> = async () => false): Promise<Attempt> {
    const now = this.#clock.monotonic();
    const shared = this.#sharedPlaces(clientAddress);
    // Before anything is remembered of the account: names made up by the thousand push nobody out of memory.
    if (shared.some(({ counter, limit }) => turnOf(counter, limit, now) === 'throttled') && !(await isKnown())) return REFUSED;
    const own = this.#counter(this.#scope === 'account' ? account : `${account} ${networkOf(clientAddress)}`);
    const places: readonly Place[] = [{ counter: own, limit: this.#failuresMax }, ...shared];
    if (places.some(({ counter, limit }) => isFull(counter, limit)) && (await isKnown())) return this.#beginAtHome(account, clientAddress);
    const allowed = await this.#turns(places);
    const done = (): void => places.forEach(({ counter }) => release(counter));
    return {
      allowed,
      knownWrong: (digest) => own.wrong.has(digest),
      abandoned: done,
      succeeded: () => {
        forgive(own);
        done();
      },
      failed: (digest) => {
        rememberWrong(own, digest);
        for (const { counter, limit } of places) this.#count(counter, limit);
        done();
      },
    };
  }

  /** The widest first. Everybody behind a local web mail comes from one address: there only the accounts are counted. */
  #sharedPlaces(clientAddress: string): readonly Place[] {
    if (this.#scope === 'account' || isLoopback(clientAddress)) return [];
    const site = siteOf(clientAddress);
    return [
      ...(site === undefined ? [] : [{ counter: this.#counter(site), limit: DIRECTORY_LIMITS.siteFailuresBeforeThrottle }]),
      { counter: this.#counter(networkOf(clientAddress)), limit: DIRECTORY_LIMITS.networkFailuresBeforeThrottle },
    ];
  }

  /** All of them, or none. */
  async #turns(places: readonly Place[]): Promise<boolean> {
    for (const [at, { counter, limit }] of places.entries()) {
      if (await this.#turn(counter, limit)) continue;
      for (const held of places.slice(0, at)) release(held.counter);
      return false;
    }
    return true;
  }

  /** Failures of before this process, as the audit knows them. */
  recall(account: string, clientAddress: string, times: number): void {
    for (let i = 0; i < Math.min(times, DIRECTORY_LIMITS.networkFailuresBeforeThrottle); i += 1) {
      this.#count(this.#counter(`${account} ${networkOf(clientAddress)}`), this.#failuresMax);
      for (const { counter, limit } of this.#sharedPlaces(clientAddress)) this.#count(counter, limit);
    }
  }

  async #beginAtHome(account: string, clientAddress: string): Promise<Attempt> {
    const home = this.#counter(`home ${account} ${homeOf(clientAddress)}`);
    const allowed = await this.#turnAtHome(home);
    return {
      allowed,
      knownWrong: (digest) => home.wrong.has(digest),
      abandoned: () => release(home),
      succeeded: () => {
        forgive(home);
        release(home);
      },
      failed: (digest) => {
        rememberWrong(home, digest);
        this.#count(home, this.#failuresMax);
        home.nextAt = this.#clock.monotonic() + ACCOUNT_LIMITS.knownAddressPaceMs;
        release(home);
      },
    };
  }

  /** False only when too many wait already. */
  async #turnAtHome(counter: Counter): Promise<boolean> {
    for (;;) {
      if (turnOf(counter, this.#failuresMax, Infinity) === 'now') {
        const restMs = counter.failures < this.#failuresMax ? 0 : counter.nextAt - this.#clock.monotonic();
        counter.pending += 1;
        if (restMs > 0) await new Promise<void>((resolve) => void this.#clock.timer(restMs, resolve));
        return true;
      }
      if (counter.waiting.length >= DIRECTORY_LIMITS.passwordHashesWaitingMax) return false;
      await new Promise<void>((resolve) => counter.waiting.push(resolve));
    }
  }

  /** Takes a place among the pending ones; false when throttled. */
  async #turn(counter: Counter, limit: number): Promise<boolean> {
    for (;;) {
      const turn = turnOf(counter, limit, this.#clock.monotonic());
      if (turn === 'now') {
        counter.pending += 1;
        return true;
      }
      if (turn === 'throttled' || counter.waiting.length >= DIRECTORY_LIMITS.passwordHashesWaitingMax) return false;
      await new Promise<void>((resolve) => counter.waiting.push(resolve));
    }
  }

  #counter(key: string): Counter {
    const now = this.#clock.monotonic();
    let counter = this.#counters.get(key);
    if (counter && counter.forgetAt <= now && counter.pending === 0) counter = undefined;
    counter ??= { failures: 0, pending: 0, waiting: [], forgetAt: now + DIRECTORY_LIMITS.throttleWindowMs, nextAt: 0, wrong: new Set() };
    // Set again so that the map stays in order of use and the oldest go first.
    this.#counters.delete(key);
    this.#counters.set(key, counter);
    while (this.#counters.size > DIRECTORY_LIMITS.throttleEntriesMax) {
      this.#counters.delete(this.#counters.keys().next().value as string);
    }
    return counter;
  }

  #count(counter: Counter, limit: number): void {
    const now = this.#clock.monotonic();
    counter.failures += 1;
    counter.forgetAt = now + DIRECTORY_LIMITS.throttleWindowMs;
    const beyond = counter.failures - limit;
    if (beyond < 0) return;
    counter.nextAt = now + Math.min(DIRECTORY_LIMITS.throttleDelayMinMs * 2 ** Math.min(beyond, 20), DIRECTORY_LIMITS.throttleDelayMaxMs);
  }
}

function turnOf(counter: Counter, limit: number, now: number): 'now' | 'wait' | 'throttled' {
  if (counter.failures + counter.pending < limit) return 'now';
  if (counter.failures >= limit && now < counter.nextAt) return 'throttled';
  return counter.pending === 0 ? 'now' : 'wait';
}

function release(counter: Counter): void {
  counter.pending -= 1;
  const waiting = counter.waiting;
  counter.waiting = [];
  for (const wake of waiting) wake();
}

function isFull(counter: Counter, limit: number): boolean {
  return counter.failures + counter.pending >= limit;
}

function forgive(counter: Counter): void {
  counter.failures = 0;
  counter.nextAt = 0;
}

function rememberWrong(counter: Counter, digest: string | undefined): void {
  if (digest !== undefined && counter.wrong.size < DIRECTORY_LIMITS.failuresBeforeThrottle) counter.wrong.add(digest);
}
