/**
 * Domains, accounts and aliases, for those who change them and for the copy in memory (store/directory.ts). Whatever form
 * an address comes in, it goes to the rows in the one form in which addresses are compared.
 */
import { randomBytes } from 'node:crypto';
import { Failure } from '../../base/errors.ts';
import { addressKey, domainOf, isDomainName, normalizeDomain, parseMailbox } from '../../mail/address.ts';
import { asBuffer } from '../call.ts';
import type { StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import { sweepRemovedMail } from './folders.ts';
import type { Snapshot, StoredCredentials } from '../ops/directory.ts';
import type { PasswordCredentials } from '../password.ts';

const SECRET_BYTES = 32;

/** Times are milliseconds since 1970. Every change resolves after the synced commit and rejects with a permanent Failure when refused. */
export interface DirectoryStore {
  /** Grows with every change made by this program: who holds a copy compares it. */
  readonly version: number;
  snapshot(): Promise<Snapshot>;
  credentials(address: string): Promise<StoredCredentials | undefined>;
  /** Random bytes kept under this name, made when first asked for. */
  secret(name: string): Promise<Buffer>;
  addDomain(name: string, options: { readonly at: number; readonly aliasOf?: string }): Promise<void>;
  removeDomain(name: string): Promise<void>;
  setCatchAll(name: string, target: string | undefined): Promise<void>;
  /** `shared`: nobody logs in to it. `origin`: the back end that vouches for it; default `store`. */
  addAccount(address: string, credentials: PasswordCredentials, at: number, kind?: { readonly shared?: boolean; readonly origin?: string }): Promise<void>;
  setPassword(address: string, credentials: PasswordCredentials, at: number): Promise<void>;
  setDisabled(address: string, disabled: boolean): Promise<void>;
  removeAccount(address: string): Promise<void>;
  addAlias(address: string, targets: readonly string[], at: number): Promise<void>;
  /** Without `target`: the whole alias. */
  removeAlias(address: string, target?: string): Promise<void>;
}

export function createDirectoryStore(call: StoreCall, changes: ChangeCount): DirectoryStore {
  const changing = async <T>(change: Promise<T>): Promise<T> => {
    try {
      return await change;
    } finally {
      // Also after a failure: one whose answer was lost may have been committed.
      changes.increase();
    }
  };
  return {
    get version() {
      return changes.value;
    },
    snapshot: () => call('directory.snapshot', undefined),
    credentials: (address) => call('directory.credentials', { address: addressKey(address) }),
    secret: async (name) => asBuffer(await call('directory.ensureSecret', { name, bytes: new Uint8Array(randomBytes(SECRET_BYTES)) })),
    addDomain: async (name, { at, aliasOf }) =>
      changing(call('directory.addDomain', { name: domainKey(name), aliasOf: aliasOf === undefined ? null : domainKey(aliasOf), at })),
    removeDomain: async (name) => changing(call('directory.removeDomain', { name: domainKey(name) })),
    setCatchAll: async (name, target) =>
      changing(call('directory.setCatchAll', { name: domainKey(name), target: target === undefined ? null : mailboxKey(target) })),
    addAccount: async (address, credentials, at, kind = {}) => {
      const key = mailboxKey(address);
      return changing(call('directory.addAccount', { address: key, domain: domainOf(key), credentials: plain(credentials), at, ...kind }));
    },
    setPassword: async (address, credentials, at) =>
      changing(call('directory.setPassword', { address: mailboxKey(address), credentials: plain(credentials), at })),
    setDisabled: async (address, disabled) => changing(call('directory.setDisabled', { address: mailboxKey(address), disabled })),
    removeAccount: async (address) => {
      await changing(call('directory.removeAccount', { address: mailboxKey(address) }));
      await sweepRemovedMail(call);
    },
    addAlias: async (address, targets, at) => {
      const key = mailboxKey(address);
      return changing(call('directory.addAlias', { address: key, domain: domainOf(key), targets: targets.map(mailboxKey), at }));
    },
    removeAlias: async (address, target) =>
      changing(call('directory.removeAlias', { address: mailboxKey(address), target: target === undefined ? null : mailboxKey(target) })),
  };
}

/** The form in which domains are compared; throws Failure `domain-refused` for what is no domain name. */
export function domainKey(name: string): string {
  if (!isDomainName(name)) throw new Failure('domain-refused', `${JSON.stringify(name)} is not a domain name: write it like example.org`, { temporary: false });
  return normalizeDomain(name);
}

/** The form in which addresses are compared; throws Failure `address-refused` for what is no address. */
export function mailboxKey(address: string): string {
  const mailbox = parseMailbox(address, { utf8: true });
  if (!mailbox || mailbox.domain.startsWith('[')) {
    throw new Failure('address-refused', `${JSON.stringify(address)} is not an address: write it like name@example.org`, { temporary: false });
  }
  return addressKey(address);
}

/** Buffers share pools that a structured clone would copy whole. */
function exact(bytes: Uint8Array): Buffer {
  return Buffer.from(Uint8Array.prototype.slice.call(bytes).buffer);
}

function plain(credentials: PasswordCredentials): PasswordCredentials {
  return {
    ...credentials,
    scramSalt: exact(credentials.scramSalt),
    scramStoredKey: exact(credentials.scramStoredKey),
    scramServerKey: exact(credentials.scramServerKey),
  };
}
