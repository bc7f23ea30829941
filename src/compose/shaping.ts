/** The shaper of a running server: what earlier runs learnt, and SPF for the question whether a standby may step in. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { Dns } from '../contract/dns.ts';
import { createShaper, type LiveShaper } from '../flow/shape/shaper.ts';
import type { SpfQuestion } from '../flow/shape/spf-guard.ts';
import type { Store } from '../store/store.ts';
import { createDeadlineDns } from '../verify/deadline-dns.ts';
import { checkSpf } from '../verify/spf/check-spf.ts';

export interface ServerShaperPorts {
  /** The live one: a reload changes what it says. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly dns: Dns;
}

const SPF_TIMEOUT_MS = 10_000;

export async function createServerShaper(ports: ServerShaperPorts): Promise<LiveShaper> {
  const { config, clock, log, store } = ports;
  return createShaper({ config, clock, log, store: store.lanes, memory: await store.lanes.load(clock.now()), spf: createSpfQuestion(ports) });
}

/** A domain that publishes nothing forbids nothing; trouble of DNS is no answer. */
function createSpfQuestion({ dns, clock, config }: ServerShaperPorts): SpfQuestion {
  return async (input) => {
    const limited = createDeadlineDns(dns, clock, SPF_TIMEOUT_MS);
    const ip = config.outbound.ips.find(({ address }) => address === input.ip)?.publicAddress ?? input.ip;
    try {
      const { result } = await checkSpf(limited, { ...input, ip, now: clock.now() });
      return result === 'temperror' ? undefined : result === 'pass' || result === 'none';
    } finally {
      limited.close();
    }
  };
}
