/** One spelling for each IP address: IPv4 as it is, IPv6 as RFC 5952 writes it, IPv4 mapped into IPv6 as IPv4. */

/** `address` is an IP address in any valid spelling. */
export function canonicalAddress(address: string): string {
  if (!address.includes(':')) return address;
  const plain = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain);
  if (!mapped) return plain;
  const [high, low] = [Number.parseInt(mapped[1] as string, 16), Number.parseInt(mapped[2] as string, 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
