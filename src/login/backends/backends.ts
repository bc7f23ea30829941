/**
 * The back ends in their configured order, and what they mean for accounts here: who vouches for whom, and the mailbox
 * that is made at first sight of a user.
 *
 * Policy: a mailbox is made only in a domain that this server hosts. Connections are made when first needed, and anew after
 * a reload that changed the back ends. What a back end said about the existence of an address is remembered for a minute,
 * so that a mailing and a harvester cost it little.
 */
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import type { Clock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { BackendConfig, LoginConfig } from '../../config/login-config.ts';
import { addressKey, domainOf, parseMailbox } from '../../mail/address.ts';
import { unmatchableCredentials } from '../../store/password.ts';
import type { StoredCredentials } from '../../store/ops/directory.ts';
import type { StoreClients } from '../../store/store-clients.ts';
import { SchemeVerifier } from '../schemes/scheme-verifier.ts';
import { backendUser, type LoginBackend } from './backend.ts';
import { createDovecotBackend } from './dovecot.ts';
import { createFileBackend } from './file.ts';
import { createLdapBackend } from './ldap.ts';
import { createSqlBackend } from './sql.ts';

export interface BackendsOptions {
  readonly store: Pick<StoreClients, 'directory'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: () => Pick<LoginConfig, 'backends'>;
}

type Other = Exclude<BackendConfig, { kind: 'store' }>;

export type AccountAnswer =
  /** Undefined when there is no mailbox, and none may be made. */
  | { readonly kind: 'ok'; readonly account: string | undefined }
  | { readonly kind: 'wrong' | 'disabled' | 'unknown' };

export interface Backends {
  /** Those to ask about this user, in order. */
  list(account: string): readonly ('store' | Other)[];
  check(backend: Other, account: string, password: string): Promise<AccountAnswer>;
  /** Is its main password that of the store, and is the store asked? */
  isOfStore(known: Pick<StoredCredentials, 'origin' | 'address'>): boolean;
  /** Whether the back end that the account came from still knows it; true for those of the store. */
  stillVouchesFor(known: Pick<StoredCredentials, 'origin' | 'address'>): Promise<boolean>;
  /** Makes a mailbox for an address that a back end knows. False: none does. */
  provision(address: string): Promise<boolean>;
  close(): Promise<void>;
}

export function createBackends(options: BackendsOptions): Backends {
  return new ConfiguredBackends(options);
}

class ConfiguredBackends implements Backends {
  readonly #options: BackendsOptions;
  readonly #schemes = new SchemeVerifier();
  /** By the configuration they were made from. */
  readonly #open = new Map<string, LoginBackend>();
  #openFor: readonly BackendConfig[] | undefined;
  /** `back end, address` to what was said and until when that counts (monotonic). */
  readonly #existence = new Map<string, { readonly exists: boolean | undefined; readonly until: number }>();

  constructor(options: BackendsOptions) {
    this.#options = options;
  }

  list(account: string): readonly ('store' | Other)[] {
    const { domain } = backendUser(account);
    // No name: databases and directories fail over such, instead of saying that they do not know it.
    if (/\p{Cc}/u.test(account)) return ['store'];
    const asked = this.#options.settings().backends.filter((one) => isAsked(one, domain));
    return asked.map((one) => (one.kind === 'store' ? 'store' : one));
  }

  async check(config: Other, account: string, password: string): Promise<AccountAnswer> {
    const answer = await this.#backend(config).check(backendUser(account), password);
    if (answer.kind !== 'ok') return answer;
    const address = addressKey(answer.address ?? account);
    return { kind: 'ok', account: (await this.#ensureAccount(config, address)) ? address : undefined };
  }

  isOfStore({ origin, address }: Pick<StoredCredentials, 'origin' | 'address'>): boolean {
    return origin === 'store' && this.list(address).includes('store');
  }

  async stillVouchesFor({ origin, address }: Pick<StoredCredentials, 'origin' | 'address'>): Promise<boolean> {
    if (origin === 'store') return true;
    const config = this.list(address).find((one) => one !== 'store' && one.name === origin);
    // A back end that was taken out of the configuration vouches for nobody.
    if (config === undefined || config === 'store') return false;
    return (await this.#exists(config, address)) ?? true;
  }

  async provision(address: string): Promise<boolean> {
    for (const config of this.list(address)) {
      if (config === 'store' || config.provision === false) continue;
      if ((await this.#exists(config, address)) && (await this.#ensureAccount(config, address))) return true;
    }
    return false;
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all([...open.map((backend) => backend.close()), this.#schemes.close()]);
  }

  /** False when there is no such account and none can be made. */
  async #ensureAccount({ name, provision = true }: Other, address: string): Promise<boolean> {
    const { store, clock, log } = this.#options;
    if (await store.directory.credentials(address)) return true;
    if (!provision || !parseMailbox(address, { utf8: true })) return false;
    try {
      await store.directory.addAccount(address, unmatchableCredentials(), clock.now(), { origin: name });
      log.info('account.added', { account: address, backend: name });
      return true;
    } catch (error) {
      if (!(error instanceof Failure) || error.temporary) throw error;
      // Somebody else was quicker.
      if (error.code === 'account-exists') return true;
      log.warn('login.mailbox-refused', { account: address, domain: domainOf(address), backend: name, reason: error.code });
      return false;
    }
  }

  async #exists(config: Other, address: string): Promise<boolean | undefined> {
    const now = this.#options.clock.monotonic();
    const key = `${config.name} ${address}`;
    const known = this.#existence.get(key);
    if (known && known.until > now) return known.exists;
    const exists = await this.#backend(config).exists(backendUser(address));
    this.#existence.delete(key);
    this.#existence.set(key, { exists, until: now + ACCOUNT_LIMITS.existenceCacheMs });
    if (this.#existence.size > ACCOUNT_LIMITS.existenceCacheEntriesMax) this.#existence.delete(this.#existence.keys().next().value as string);
    return exists;
  }

  #backend(config: Other): LoginBackend {
    const { backends } = this.#options.settings();
    if (this.#openFor !== backends) this.#leaveOld(backends);
    const key = JSON.stringify(config);
    let backend = this.#open.get(key);
    if (!backend) {
      backend = this.#create(config);
      this.#open.set(key, backend);
    }
    return backend;
  }

  /** After a reload: those that are configured as before stay. */
  #leaveOld(backends: readonly BackendConfig[]): void {
    this.#openFor = backends;
    this.#existence.clear();
    const wanted = new Set(backends.map((one) => JSON.stringify(one)));
    for (const [key, backend] of this.#open) {
      if (wanted.has(key)) continue;
      this.#open.delete(key);
      backend.close().catch((error: unknown) => this.#options.log.warn('login.backend-close-failed', { backend: backend.name, error: String(error) }));
    }
  }

  #create(config: Other): LoginBackend {
    const { log } = this.#options;
    switch (config.kind) {
      case 'file':
        return createFileBackend(config, this.#schemes);
      case 'ldap':
        return createLdapBackend(config, log);
      case 'sql':
        return createSqlBackend(config, this.#schemes, log);
      case 'dovecot':
        return createDovecotBackend(config, log);
    }
  }
}

function isAsked({ domains = [] }: BackendConfig, domain: string): boolean {
  return domains.length === 0 || domains.includes(domain);
}
