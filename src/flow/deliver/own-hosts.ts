/**
 * Is that MX ourselves? By name (our host name) or by address (one we listen on at the port mail goes to). RFC 5321 §5.1:
 * a server that finds itself in the MX list must not send to itself nor to hosts that are not better than itself.
 */
import { networkInterfaces } from 'node:os';
import type { Config, HostPort } from '../../config/config.ts';
import { createNetworkSet } from '../../net/cidr.ts';

export interface OwnHosts {
  isOwnName(host: string): boolean;
  /** Do we take mail at this address, at the port of MX hosts. */
  isOwnAddress(address: string): boolean;
  /** Do we listen there. */
  isOwnListener(address: string, port: number): boolean;
}

const WILDCARDS = new Set(['0.0.0.0', '::']);
const LOOPBACK = createNetworkSet(['127.0.0.0/8', '::1/128']);

export function createOwnHosts(config: Pick<Config, 'hostname' | 'listen' | 'outbound'>): OwnHosts {
  const { smtp, submission, submissions, lmtp = [] } = config.listen;
  const listeners = [...smtp, ...submission, ...submissions, ...lmtp];
  // An interface that comes up later is not seen; the Received count still ends such a loop.
  const interfaces = new Set(Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address)));
  const has = (where: readonly HostPort[], address: string, port: number): boolean =>
    where.some((listener) => {
      if (listener.port !== port) return false;
      if (listener.address === address) return true;
      // All of 127.0.0.0/8 leads here: a stranger's MX must not reach us as if we were speaking to ourselves.
      return WILDCARDS.has(listener.address) && (interfaces.has(address) || LOOPBACK.has(address));
    });
  // A server that other machines reach meets at its loopback addresses only what is its own, whatever program that is.
  const isPublic = smtp.some(({ address }) => !LOOPBACK.has(address) && !WILDCARDS.has(address));
  const name = config.hostname.toLowerCase();
  return {
    isOwnName: (host) => host === name,
    isOwnAddress: (address) => has(smtp, address, config.outbound.port) || (isPublic && LOOPBACK.has(address)),
    isOwnListener: (address, port) => has(listeners, address, port),
  };
}
