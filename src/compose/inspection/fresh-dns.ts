/** Resolvers that remember nothing, each asking another of the configured servers first: the guard looks twice before it tells. */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import { createResolver, type Resolver } from '../../net/resolver.ts';
import { systemNameServers } from '../../net/resolv-conf.ts';

export function freshDnsOf({ config, clock, log }: { readonly config: Pick<Config, 'dns'>; readonly clock: Clock; readonly log: Log }): (turn: number) => Resolver {
  return (turn) => {
    const { servers, trustAd } = config.dns;
    const known = servers.length > 0 ? servers : systemNameServers();
    const first = known.length === 0 ? 0 : turn % known.length;
    return createResolver({ servers: [...known.slice(first), ...known.slice(0, first)], trustAd, clock, log });
  };
}
