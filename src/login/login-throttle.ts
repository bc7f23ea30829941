/**
 * Slows guessing down without locking anybody out: failed log-ins are counted per account and client network, and per
 * network over all accounts. Beyond the limit one attempt is let through at a time, after a wait that doubles with each
 * further failure up to a minute; the owner of the account, on another network, notices nothing. Attempts that arrive
 * together wait for those being checked: a client that opens thirty connections at once is no guesser.
 *
 * The same wrong password again is no guess (a forgotten device repeats it for weeks): it is refused from memory and not
 * counted.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';

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

export class LoginThrottle {
  readonly #clock: Clock;
  readonly #counters = new Map<string, Counter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is known whether this attempt may be checked; with many at once, after those before it. */
  async begin(account: string, clientAddress: string): Promise<Attempt> {
    const network = networkOf(clientAddress);
    const own = this.#counter(`${account} ${network}`);
    // Everybody behind a local web mail comes from one address: there only the accounts are counted.
    const shared = isLoopback(clientAddress) ? undefined : this.#counter(network);
    const allowed =
      (await this.#turn(own, DIRECTORY_LIMITS.failuresBeforeThrottle)) && (!shared || (await this.#turn(shared, DIRECTORY_LIMITS.networkFailuresBeforeThrottle, own)));
    const both = shared ? [own, shared] : [own];
    const done = (): void => both.forEach(release);
    return {
      allowed,
      knownWrong: (digest) => own.wrong.has(digest),
      abandoned: done,
      succeeded: () => {
        own.failures = 0;
        own.nextAt = 0;
        done();
      },
      failed: (digest) => {
        if (digest !== undefined && own.wrong.size < DIRECTORY_LIMITS.failuresBeforeThrottle) own.wrong.add(digest);
        this.#count(own, DIRECTORY_LIMITS.failuresBeforeThrottle);
        if (shared) this.#count(shared, DIRECTORY_LIMITS.networkFailuresBeforeThrottle);
        done();
      },
    };
  }

  /** Takes a place among the pending ones; false when throttled, then `held` is given back too. */
  async #turn(counter: Counter, limit: number, held?: Counter): Promise<boolean> {
    for (;;) {
      const turn = turnOf(counter, limit, this.#clock.monotonic());
      if (turn === 'now') {
        counter.pending += 1;
        return true;
      }
      if (turn === 'throttled' || counter.waiting.length >= DIRECTORY_LIMITS.passwordHashesWaitingMax) {
        if (held) release(held);
        return false;
      }
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

/** The /24 of an IPv4 address and the /64 of an IPv6 one: what one customer has to change addresses in. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(plain)) return `${plain.slice(0, plain.lastIndexOf('.'))}.0/24`;
  if (!isIPv6(plain) || plain.includes('%')) return plain;
  const [head = '', tail = ''] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === '' ? [] : tail.split(':');
  const groups = [...front, ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0'), ...back];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./i.test(address);
}
