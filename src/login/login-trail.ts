/**
 * What is kept of log-ins: the audit, the last use of app passwords, and the addresses that accounts were at home at.
 *
 * Policy: written in batches behind, never delaying a log-in; like events of one batch become one row. A store that does
 * not answer costs at most the newest events that fit in memory. Addresses are kept as HMACs: who reads the database
 * learns from the audit where somebody was, for as long as that is kept, and nothing more from this table.
 */
import { createHmac } from 'node:crypto';
import { ACCOUNT_LIMITS } from '../base/account-limits.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { LoginConfig } from '../config/login-config.ts';
import type { LoginContext, LoginDenial } from '../contract/directory.ts';
import type { StoreClients } from '../store/store-clients.ts';
import { homeOf } from './network.ts';

export interface LoginTrailOptions {
  readonly store: Pick<StoreClients, 'directory' | 'logins'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: () => Pick<LoginConfig, 'auditRetentionMs' | 'knownAddressMs'>;
}

export interface NotedLogin {
  readonly account: string;
  readonly outcome: 'ok' | LoginDenial;
  readonly appPassword?: string;
}

interface Waiting {
  readonly event: Omit<Parameters<StoreClients['logins']['note']>[0]['events'][number], 'times' | 'lastAt'>;
  times: number;
  lastAt: number;
}

export class LoginTrail {
  readonly #options: LoginTrailOptions;
  #waiting = new Map<string, Waiting>();
  /** `account home`, to the time of the last log-in that is still to be written down. */
  #homes = new Map<string, { readonly account: string; readonly home: string; readonly at: number }>();
  /** Of those written down: when, by the same key. */
  readonly #noted = new Map<string, number>();
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #secret: Promise<Buffer> | undefined;

  constructor(options: LoginTrailOptions) {
    this.#options = options;
  }

  note({ account, outcome, appPassword = '' }: NotedLogin, { service, clientAddress, mechanism = '' }: LoginContext): void {
    const at = this.#options.clock.now();
    const key = [account, service, clientAddress, mechanism, appPassword, outcome].join('\0');
    const known = this.#waiting.get(key);
    if (known) {
      known.times += 1;
      known.lastAt = at;
    } else if (this.#waiting.size < ACCOUNT_LIMITS.auditWaitingMax) {
      this.#waiting.set(key, { event: { account, service, clientAddress, mechanism, appPassword, outcome, firstAt: at }, times: 1, lastAt: at });
    }
    if (outcome === 'ok') this.#noteHome(account, clientAddress, at);
    this.#timer ??= this.#options.clock.timer(ACCOUNT_LIMITS.auditDelayMs, () => void this.flush());
  }

  /** Did this account log in from there before? False when the store does not answer: then nothing can be checked anyway. */
  async isKnown(account: string, clientAddress: string): Promise<boolean> {
    const home = homeOf(clientAddress);
    const since = this.#options.clock.now() - this.#options.settings().knownAddressMs;
    const remembered = this.#homes.get(`${account} ${home}`)?.at ?? this.#noted.get(`${account} ${home}`);
    if (remembered !== undefined && remembered > since) return true;
    return this.#options.store.logins.isKnownAddress(account, await this.#digest(account, home), since);
  }

  /** Resolves when everything noted so far is in the store, or could not be written. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  #noteHome(account: string, clientAddress: string, at: number): void {
    const home = homeOf(clientAddress);
    const key = `${account} ${home}`;
    const notedAt = this.#noted.get(key);
    if (notedAt !== undefined && at - notedAt < ACCOUNT_LIMITS.knownAddressRefreshMs) return;
    if (this.#homes.size < ACCOUNT_LIMITS.auditWaitingMax) this.#homes.set(key, { account, home, at });
  }

  async #write(): Promise<void> {
    const { store, clock, log, settings } = this.#options;
    if (this.#waiting.size === 0 && this.#homes.size === 0) return;
    const waiting = this.#waiting;
    const homes = this.#homes;
    this.#waiting = new Map();
    this.#homes = new Map();
    try {
      const { auditRetentionMs, knownAddressMs } = settings();
      await store.logins.note({
        events: [...waiting.values()].map(({ event, times, lastAt }) => ({ ...event, times, lastAt })),
        addresses: await Promise.all([...homes.values()].map(async ({ account, home, at }) => ({ account, at, digest: await this.#digest(account, home) }))),
        keepEventsFrom: clock.now() - auditRetentionMs,
        keepAddressesFrom: clock.now() - knownAddressMs,
      });
      for (const [key, { at }] of homes) this.#rememberNoted(key, at);
    } catch (error) {
      log.warn('login.audit-failed', { events: waiting.size, error: String(error) });
      for (const [key, entry] of waiting) if (this.#waiting.size < ACCOUNT_LIMITS.auditWaitingMax && !this.#waiting.has(key)) this.#waiting.set(key, entry);
      for (const [key, entry] of homes) if (!this.#homes.has(key)) this.#homes.set(key, entry);
    }
  }

  #rememberNoted(key: string, at: number): void {
    this.#noted.delete(key);
    this.#noted.set(key, at);
    if (this.#noted.size > ACCOUNT_LIMITS.existenceCacheEntriesMax) this.#noted.delete(this.#noted.keys().next().value as string);
  }

  async #digest(account: string, home: string): Promise<Buffer> {
    this.#secret ??= this.#options.store.directory.secret('login-addresses');
    this.#secret.catch(() => (this.#secret = undefined));
    return createHmac('sha256', await this.#secret).update(`${account}\0${home}`).digest();
  }
}
