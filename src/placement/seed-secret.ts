/** How a seed is logged in to: the sealed secret of the store turned into credentials. */
import type { OauthSource } from '../base/oauth-source.ts';
import { Failure } from '../base/errors.ts';
import type { Seed } from '../contract/placement.ts';
import { seal, unseal } from '../login/sealing.ts';
import type { OauthTokens } from '../net/oauth-tokens.ts';
import type { SaslCredentials } from '../wire/sasl/client.ts';

export type SeedSecret = { readonly kind: 'password'; readonly password: string } | { readonly kind: 'token'; readonly source: OauthSource };

export function sealSecret(dataDir: string, address: string, secret: SeedSecret): Promise<Buffer> {
  const plain = secret.kind === 'password' ? secret.password : JSON.stringify(secret.source);
  return seal(dataDir, ownerOf(address), Buffer.from(plain));
}

/** Rejects with a Failure: the key file is gone, or no token can be had. */
export async function credentialsOf(dataDir: string, { address, username, kind }: Seed, sealed: Uint8Array, tokens: OauthTokens): Promise<SaslCredentials> {
  const plain = (await unseal(dataDir, ownerOf(address), sealed)).toString('utf8');
  return asCredentials(username, kind === 'password' ? { kind, password: plain } : { kind, source: JSON.parse(plain) as OauthSource }, tokens);
}

export async function asCredentials(username: string, secret: SeedSecret, tokens: OauthTokens): Promise<SaslCredentials> {
  if (secret.kind === 'password') return { username, password: secret.password };
  try {
    return { username, token: await tokens.token(secret.source, false) };
  } catch (error) {
    throw new Failure('imap-log-in', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** What it belongs to is sealed in: nobody moves it to another seed. */
function ownerOf(address: string): string {
  return `placement:${address}`;
}
