/**
 * Forward-confirmed reverse DNS: the name of a client that also leads back to its address (RFC 8601 §3, iprev).
 * For the SMTP server's Received field, its log, and the judge.
 */
import type { Clock } from '../base/clock.ts';
import { SystemClock } from '../base/clock.ts';
import type { IprevReport } from '../contract/auth-report.ts';
import type { Dns } from '../contract/dns.ts';
import { plainAddress } from './cidr.ts';
import { expandIPv6, reverseName } from './reverse-name.ts';
import { isIPv4, isIPv6 } from 'node:net';

/** RFC 8601 §3: bound the names tried; a client controls its own reverse zone. */
const PTR_NAMES_MAX = 10;
const DEADLINE_MS = 5_000;

export interface ClientNameOptions {
  /** All look-ups together; default 5 s. */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
}

/** Answers `temperror` when the deadline passes; never rejects. */
export type ClientName = (address: string) => Promise<IprevReport>;

export function createClientName(dns: Dns, options: ClientNameOptions = {}): ClientName {
  const clock = options.clock ?? new SystemClock();
  return async (address) => {
    const plain = plainAddress(address);
    const stop = new AbortController();
    const timer = clock.timer(options.deadlineMs ?? DEADLINE_MS, () => stop.abort(new Error('deadline')));
    try {
      return await confirm(dns, plain, stop.signal);
    } catch {
      return { result: 'temperror', address: plain };
    } finally {
      timer.cancel();
    }
  };
}

async function confirm(dns: Dns, address: string, signal: AbortSignal): Promise<IprevReport> {
  const reverse = reverseName(address);
  if (reverse === undefined) return { result: 'permerror', address };
  const pointers = await dns.query(reverse, 'PTR', { signal });
  if (pointers.kind === 'failure') return { result: 'temperror', address };
  if (pointers.kind !== 'found') return { result: 'permerror', address };
  let temporary = false;
  for (const name of pointers.records.slice(0, PTR_NAMES_MAX)) {
    const forward = await dns.query(name, isIPv4(address) ? 'A' : 'AAAA', { signal });
    if (forward.kind === 'found' && forward.records.some((one) => sameAddress(one, address))) return { result: 'pass', address, name };
    if (forward.kind === 'failure') temporary = true;
  }
  return { result: temporary ? 'temperror' : 'fail', address };
}

function sameAddress(one: string, other: string): boolean {
  return one === other || (isIPv6(one) && isIPv6(other) && expandIPv6(one) === expandIPv6(other));
}
