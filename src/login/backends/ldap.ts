/**
 * An LDAP directory: finds the entry of a user and logs in as it (simple bind), or logs in with a DN made from a template.
 *
 * Policy: an empty password never reaches the server, which would take it for an anonymous bind and say yes (RFC 4513
 * §5.1.2). What a user typed is escaped in filters (RFC 4515 §3) and names (RFC 4514 §2.4). A search must find exactly one
 * entry. Certificates are verified always. One connection searches and is kept; each password has a connection of its
 * own, since a bind changes who a connection is.
 */
import { readFile } from 'node:fs/promises';
import type { Client } from 'ldapts';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { LdapBackendConfig } from '../../config/login-config.ts';
import { backendDown, type BackendAnswer, type BackendUser, type LoginBackend } from './backend.ts';

export function createLdapBackend(config: LdapBackendConfig, log: Log): LoginBackend {
  return new LdapBackend(config, log);
}

interface Entry {
  readonly dn: string;
  readonly address: string | undefined;
}

/** RFC 4511 §4.1.9. */
const INVALID_CREDENTIALS = 49;
const NO_SUCH_OBJECT = 32;
const INVALID_DN_SYNTAX = 34;
const INAPPROPRIATE_AUTHENTICATION = 48;
/** The account is locked, or the server refuses for reasons of its own: no. */
const UNWILLING = 53;

class LdapBackend implements LoginBackend {
  readonly name: string;
  readonly #config: LdapBackendConfig;
  readonly #log: Log;
  readonly #places = new Semaphore(ACCOUNT_LIMITS.backendConnectionsMax);
  #waiting = 0;
  #searcher: Promise<Client> | undefined;
  #closed = false;

  constructor(config: LdapBackendConfig, log: Log) {
    this.name = config.name;
    this.#config = config;
    this.#log = log;
  }

  check(user: BackendUser, password: string): Promise<BackendAnswer> {
    if (password === '') return Promise.resolve({ kind: 'wrong' });
    return this.#guarded(async () => {
      const { bindTemplate } = this.#config;
      // A template makes a name for everybody: whether it exists is not told apart from a wrong password.
      if (bindTemplate !== undefined) return (await this.#binds(fillTemplate(bindTemplate, user, escapeDn), password)) ? { kind: 'ok' } : { kind: 'unknown' };
      const entry = await this.#find(user);
      if (!entry) return { kind: 'unknown' };
      if (!(await this.#binds(entry.dn, password))) return { kind: 'wrong' };
      return { kind: 'ok', ...(entry.address === undefined ? {} : { address: entry.address }) };
    });
  }

  async exists(user: BackendUser): Promise<boolean | undefined> {
    if (this.#config.base === undefined) return undefined;
    return this.#guarded(async () => (await this.#find(user)) !== undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#dropSearcher();
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= ACCOUNT_LIMITS.backendWaitingMax) throw new Failure('login-busy', 'too many log-ins at once, try again later');
    this.#waiting += 1;
    try {
      return await this.#places.run(work);
    } catch (error) {
      if (error instanceof Failure) throw error;
      this.#log.warn('login.backend-failed', { backend: this.name, error: describe(error) });
      throw backendDown(this.name, describe(error), error);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** A connection that the server has closed meanwhile is replaced once. */
  async #find(user: BackendUser): Promise<Entry | undefined> {
    const kept = this.#searcher !== undefined;
    try {
      return await this.#search(user);
    } catch (error) {
      await this.#dropSearcher();
      if (!kept) throw error;
      return this.#search(user).catch(async (again: unknown) => {
        await this.#dropSearcher();
        throw again;
      });
    }
  }

