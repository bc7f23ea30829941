/** What publishing DNS records needs of the network: the configured providers, and name servers asked directly. */
import type { Clock } from '../base/clock.ts';
import { DNS_PUBLISH_LIMITS } from '../base/dns-publish-limits.ts';
import { Failure } from '../base/errors.ts';
import type { Config, HostPort } from '../config/config.ts';
import type { DnsAnswer, RecordType } from '../contract/dns.ts';
import type { HttpsFetch } from '../contract/https-fetch.ts';
import type { DnsPublishing } from '../manage/dns/dns-publishing.ts';
import type { Connector } from '../net/connector.ts';
import { recordData } from '../net/dns-codec.ts';
import { exchange } from '../net/dns-transport.ts';
import { patientProvider } from '../publish/patient-provider.ts';
import { readSecretFile } from '../publish/secret-file.ts';
import { ANY_INSTALLATION, type Installation } from './installation.ts';

export interface DnsPublishingPorts {
  /** The live one: providers are made anew for each run. */
  readonly config: Config;
  readonly clock: Clock;
  readonly fetch: HttpsFetch;
  readonly connector: Connector;
  /** Default: whatever is there. */
  readonly installation?: Installation;
}

export function createDnsPublishing({ config, clock, fetch, connector, installation = ANY_INSTALLATION }: DnsPublishingPorts): DnsPublishing {
  return {
    async providers() {
      const configured = config.dns.providers ?? [];
      if (configured.length === 0) return [];
      const { PROVIDER_TYPES } = await installation.load('providers', () => import('../publish/providers/index.ts'));
      return configured.map(({ label, type, zones, settings }) => {
        const factory = PROVIDER_TYPES[type];
        if (!factory) throw new Failure('dns-provider-settings', `${label}: this version cannot use providers of type "${type}"`, { temporary: false });
        const readSecret = (setting: string): Promise<string> => readSecretFile(label, setting, settings[setting]);
        return { provider: patientProvider(factory({ label, settings, zones, fetch, connector, clock, readSecret })), zones };
      });
    },
    ask: (server, name, type, signal) => askAuthority(clock, server, name, type, signal),
  };
}

const RCODE_NXDOMAIN = 3;
const RCODE_REFUSED = 5;

/** Without recursion: a server that does not hold the zone has no answer. */
async function askAuthority<T extends RecordType>(clock: Clock, server: HostPort, name: string, type: T, signal: AbortSignal): Promise<DnsAnswer<T>> {
  const question = { name, type, edns: true, dnssec: false, recursive: false };
  const result = await exchange({ server, question, timeoutMs: DNS_PUBLISH_LIMITS.authorityTimeoutMs, clock, signal });
  if (result.kind === 'timeout') return { kind: 'failure', reason: 'timeout', detail: 'no answer' };
  if (result.kind !== 'reply') return { kind: 'failure', reason: result.kind, detail: result.detail };
  const { rcode, answers } = result.reply;
  if (rcode === RCODE_NXDOMAIN) return { kind: 'nxdomain', secure: false };
  if (rcode !== 0) return { kind: 'failure', reason: rcode === RCODE_REFUSED ? 'refused' : 'servfail', detail: `rcode ${rcode}` };
  const found = answers.filter((answer) => answer.type === type && answer.name === name);
  if (found.length === 0) return { kind: 'nodata', secure: false };
  return { kind: 'found', records: found.map(({ data }) => recordData(type, data)), ttlSeconds: found[0]?.ttlSeconds ?? 0, secure: false, canonicalName: name };
}
