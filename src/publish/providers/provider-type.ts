/** What an adapter for a kind of DNS provider is given, and what it makes of it. */
import type { Clock } from '../../base/clock.ts';
import type { DnsProvider } from '../../contract/dns-publishing.ts';
import type { HttpsFetch } from '../../contract/https-fetch.ts';
import type { Connector } from '../../net/connector.ts';

export interface ProviderParts {
  /** Of the configuration; in every message to people. */
  readonly label: string;
  /** The settings of its [[dns.provider]], named as in posthorn.toml; paths are absolute. What is required has been checked. */
  readonly settings: Readonly<Record<string, string>>;
  /** Zones that the configuration names, for providers that cannot list theirs. Empty: all that the provider lists. */
  readonly zones: readonly string[];
  readonly fetch: HttpsFetch;
  readonly connector: Connector;
  readonly clock: Clock;
  /** The content of the file that this setting names, without the line end. Rejects with Failure `dns-provider-refused` when it cannot be read or others may read it. */
  readonly readSecret: (setting: string) => Promise<string>;
}

/** Asks nobody yet. Throws Failure `dns-provider-settings` for settings that cannot work. */
export type ProviderFactory = (parts: ProviderParts) => DnsProvider;