  async #search(user: BackendUser): Promise<Entry | undefined> {
    const { base = '', filter = '(mail=%u)', addressAttribute } = this.#config;
    const client = await (this.#searcher ??= this.#openSearcher());
    const { searchEntries } = await client.search(base, {
      scope: 'sub',
      filter: fillTemplate(filter, user, escapeFilter),
      attributes: [addressAttribute ?? '1.1'],
      sizeLimit: ACCOUNT_LIMITS.backendRowsMax,
      timeLimit: ACCOUNT_LIMITS.backendTimeoutMs / 1000,
    });
    if (searchEntries.length > 1) throw new Error(`the search found more than one entry for ${user.user}`);
    const [entry] = searchEntries;
    if (!entry) return undefined;
    const value = addressAttribute === undefined ? undefined : entry[addressAttribute];
    const first = Array.isArray(value) ? value[0] : value;
    return { dn: entry.dn, address: typeof first === 'string' && first.includes('@') ? first : undefined };
  }

  async #openSearcher(): Promise<Client> {
    const { bindDn, bindPasswordFile } = this.#config;
    const client = await this.#connect();
    try {
      if (bindDn !== undefined && bindPasswordFile !== undefined) await client.bind(bindDn, (await readFile(bindPasswordFile, 'utf8')).replace(/\r?\n$/, ''));
      return client;
    } catch (error) {
      await leave(client);
      // Our own password is wrong: not the user's fault, so never told as one.
      throw new Error(`log-in as ${bindDn}: ${describe(error)}`, { cause: error });
    }
  }

  async #binds(dn: string, password: string): Promise<boolean> {
    const client = await this.#connect();
    try {
      await client.bind(dn, password);
      return true;
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if ([INVALID_CREDENTIALS, NO_SUCH_OBJECT, INVALID_DN_SYNTAX, INAPPROPRIATE_AUTHENTICATION, UNWILLING].includes(code as number)) return false;
      throw error;
    } finally {
      await leave(client);
    }
  }

  async #connect(): Promise<Client> {
    if (this.#closed) throw new Error('it is being closed');
    const { Client } = await import('ldapts');
    const { url, startTls, caFile } = this.#config;
    const tls = caFile === undefined ? {} : { ca: [await readFile(caFile, 'utf8')] };
    const timeouts = { timeout: ACCOUNT_LIMITS.backendTimeoutMs, connectTimeout: ACCOUNT_LIMITS.backendTimeoutMs };
    const client = new Client({ url, ...timeouts, ...(url.startsWith('ldaps:') && { tlsOptions: tls }), strictDN: false });
    if (startTls) {
      try {
        await client.startTLS({ ...tls, host: new URL(url).hostname });
      } catch (error) {
        await leave(client);
        throw error;
      }
    }
    return client;
  }

  async #dropSearcher(): Promise<void> {
    const searcher = this.#searcher;
    this.#searcher = undefined;
    const client = await searcher?.catch(() => undefined);
    if (client) await leave(client);
  }
}

async function leave(client: Client): Promise<void> {
  await client.unbind().catch(() => {});
}

/** `%u`, `%n`, `%d` of the user, escaped; `%%` is a percent sign. */
function fillTemplate(template: string, { user, local, domain }: BackendUser, escape: (text: string) => string): string {
  const values: Readonly<Record<string, string>> = { u: user, n: local, d: domain };
  return template.replace(/%([und%])/g, (_, letter: string) => (letter === '%' ? '%' : escape(values[letter] ?? '')));
}

/** RFC 4515 §3: everything but letters, digits and a few harmless signs as `\xx` of its UTF-8 bytes. */
function escapeFilter(text: string): string {
  return [...Buffer.from(text, 'utf8')].map((byte) => (/[A-Za-z0-9@._+-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, '0')}`)).join('');
}

/** RFC 4514 §2.4: the same, which a name may use for any byte. */
function escapeDn(text: string): string {
  return [...Buffer.from(text, 'utf8')].map((byte) => (/[A-Za-z0-9@._-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, '0')}`)).join('');
}

function describe(error: unknown): string {
  const { name, message, code } = error as { name?: string; message?: string; code?: unknown };
  return `${name ?? 'Error'}${code === undefined ? '' : ` ${String(code)}`}: ${(message ?? String(error)).slice(0, 300)}`;
}
