/**
 * TLS of outgoing mail, wired: what domains publish (DNS, HTTPS, the store), what was counted, and the hourly round that
 * fetches policies again before they run out and forgets what is too old.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { MTA_STS_LIMITS, TLS_POLICY_LIMITS } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { Dns } from '../contract/dns.ts';
import type { HttpsFetch } from '../contract/https-fetch.ts';
import { createTlsPolicies, type TlsPolicies } from '../flow/deliver/tls-policy.ts';
import type { Connector } from '../net/connector.ts';
import { createHttpsFetch } from '../net/https-fetch.ts';
import { createClientTls, type ClientTls } from '../net/tls.ts';
import { tlsDay } from '../store/clients/tls-results.ts';
import type { Store } from '../store/store.ts';
import { createStsPolicies, type StsPolicies } from '../verify/mta-sts/sts-policies.ts';

export interface OutboundTlsPorts {
  /** The live one. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly dns: Dns;
  readonly connector: Connector;
}

export interface OutboundTls {
  readonly policies: TlsPolicies;
  /** Policies that could not be fetched are asked for again at once. */
  forget(): void;
  /** Writes what was counted. */
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

export function createOutboundTls(ports: OutboundTlsPorts): OutboundTls {
  const { config, clock, store, dns } = ports;
  const sts = createStsPolicies({ dns, fetch: createPolicyFetch(ports), cache: store.stsPolicies, clock, port: () => config.outboundTls.mtaStsPort });
  const stopRounds = startRounds(ports, sts);
  return {
    policies: createTlsPolicies({ dns, clock, config, sts, results: store.tlsResults }),
    forget: () => sts.forget(),
    close: async () => {
      stopRounds();
      await store.tlsResults.flush().catch(() => {});
    },
  };
}

/** With the authorities that outgoing mail believes; a reload may bring others. */
export function createPolicyFetch({ config, clock, dns, connector }: Pick<OutboundTlsPorts, 'config' | 'clock' | 'dns' | 'connector'>): HttpsFetch {
  let made: { readonly from: Config['outbound']; readonly clientTls: Promise<ClientTls> } | undefined;
  const clientTls = (): Promise<ClientTls> => {
    if (made?.from !== config.outbound) made = { from: config.outbound, clientTls: createClientTls(config.outbound) };
    return made.clientTls;
  };
  return createHttpsFetch({ dns, connector, clock, clientTls, protocols: () => config.outbound.protocols });
}

function startRounds({ clock, log, store, config }: OutboundTlsPorts, sts: StsPolicies): () => void {
  const stopping = new AbortController();
  let timer: Timer;
  const round = async (): Promise<void> => {
    const now = clock.now();
    if (config.outboundTls.mtaSts) await sts.refreshDue(stopping.signal);
    await store.stsPolicies.removeExpired(now);
    await store.tlsResults.prune(tlsDay(now - TLS_POLICY_LIMITS.resultDays * DAY_MS));
  };
  const arm = (): void => {
    timer = clock.timer(MTA_STS_LIMITS.refreshEveryMs, () => {
      round()
        .catch((error: unknown) => {
          if (!stopping.signal.aborted) log.warn('tls-policies.round-failed', { error: String(error) });
        })
        .finally(() => {
          if (!stopping.signal.aborted) arm();
        });
    });
  };
  arm();
  return () => {
    stopping.abort(new Error('the server is shutting down'));
    timer.cancel();
  };
}
