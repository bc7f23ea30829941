/**
 * Reads what the servers that took a message wrote on top of it: from whom it came to them, and how. For messages that
 * were saved as a file, when nobody remembers the connection.
 *
 * Policy: only the trace of the receiving side is believed, which is the top of the header; below it anybody may have
 * written anything. Hops inside of a site (loopback, private networks) are passed over; the first one beyond them is where
 * the message came in.
 */
import { isIP } from 'node:net';
import { isInnerAddress, isLoopbackAddress } from '../base/public-address.ts';
import { parseAuthenticationResults, type AuthenticationResults } from './authentication-results.ts';
import { firstField, type HeaderField } from './header.ts';

export interface ReadReceived {
  /** What the client said in HELO or EHLO. */
  readonly helo: string | undefined;
  readonly address: string | undefined;
  /** Undefined: it does not say. */
  readonly encrypted: boolean | undefined;
  /** The server that wrote the field. */
  readonly by: string | undefined;
}

export interface ArrivalClaims extends ReadReceived {
  /** Return-Path above the trace; '' is the null sender. */
  readonly sender: string | undefined;
  /** Of the server that wrote the topmost Received field. */
  readonly results: AuthenticationResults | undefined;
}

/** Hops inside of one site. */
const INNER_HOPS_MAX = 10;
const FIELD_CHARS_MAX = 4000;

/** Each undefined where the header does not tell. */
export function readArrival(fields: readonly HeaderField[]): ArrivalClaims {
  const received = fields.filter(({ lower }) => lower === 'received').slice(0, INNER_HOPS_MAX).map(({ value }) => readReceived(value));
  const arrival = received.find(({ address }) => address !== undefined && !isInner(address));
  const top = received[0];
  return {
    helo: arrival?.helo,
    address: arrival?.address,
    encrypted: arrival?.encrypted,
    by: arrival?.by,
    sender: returnPath(fields),
    results: top?.by === undefined ? undefined : resultsOf(fields, received.flatMap(({ by }) => by ?? []).slice(0, received.indexOf(arrival ?? top) + 1)),
  };
}

/** Postfix, Exim, Sendmail, Google, Microsoft and our own write it differently; what is not recognised is undefined. */
export function readReceived(value: string): ReadReceived {
  const text = value.slice(0, FIELD_CHARS_MAX);
  const byAt = text.search(/(?:^|\s)by\s/);
  const from = /^from\s/i.test(text) ? text.slice(5, byAt < 0 ? text.length : byAt) : '';
  const [, by] = byAt < 0 ? [] : (/by\s+([^\s;()]{1,255})/.exec(text.slice(byAt)) ?? []);
  const [first = ''] = from.trim().split(/\s/);
  const [, said] = /\bhelo=([^\s()]{1,255})/.exec(from) ?? [];
  const secure = /\b(?:UTF8)?(?:ESMTP|LMTP|SMTP)SA?\b/i.test(text.slice(Math.max(0, byAt))) || /\bTLSv?1|\bversion=TLS|\bTLS_/.test(text);
  return { helo: (said ?? first) || undefined, address: addressIn(from), encrypted: from === '' ? undefined : secure, by: by?.toLowerCase() };
}

/** In brackets or parentheses, behind the name that the client said. */
function addressIn(from: string): string | undefined {
  const found = [...from.matchAll(/[[(](?:IPv6:)?([0-9a-f:.]{3,45})[\])]/gi)].map(([, address = '']) => address).filter((address) => isIP(address) !== 0);
  return found.at(-1);
}

/** In the lab the outside is 127.x, too; only the machine itself is inside. */
function isInner(address: string): boolean {
  return isLoopbackAddress(address) ? address === '127.0.0.1' || address === '::1' : isInnerAddress(address);
}

/** Believed only above all Received fields: that is where the final delivery puts it (RFC 5321 §4.4). */
function returnPath(fields: readonly HeaderField[]): string | undefined {
  const trace = fields.findIndex(({ lower }) => lower === 'received');
  const field = firstField(trace < 0 ? [] : fields.slice(0, trace), 'return-path');
  const [, address] = /^\s*<([^<>\s]{0,320})>\s*$/.exec(field?.value ?? '') ?? [];
  return address;
}

/** By a server of the receiving site, before anything that came with the message (RFC 8601 §5). */
function resultsOf(fields: readonly HeaderField[], servers: readonly string[]): AuthenticationResults | undefined {
  const candidates = fields.filter(({ lower }) => lower === 'authentication-results').slice(0, INNER_HOPS_MAX);
  for (const { value } of candidates) {
    const results = parseAuthenticationResults(value);
    if (results && servers.some((server) => sameSite(server, results.authservId.toLowerCase()))) return results;
  }
  return undefined;
}

function sameSite(one: string, other: string): boolean {
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`) || one.split('.').slice(1).join('.') === other;
}
