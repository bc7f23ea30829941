/**
 * Is that MX ourselves? By name (our host name) or by address (one we listen on at the port mail goes to). RFC 5321 §5.1:
 * a server that finds itself in the MX list must not send to itself nor to hosts that are not better than itself.
 */
import { networkInterfaces } from 'node:os';
import type { Config } from '../../config/config.ts';

export interface OwnHosts {
  isOwnName(host: string): boolean;
  isOwnAddress(address: string): boolean;
}

const WILDCARDS = new Set(['0.0.0.0', '::']);

export function createOwnHosts(config: Pick<Config, 'hostname' | 'listen' | 'outbound'>): OwnHosts {
  const listeners = config.listen.smtp.filter(({ port }) => port === config.outbound.port).map(({ address }) => address);
  const addresses = new Set(listeners);
  // An interface that comes up later is not seen; the Received count still ends such a loop.
  if (listeners.some((address) => WILDCARDS.has(address))) {
    for (const entries of Object.values(networkInterfaces())) for (const entry of entries ?? []) addresses.add(entry.address);
  }
  const name = config.hostname.toLowerCase();
  return { isOwnName: (host) => host === name, isOwnAddress: (address) => addresses.has(address) };
}
