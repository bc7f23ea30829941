/** The network that a client's address stands for: providers give their customers changing addresses within it. Pure. */
import { isIPv4, isIPv6 } from 'node:net';

/** `192.0.2.0/24`, `2001:db8:1::/48`; undefined for what is no address. */
export function clientNetwork(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain)) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  if (!isIPv6(plain)) return undefined;
  // The URL parser gives the canonical form.
  const [head = ''] = new URL(`http://[${plain}]/`).hostname.slice(1, -1).split('::');
  const groups = head === '' ? [] : head.split(':');
  const first = [groups[0] ?? '0', groups[1] ?? '0', groups[2] ?? '0'];
  return `${first.join(':')}::/48`;
}
