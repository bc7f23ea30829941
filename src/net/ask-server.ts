/**
 * One name server asked directly, past every cache: does it hold the zone, which serial does it have, does it answer at
 * all. For examinations; mail asks the resolver (net/resolver.ts).
 */
import type { Clock } from '../base/clock.ts';
import { DOCTOR_LIMITS } from '../base/doctor-limits.ts';
import type { HostPort } from '../config/config.ts';
import type { AskServer } from '../contract/doctor-network.ts';
import { recordData } from './dns-codec.ts';
import { canonicalDnsName } from './dns-name.ts';
import { exchange } from './dns-transport.ts';
import { systemNameServers } from './resolv-conf.ts';

export interface AskServerOptions {
  /** The recursive ones; empty: those of /etc/resolv.conf. */
  readonly servers: readonly HostPort[];
  /** Of name servers that are asked by address. */
  readonly dnsPort: number;
  readonly clock: Clock;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

export function createAskServer({ servers, dnsPort, clock, signal }: AskServerOptions): AskServer {
  return async ({ server, name, type, checkingDisabled = false }) => {
    const owner = canonicalDnsName(name);
    const target = server === undefined ? (servers[0] ?? systemNameServers()[0]) : { address: server, port: dnsPort };
    if (owner === undefined || !target) return { kind: 'failure', reason: 'network', detail: owner === undefined ? `"${name}" is no name` : 'no name server is configured' };
    const question = { name: owner, type, edns: true, dnssec: true, checkingDisabled, recursive: server === undefined };
    const result = await exchange({ server: target, question, timeoutMs: DOCTOR_LIMITS.askServerMs, clock, signal });
    if (result.kind === 'timeout') return { kind: 'failure', reason: 'timeout', detail: 'no answer' };
    if (result.kind !== 'reply') return { kind: 'failure', reason: result.kind, detail: result.detail };
    const { rcode, authoritative, authentic, answers } = result.reply;
    const records = answers.filter((answer) => answer.type === type && answer.name === owner).map(({ data }) => recordData(type, data));
    return { kind: 'answer', rcode, authoritative, authentic, records };
  };
}
