/**
 * Sets of networks: does an address belong to one of these CIDR blocks?
 *
 * An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, what a dual-stack listener reports) is looked up as the IPv4 address
 * it carries, so that a list written for IPv4 holds on every listener. A zone (`%eth0`) is not part of the comparison.
 * What is not an address belongs to no network.
 */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { Failure } from '../base/errors.ts';

export interface NetworkSet {
  /** False for text that is no address. */
  has(address: string): boolean;
}

/** Entries are `address/prefix` or a single address. Throws Failure `bad-network` that quotes the entry it cannot read. */
export function createNetworkSet(cidrs: readonly string[]): NetworkSet {
  const blocks = new BlockList();
  for (const cidr of cidrs) addNetwork(blocks, cidr);
  return {
    has(address) {
      const plain = plainAddress(address);
      const family = isIP(plain);
      return family !== 0 && blocks.check(plain, family === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** The address without zone, an IPv4-mapped one as IPv4; other text comes back as it is. */
export function plainAddress(address: string): string {
  const zone = address.indexOf('%');
  const bare = zone === -1 ? address : address.slice(0, zone);
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const hexMapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(bare);
  if (!hexMapped?.[1] || !hexMapped[2]) return bare;
  const high = Number.parseInt(hexMapped[1], 16);
  const low = Number.parseInt(hexMapped[2], 16);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function addNetwork(blocks: BlockList, cidr: string): void {
  const [address = '', prefixText, ...rest] = cidr.split('/');
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
  const bits = family === 'ipv4' ? 32 : 128;
  const prefix = prefixText === undefined ? bits : /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : -1;
  if (family === undefined || rest.length > 0 || prefix < 0 || prefix > bits) {
    throw new Failure('bad-network', `"${cidr}" is not a network; write it as 192.0.2.0/24 or 2001:db8::/32`, { temporary: false });
  }
  const mapped = family === 'ipv6' && prefix >= 96 ? plainAddress(address) : address;
  if (mapped === address) blocks.addSubnet(address, prefix, family);
  else blocks.addSubnet(mapped, prefix - 96, 'ipv4');
}
