/** The real shaper for a rehearsal: addresses that send to the internet, nothing remembered, nothing written. */
import type { Clock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { Shaper } from '../../contract/shaper.ts';
import type { ShapingControl } from '../../contract/shaping-control.ts';
import type { Config, OutboundIp } from '../../config/config.ts';
import { createShaper, NO_MEMORY } from '../../flow/shape/shaper.ts';

const HOSTNAME = 'mail.example.org';

/** Of the block for documentation (RFC 5737): one pool, the first ones have sent for years. */
export function rehearsedSources(count: number, warm: number): readonly OutboundIp[] {
  return Array.from({ length: count }, (_, at) => ({ address: `192.0.2.${at + 1}`, helo: HOSTNAME, ...(at < warm && { warm: true as const }) }));
}

export interface RehearsedShaper extends Shaper {
  /** Of each of our addresses at this site, at this moment. */
  stateOf(siteKey: string): string;
  /** The shaper's own hand, for what a test wants to look at. */
  readonly control: ShapingControl;
}

export interface RehearsalOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly shaping: boolean;
  readonly sources: readonly OutboundIp[];
  readonly outbound?: Partial<Config['outbound']>;
}

export function createRehearsedShaper({ clock, random, shaping, sources, outbound }: RehearsalOptions): RehearsedShaper {
  const shaper = createShaper({
    config: {
      hostname: HOSTNAME,
      outbound: { protocols: ['ipv4'], port: 25, ips: sources, ...outbound },
      shaping: { enabled: shaping, warmUp: shaping, lowVolume: 200 },
    },
    clock,
    log: silentLog,
    store: { save: async () => {}, pause: async () => {}, resume: async () => false },
    memory: NO_MEMORY,
    spf: async () => true,
    random,
    onInternet: () => true,
  });
  return {
    admit: (request) => shaper.admit(request),
    preview: (request) => shaper.preview(request),
    finish: (permit, results) => shaper.finish(permit, results),
    onRoom: (listener) => shaper.onRoom(listener),
    retryOf: (site) => shaper.retryOf(site),
    control: shaper.control,
    stateOf: (siteKey) => {
      const lanes = shaper.control.lanes().filter(({ key }) => key.site === siteKey && key.dkimDomain === '');
      return sources.map(({ address }) => lanes.find(({ key }) => key.source === address)?.state ?? 'unused').join(', ');
    },
  };
}
