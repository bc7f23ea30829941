/**
 * Forward-confirmed reverse DNS: the name of a client that also leads back to its address (RFC 8601 §3, iprev).
 * For the SMTP server's Received field, its log, and the judge.
 */
import type { Clock } from '../../base/clock.ts';
import { SystemClock } from '../../base/clock.ts';
import type { IprevReport } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import { parseIp, reverseName, sameNetwork, type IpBytes } from '../ip-address.ts';

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
    const ip = parseIp(address);
    if (!ip) return { result: 'permerror', address };
    const plain = plainText(address, ip);
    const stop = new AbortController();
    const timer = clock.timer(options.deadlineMs ?? DEADLINE_MS, () => stop.abort(new Error('deadline')));
    try {
      return await confirm(dns, plain, ip, stop.signal);
    } catch {
      return { result: 'temperror', address: plain };
    } finally {
      timer.cancel();
    }
  };
}

/** IPv4-mapped addresses count as IPv4. */
function plainText(address: string, ip: IpBytes): string {
  return ip.length === 4 ? ip.join('.') : address.replace(/%.*$/, '');
}

async function confirm(dns: Dns, address: string, ip: IpBytes, signal: AbortSignal): Promise<IprevReport> {
  const pointers = await dns.query(reverseName(ip), 'PTR', { signal });
  if (pointers.kind === 'failure') return { result: 'temperror', address };
  if (pointers.kind !== 'found') return { result: 'permerror', address };
  let temporary = false;
  for (const name of pointers.records.slice(0, PTR_NAMES_MAX)) {
    const forward = await dns.query(name, ip.length === 4 ? 'A' : 'AAAA', { signal });
    if (forward.kind === 'found' && forward.records.some((one) => isSame(one, ip))) return { result: 'pass', address, name };
    if (forward.kind === 'failure') temporary = true;
  }
  return { result: temporary ? 'temperror' : 'fail', address };
}

function isSame(one: string, ip: IpBytes): boolean {
  const other = parseIp(one);
  return other !== undefined && sameNetwork(other, ip, ip.length * 8);
}
