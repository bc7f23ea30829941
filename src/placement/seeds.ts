/** What commands and chores do with seed accounts: try a log-in, read them all. */
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { HttpsFetch } from '../contract/https-fetch.ts';
import type { Place, Seed } from '../contract/placement.ts';
import { OauthTokens } from '../net/oauth-tokens.ts';
import { createClientTls } from '../net/tls.ts';
import type { Store } from '../store/store.ts';
import { collectPlacements, type Collected } from './collect.ts';
import { checkSeed } from './seed-mailbox.ts';
import { asCredentials, type SeedSecret } from './seed-secret.ts';

export type { Collected } from './collect.ts';

export interface SeedPorts {
  readonly store: Store;
  readonly config: Config;
  readonly clock: Clock;
  /** For OAuth tokens. */
  readonly fetch?: HttpsFetch;
}

/** Rejects with the Failures of ImapClient.open. */
export async function tryLogin({ config, clock, fetch }: SeedPorts, { host, port, security, username }: Pick<Seed, 'host' | 'port' | 'security' | 'username'>, secret: SeedSecret): Promise<{ readonly folders: readonly { readonly name: string; readonly place: Place }[] }> {
  const credentials = await asCredentials(username, secret, new OauthTokens(clock, fetch));
  return checkSeed({ target: { host, port, security }, credentials, tls: await clientTls(config) });
}

/** Rejects when the store does. */
export async function collectSeeds({ store, config, clock, fetch }: SeedPorts, only?: string): Promise<Collected> {
  return collectPlacements({ store, clock, tls: await clientTls(config), tokens: new OauthTokens(clock, fetch) }, only);
}

function clientTls({ outbound: { caFile } }: Config): ReturnType<typeof createClientTls> {
  return createClientTls(caFile === undefined ? {} : { caFile });
}
