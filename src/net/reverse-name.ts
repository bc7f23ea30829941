/** The name under which an address is found in the reverse tree: RFC 1035 §3.5, RFC 3596 §2.5; also the stem of DNSBL names. */
import { isIPv4, isIPv6 } from 'node:net';
import { plainAddress } from './cidr.ts';

/** `7.2.0.192.in-addr.arpa` or `….ip6.arpa`; undefined for text that is no address. IPv4-mapped addresses count as IPv4. */
export function reverseName(address: string): string | undefined {
  const plain = plainAddress(address);
  if (isIPv4(plain)) return `${reversedLabels(plain)}.in-addr.arpa`;
  if (isIPv6(plain)) return `${reversedLabels(plain)}.ip6.arpa`;
  return undefined;
}

/** Octets or nibbles from last to first, joined by dots; the caller knows that it is an address. */
function reversedLabels(address: string): string {
  if (isIPv4(address)) return address.split('.').toReversed().join('.');
  return [...expandIPv6(address)].toReversed().join('.');
}

/** 32 hexadecimal digits of a valid IPv6 address. */
export function expandIPv6(address: string): string {
  const dotted = /(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = dotted ? `${dotted[1]}${hexGroup(dotted[2], dotted[3])}:${hexGroup(dotted[4], dotted[5])}` : address;
  const [head = '', tail] = hex.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...middle, ...right].map((group) => group.toLowerCase().padStart(4, '0')).join('');
}

function hexGroup(high: string | undefined, low: string | undefined): string {
  return ((Number(high) << 8) | Number(low)).toString(16);
}
