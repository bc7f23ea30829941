/** Which services of users a configuration has, and where they listen. Apart from the services, so that the main thread need not load what runs in the access thread. */
import type { Config, HostPort } from '../../config/config.ts';

/** Settings below `listen`, and names in the lab's ready line. */
export const ACCESS_SERVICES = ['imap', 'imaps', 'pop3', 'pop3s', 'sieve'] as const;
export type AccessListener = (typeof ACCESS_SERVICES)[number];
export type AccessAddresses = Readonly<Record<AccessListener, readonly HostPort[]>>;

/** What is configured; empty lists where nothing is. */
export function wantedAddresses({ listen }: Config): AccessAddresses {
  const { imap = [], imaps = [], pop3 = [], pop3s = [], sieve = [] } = listen;
  return { imap, imaps, pop3, pop3s, sieve };
}

export function wantsAccess(config: Config): boolean {
  return Object.values(wantedAddresses(config)).some((addresses) => addresses.length > 0);
}
