/**
 * The directory that mail in transit asks (contract/directory.ts): a copy in memory, loaded at the first question and
 * again at the first question after a change made through the same store.
 */
import type { Directory } from '../contract/directory.ts';
import type { Routes } from '../contract/routes.ts';
import type { DirectoryStore } from './clients/directory.ts';
import { DirectoryIndex } from './directory-index.ts';

export interface DirectoryOptions {
  /** Without routes no mail from outside is relayed. */
  readonly store: { readonly directory: DirectoryStore; readonly routes?: Pick<Routes, 'acceptance'> };
  /** The server's own name; postmaster, abuse and root are always deliverable there once there is an account. */
  readonly hostname: string;
  /** What names without a domain get, so that cron's mail to root arrives; default `hostname`. */
  readonly origin?: string | undefined;
}

/** Its methods reject with a temporary Failure when the store does not answer. */
export function createDirectory({ store, hostname, origin }: DirectoryOptions): Directory {
  let loaded: { readonly version: number; readonly index: Promise<DirectoryIndex> } | undefined;
  const current = (): Promise<DirectoryIndex> => {
    // The version is read before the rows, so that a change in between loads once too often rather than never.
    if (loaded?.version !== store.directory.version) {
      const entry = {
        version: store.directory.version,
        index: store.directory.snapshot().then((snapshot) => new DirectoryIndex(snapshot, hostname, origin)),
      };
      loaded = entry;
      entry.index.catch(() => {
        if (loaded === entry) loaded = undefined;
      });
    }
    return (loaded as NonNullable<typeof loaded>).index;
  };
  return {
    resolve: async (address) => {
      const resolution = (await current()).resolve(address);
      const rule = resolution.kind === 'remote' ? await store.routes?.acceptance(address) : undefined;
      return rule ? { kind: 'relay', verify: rule.verify } : resolution;
    },
    isLocalDomain: async (domain) => (await current()).isLocalDomain(domain),
    maySendAs: async (account, address) => (await current()).maySendAs(account, address),
  };
}
