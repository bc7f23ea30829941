/**
 * Who may have a connection: counts in all and for each client, and whose address lies in which network.
 *
 * Policy: an IPv6 client is its /64, because a client has all of it. Trusted clients are counted in all only: an
 * application server may need many connections.
 */
import { isIPv6 } from 'node:net';
import type { Config } from '../../config/config.ts';
import { createNetworkSet } from '../../net/cidr.ts';
import type { NetworkSet } from '../../net/cidr.ts';
import type { ConnectionTally } from './tally.ts';

/** Networks of the configuration; follows a reload, which puts another list in its place. */
export class NetworkList {
  readonly #current: () => readonly string[];
  #seen: readonly string[] = [];
  #set: NetworkSet = createNetworkSet([]);

  constructor(current: () => readonly string[]) {
    this.#current = current;
  }

  has(address: string): boolean {
    const list = this.#current();
    if (list !== this.#seen) {
      this.#set = createNetworkSet(list);
      this.#seen = list;
    }
    return list.length > 0 && this.#set.has(address);
  }
}

export class ClientCounts {
  readonly #tally: ConnectionTally;
  readonly #config: Pick<Config, 'smtp'>;

  constructor(config: Pick<Config, 'smtp'>, tally: ConnectionTally) {
    this.#config = config;
    this.#tally = tally;
  }

  /** A function that gives the place back (once), or undefined when the client has its share. */
  enter(address: string): (() => void) | undefined {
    const key = isIPv6(address) ? network64(address) : address;
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

/** The first four groups; good enough as a key, no address. */
function network64(address: string): string {
  const [head = '', tail] = address.split('::', 2);
  const front = head === '' ? [] : head.split(':');
  const back = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}
