/**
 * Open SMTP connections that wait for their next message, a few seconds at most. A connection that its peer closes while
 * it waits is dropped silently: that is no failure. Keys say everything that makes two connections the same (address,
 * port, source address, EHLO name, TLS demands, log-in), so a message never travels on less than it asked for.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../base/limits.ts';
import type { SmtpConnection } from './smtp-client.ts';

export interface PoolLimits {
  readonly idleConnectionMs: number;
  readonly idleConnectionsMax: number;
}

interface Idle {
  readonly key: string;
  readonly group: string;
  readonly connection: SmtpConnection;
  readonly timer: Timer;
}

export class ConnectionPool {
  readonly #clock: Clock;
  readonly #limits: PoolLimits;
  readonly #idle = new Map<string, Idle[]>();
  #size = 0;
  #closed = false;

  constructor(clock: Clock, limits: PoolLimits = SMTP_CLIENT_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Connections waiting. */
  get size(): number {
    return this.#size;
  }

  /**
   * The one used last, because it is the least likely to have been closed; undefined when none waits. One that has
   * carried `messagesMax` messages is left instead.
   */
  take(key: string, messagesMax = Number.POSITIVE_INFINITY): SmtpConnection | undefined {
    for (;;) {
      const entry = this.#idle.get(key)?.at(-1);
      if (!entry) return undefined;
      this.#remove(entry);
      if (entry.connection.reusable && entry.connection.transactions < messagesMax) return entry.connection;
      entry.connection.quit();
    }
  }

  /**
   * Leaves one waiting connection of this group, if there is one: called before a new one is opened, so that those that
   * wait never come on top of those that a site allows.
   */
  makeRoom(group: string): void {
    for (const entries of this.#idle.values()) {
      const entry = entries.find((idle) => idle.group === group);
      if (entry) return this.#drop(entry);
    }
  }

  /** Keeps the connection when it can carry more, else says QUIT. `group`: whose connections are counted together. */
  give(key: string, connection: SmtpConnection, group = ''): void {
    if (this.#closed || !connection.reusable || this.#size >= this.#limits.idleConnectionsMax) return connection.quit();
    const timer = this.#clock.timer(this.#limits.idleConnectionMs, () => this.#drop(entry));
    const entry: Idle = { key, group, connection, timer };
    const entries = this.#idle.get(key);
    if (entries) entries.push(entry);
    else this.#idle.set(key, [entry]);
    this.#size += 1;
    connection.watchIdle(() => this.#drop(entry));
  }

  /** Leaves every waiting connection and keeps none from now on. */
  closeAll(): void {
    this.#closed = true;
    this.leaveIdle();
  }

  /** Leaves every waiting connection; later ones are kept again. */
  leaveIdle(): void {
    for (const entry of Array.from(this.#idle.values()).flat()) this.#drop(entry);
  }

  #drop(entry: Idle): void {
    this.#remove(entry);
    entry.connection.quit();
  }

  #remove(entry: Idle): void {
    const entries = this.#idle.get(entry.key);
    const position = entries?.indexOf(entry) ?? -1;
    if (!entries || position === -1) return;
    entries.splice(position, 1);
    if (entries.length === 0) this.#idle.delete(entry.key);
    this.#size -= 1;
    entry.timer.cancel();
    entry.connection.watchIdle(undefined);
  }
}
