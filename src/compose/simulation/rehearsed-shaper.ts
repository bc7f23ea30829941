/** The real shaper for a rehearsal: one new address that sends to the internet, nothing remembered, nothing written. */
import type { Clock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { Shaper } from '../../contract/shaper.ts';
import { createShaper, NO_MEMORY } from '../../flow/shape/shaper.ts';

/** Of the block for documentation (RFC 5737). */
export const SOURCE = { address: '192.0.2.1', helo: 'mail.example.org' } as const;

export interface RehearsedShaper extends Shaper {
  /** Of our address at this site, at this moment. */
  stateOf(siteKey: string): string;
}

export interface RehearsalOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly shaping: boolean;
}

export function createRehearsedShaper({ clock, random, shaping }: RehearsalOptions): RehearsedShaper {
  const shaper = createShaper({
    config: {
      hostname: SOURCE.helo,
      outbound: { protocols: ['ipv4'], port: 25, ips: [{ ...SOURCE }] },
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
    stateOf: (siteKey) => shaper.control.lanes(SOURCE.address).find(({ key }) => key.site === siteKey && key.dkimDomain === '')?.state ?? 'unused',
  };
}
