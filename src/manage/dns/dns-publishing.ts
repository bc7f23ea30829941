/** What the verbs of DNS publishing need of the network; compose/dns-publishing.ts makes it. */
import type { AskServer } from '../../publish/propagation.ts';
import type { ConfiguredProvider } from '../../publish/zone-finder.ts';

export interface DnsPublishing {
  /** Of [[dns.provider]], made anew. Rejects with Failure `dns-provider-settings`. */
  providers(): Promise<readonly ConfiguredProvider[]>;
  readonly ask: AskServer;
}
