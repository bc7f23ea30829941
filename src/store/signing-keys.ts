/** The signing keys in memory, as parsed key objects: signing must not parse a PEM for every message. */
import type { SigningKey, SigningKeys } from '../contract/directory.ts';
import { normalizeDomain } from '../mail/address.ts';
import type { KeyStore } from './clients/keys.ts';

export interface SigningKeysOptions {
  readonly store: { readonly keys: KeyStore };
}

/** Loaded at the first question and again after a change; rejects with a temporary Failure when the store does not answer. */
export function createSigningKeys({ store }: SigningKeysOptions): SigningKeys {
  let loaded: { readonly version: number; readonly keys: Promise<ReadonlyMap<string, readonly SigningKey[]>>; count?: number } | undefined;
  const current = (): Promise<ReadonlyMap<string, readonly SigningKey[]>> => {
    if (loaded?.version !== store.keys.version) {
      const entry: NonNullable<typeof loaded> = { version: store.keys.version, keys: load(store.keys) };
      loaded = entry;
      entry.keys.then(
        (keys) => (entry.count = keys.size),
        () => {
          if (loaded === entry) loaded = undefined;
        },
      );
    }
    return (loaded as NonNullable<typeof loaded>).keys;
  };
  return {
    get none() {
      return loaded?.count === 0 && loaded.version === store.keys.version;
    },
    forDomain: async (domain) => (await current()).get(normalizeDomain(domain)) ?? [],
  };
}

async function load(store: KeyStore): Promise<ReadonlyMap<string, readonly SigningKey[]>> {
  const byDomain = new Map<string, SigningKey[]>();
  for (const row of await store.list()) {
    if (row.state !== 'active') continue;
    const { domain, selector, algorithm } = row;
    const key: SigningKey = { domain, selector, algorithm, privateKey: await store.privateKey(domain, selector) };
    const keys = byDomain.get(domain);
    if (keys) keys.push(key);
    else byDomain.set(domain, [key]);
  }
  return byDomain;
}
