/**
 * Which of our own addresses a message may leave from: the pool that its stream and sender choose, and in it the
 * addresses in turn by weight, standby ones last. Pure but for the turn.
 *
 * Policy: a family (IPv4, IPv6) without any configured address is left to the system; a family that is configured, but
 * not in this pool, is not used: mail of one pool must not leave by another's address or by one that nobody named.
 */
import { isIPv6 } from 'node:net';
import type { Config, OutboundIp } from '../../config/config.ts';
import type { SourceIp, Stream } from '../../contract/sending.ts';
import { domainOf } from '../../mail/address.ts';

export type Protocol = 'ipv4' | 'ipv6';

export interface Candidate {
  /** address '' when the system chooses. */
  readonly source: SourceIp;
  readonly weight: number;
  readonly standby: boolean;
  /** Never sends as a newcomer. */
  readonly warm: boolean;
}

export interface SourceList {
  /** Of a protocol, in the order of this turn. */
  candidates(stream: Stream, sender: string, protocol: Protocol): readonly Candidate[];
  /** This one was used: the others come first for a while. */
  used(candidate: Candidate): void;
  readonly all: readonly Candidate[];
  /** Every message has the same candidates, whoever sends it. */
  readonly uniform: boolean;
}

export const DEFAULT_POOL = 'default';

export function protocolOf(address: string): Protocol {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

export function createSourceList({ outbound, hostname }: Pick<Config, 'outbound' | 'hostname'>): SourceList {
  const all = outbound.ips.map((ip) => candidateOf(ip, hostname));
  const system: Candidate = { source: { address: '', helo: hostname, pool: DEFAULT_POOL }, weight: 1, standby: false, warm: true };
  /** Sum of turns over weight: who has had least comes first. */
  const turns = new Map<string, number>(all.map(({ source }) => [source.address, 0]));
  const byPool = new Map<string, readonly Candidate[]>();
  for (const protocol of ['ipv4', 'ipv6'] as const) {
    for (const { pool } of [...all.map(({ source }) => source), { pool: DEFAULT_POOL }]) {
      byPool.set(`${protocol} ${pool}`, all.filter(({ source }) => source.pool === pool && protocolOf(source.address) === protocol));
    }
  }
  const configured = new Set(all.map(({ source }) => protocolOf(source.address)));
  const rank = (candidate: Candidate): number => (turns.get(candidate.source.address) ?? 0) + (candidate.standby ? Number.MAX_SAFE_INTEGER : 0);
  return {
    all,
    uniform: new Set(all.map(({ source }) => source.pool)).size < 2 && !all.some(({ standby }) => standby),
    candidates(stream, sender, protocol) {
      if (!configured.has(protocol)) return [system];
      const list = byPool.get(`${protocol} ${poolFor(outbound, all, stream, sender)}`) ?? [];
      return list.length < 2 ? list : [...list].sort((one, other) => rank(one) - rank(other));
    },
    used({ source, weight }) {
      const turn = turns.get(source.address);
      if (turn !== undefined) turns.set(source.address, turn + 1 / weight);
    },
  };
}

function candidateOf(ip: OutboundIp, hostname: string): Candidate {
  const { address, helo = hostname, pool = DEFAULT_POOL, weight = 1, standby = false, warm = false } = ip;
  return { source: { address, helo, pool }, weight, standby, warm };
}

/** The first pool that fits and has addresses, else `default`, else that of the first address. */
function poolFor({ pools = [] }: Config['outbound'], all: readonly Candidate[], stream: Stream, sender: string): string {
  const address = sender.toLowerCase();
  const domain = domainOf(address);
  const fits = pools.find(({ name, streams, senders }) => {
    if (streams.length === 0 && senders.length === 0) return false;
    if (streams.length > 0 && !streams.includes(stream)) return false;
    if (senders.length > 0 && !senders.includes(address) && !senders.includes(domain)) return false;
    return all.some(({ source }) => source.pool === name);
  });
  if (fits) return fits.name;
  return all.some(({ source }) => source.pool === DEFAULT_POOL) ? DEFAULT_POOL : (all[0]?.source.pool ?? DEFAULT_POOL);
}

const PRIVATE = /^(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|f[cd][0-9a-f]{2}:|fe80:)/i;

/** False for addresses of this machine and of private networks: there is no reputation to lose. */
export function isOnInternet(address: string): boolean {
  return !PRIVATE.test(address);
}
