/** Clients by address: whether it lies in a network of the configuration, and under which name a client is counted. */
import { isIPv6 } from 'node:net';
import { createNetworkSet } from './cidr.ts';
import type { NetworkSet } from './cidr.ts';

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

/** An IPv6 client is its /64, because a client has all of it: the first four groups, good enough as a key, no address. */
export function clientKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::', 2);
  const front = head === '' ? [] : head.split(':');
  const back = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}
