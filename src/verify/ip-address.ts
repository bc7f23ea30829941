/**
 * IP addresses as bytes, for comparing with networks: 4 bytes for IPv4 (IPv4-mapped IPv6 too), 16 for IPv6.
 */
import { isIP, isIPv6 } from 'node:net';

export type IpBytes = Uint8Array;

/** Undefined when the text is no address. A zone (`%eth0`) is dropped. */
export function parseIp(text: string): IpBytes | undefined {
  const percent = text.indexOf('%');
  const bare = percent < 0 ? text : text.slice(0, percent);
  switch (isIP(bare)) {
    case 4:
      return parseIpv4(bare);
    case 6:
      return unmapped(parseIpv6(bare));
    default:
      return undefined;
  }
}

/** As parseIp, but only for IPv4 in dotted form. */
export function parseIpv4(text: string): IpBytes | undefined {
  if (text.length > 15) return undefined;
  const bytes = new Uint8Array(4);
  let part = 0;
  let digits = 0;
  let value = 0;
  // By hand: SPF records hold hundreds of them, and a regular expression took most of the time.
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || part === 3) return undefined;
      bytes[part] = value;
      part += 1;
      digits = 0;
      value = 0;
      continue;
    }
    // No leading zeros: some read them as octal.
    if (code < ZERO || code > NINE || (digits > 0 && value === 0)) return undefined;
    value = value * 10 + code - ZERO;
    digits += 1;
    if (value > 255) return undefined;
  }
  if (digits === 0 || part !== 3) return undefined;
  bytes[3] = value;
  return bytes;
}

const DOT = 46;
const ZERO = 48;
const NINE = 57;

/** Always 16 bytes, IPv4-mapped addresses included. */
export function parseIpv6(text: string): IpBytes | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const gap = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => 0);
  const bytes = new Uint8Array(16);
  [...front, ...gap, ...back].forEach((group, index) => {
    bytes[index * 2] = group >> 8;
    bytes[index * 2 + 1] = group & 0xff;
  });
  return bytes;
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function unmapped(bytes: IpBytes | undefined): IpBytes | undefined {
  if (!bytes) return undefined;
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? bytes.subarray(12) : bytes;
}

/** Are the first `prefixBits` bits equal? False for addresses of different families. */
export function sameNetwork(a: IpBytes, b: IpBytes, prefixBits: number): boolean {
  if (a.length !== b.length) return false;
  const whole = prefixBits >> 3;
  for (let index = 0; index < whole; index++) if (a[index] !== b[index]) return false;
  const rest = prefixBits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((a[whole] ?? 0) & mask) === ((b[whole] ?? 0) & mask);
}

/** The name whose PTR records name the address (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(ip: IpBytes): string {
  if (ip.length === 4) return `${Array.from(ip).toReversed().join('.')}.in-addr.arpa`;
  return `${nibbles(ip).toReversed().join('.')}.ip6.arpa`;
}

/** Hexadecimal digits, most significant first. */
export function nibbles(ip: IpBytes): string[] {
  return Array.from(ip, (byte) => byte.toString(16).padStart(2, '0')).join('').split('');
}
