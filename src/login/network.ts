/** Client addresses as the log-in sees them: what one customer has, and what one household has. */
import { isIPv4, isIPv6 } from 'node:net';

/** The /24 of an IPv4 address and the /64 of an IPv6 one: what one customer has to change addresses in. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  return isIPv4(plain) ? `${plain.slice(0, plain.lastIndexOf('.'))}.0/24` : prefixOf(plain, 64);
}

/** The /48 of an IPv6 address: what many get for nothing, with 65,536 networks of their own in it. Undefined for all others. */
export function siteOf(address: string): string | undefined {
  const plain = plainAddress(address);
  return isIPv6(plain) && !plain.includes('%') ? prefixOf(plain, 48) : undefined;
}

/** An IPv4 address itself; of IPv6 the /64, since a device there changes its address every day. */
export function homeOf(address: string): string {
  const plain = plainAddress(address);
  return isIPv4(plain) ? plain : prefixOf(plain, 64);
}

export function isLoopback(address: string): boolean {
  return address === '::1' || plainAddress(address).startsWith('127.');
}

function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

function prefixOf(plain: string, bits: 48 | 64): string {
  if (!isIPv6(plain) || plain.includes('%')) return plain;
  const [head = '', tail = ''] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === '' ? [] : tail.split(':');
  const groups = [...front, ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0'), ...back];
  return `${groups.slice(0, bits / 16).join(':')}::/${bits}`;
}
