/**
 * Who may have a connection: counts in all and for each client.
 *
 * Policy: an IPv6 client is its /64, because a client has all of it. Trusted clients are counted in all only: an
 * application server may need many connections.
 */
import type { Config } from '../../config/config.ts';
import { clientKey } from '../../net/network-list.ts';
import type { ConnectionTally } from './tally.ts';

export class ClientCounts {
  readonly #tally: ConnectionTally;
  readonly #config: Pick<Config, 'smtp'>;

  constructor(config: Pick<Config, 'smtp'>, tally: ConnectionTally) {
    this.#config = config;
    this.#tally = tally;
  }

  /** A function that gives the place back (once), or undefined when the client has its share. */
  enter(address: string): (() => void) | undefined {
    const key = clientKey(address);
    if (this.#tally.enter(key) > this.#config.smtp.maxConnectionsPerClient) {
      this.#tally.leave(key);
      return undefined;
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#tally.leave(key);
    };
  }
}
