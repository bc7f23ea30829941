/**
 * The PROXY protocol of HAProxy, versions 1 and 2: who is really at the other end of a connection that a proxy made.
 * Source: proxy-protocol.txt of the HAProxy project, revision 2020-03-05.
 *
 * Policy: the first bytes must be the header, complete and well formed; anything else is invalid and the connection of
 * no use, since a client that could fake it could choose its address. TLVs are skipped.
 */
import { isIPv4, isIPv6 } from 'node:net';

export interface ProxyEndpoint {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly detail: string }
  /** The proxy speaks for itself (health check), or does not know: the connection's own addresses hold. */
  | { readonly kind: 'local'; readonly length: number }
  | { readonly kind: 'proxied'; readonly length: number; readonly source: ProxyEndpoint; readonly destination: ProxyEndpoint };

const SIGNATURE_V2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const SIGNATURE_V1 = Buffer.from('PROXY ');
/** The specification's longest line of version 1, CR LF included. */
const V1_BYTES_MAX = 107;
/** Fixed part of version 2. */
const V2_FIXED_BYTES = 16;
/** Addresses and TLVs; the length field could say 65535. */
const V2_REST_BYTES_MAX = 2048;

/** `length` of the result is how many bytes of `bytes` the header takes. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, SIGNATURE_V2)) return bytes.length < V2_FIXED_BYTES ? { kind: 'incomplete' } : parseBinary(bytes);
  if (startsLike(bytes, SIGNATURE_V1)) return parseText(bytes);
  return invalid('not a PROXY header');
}

function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.compare(signature, 0, length, 0, length) === 0;
}

function invalid(detail: string): ProxyHeader {
  return { kind: 'invalid', detail };
}

function parseText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_BYTES_MAX).indexOf('\r\n');
  if (end < 0) return bytes.length < V1_BYTES_MAX ? { kind: 'incomplete' } : invalid('the version 1 header has no end');
  const length = end + 2;
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = '', ...rest] = bytes.toString('latin1', 0, end).split(' ');
  if (family === 'UNKNOWN') return { kind: 'local', length };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
  if (!isAddress || !isAddress(source) || !isAddress(destination) || rest.length > 0) return invalid('the version 1 header has bad addresses');
  const ports = [readPort(sourcePort), readPort(destinationPort)] as const;
  if (ports[0] === undefined || ports[1] === undefined) return invalid('the version 1 header has a bad port');
  return { kind: 'proxied', length, source: { address: source, port: ports[0] }, destination: { address: destination, port: ports[1] } };
}

function readPort(text: string): number | undefined {
  const port = /^(?:0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : 65536;
  return port > 65535 ? undefined : port;
}

function parseBinary(bytes: Buffer): ProxyHeader {
  const version = bytes.readUInt8(12) >> 4;
  const command = bytes.readUInt8(12) & 15;
  const family = bytes.readUInt8(13);
  const restLength = bytes.readUInt16BE(14);
  const length = V2_FIXED_BYTES + restLength;
  if (version !== 2 || command > 1) return invalid('unknown version or command');
  if (restLength > V2_REST_BYTES_MAX) return invalid('the version 2 header is too long');
  if (bytes.length < length) return { kind: 'incomplete' };
  if (command === 0) return { kind: 'local', length };
  const rest = bytes.subarray(V2_FIXED_BYTES, length);
  // 0x11 is TCP over IPv4, 0x21 TCP over IPv6; UNSPEC and the rest must be answered as if nothing was said.
  if (family === 0x11) return parseAddresses(rest, length, 4);
  if (family === 0x21) return parseAddresses(rest, length, 16);
  return family === 0x00 || family === 0x31 ? { kind: 'local', length } : invalid('the version 2 header is not about TCP');
}

function parseAddresses(rest: Buffer, length: number, addressBytes: 4 | 16): ProxyHeader {
  if (rest.length < addressBytes * 2 + 4) return invalid('the version 2 header is too short for its addresses');
  const read = addressBytes === 4 ? ipv4Text : ipv6Text;
  const source = { address: read(rest.subarray(0, addressBytes)), port: rest.readUInt16BE(addressBytes * 2) };
  const destination = { address: read(rest.subarray(addressBytes, addressBytes * 2)), port: rest.readUInt16BE(addressBytes * 2 + 2) };
  return { kind: 'proxied', length, source, destination };
}

function ipv4Text(bytes: Buffer): string {
  return bytes.join('.');
}

/** RFC 5952 §4: lower case, the longest run of zero groups shortened. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  const runs = groups.join(':').match(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  const text = groups.join(':');
  if (longest === '') return text;
  const at = text.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`));
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}
