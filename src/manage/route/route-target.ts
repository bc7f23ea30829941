/** The target of a route as people write it, in Postfix's way: `[host]:port` is that host, `host:port` its MX hosts. */
import { isIP } from 'node:net';
import { parseMailbox } from '../../mail/address.ts';
import type { RelayTarget } from '../../contract/sending.ts';

export type RouteAim = { readonly kind: 'mx' } | ({ readonly kind: 'relay' } & Pick<RelayTarget, 'host' | 'lookup'> & { readonly port?: number });

/** `undefined` for what is none. `mx` alone is delivery by MX; a host of that name is written in brackets. */
export function parseRouteAim(text: string): RouteAim | undefined {
  const trimmed = text.trim();
  if (trimmed === 'mx') return { kind: 'mx' };
  const bracketed = /^\[([^\]]{1,255})\](?::(\d{1,5}))?$/.exec(trimmed);
  const plain = isIP(trimmed) === 6 ? [trimmed, trimmed, undefined] : /^([^[\]:\s]{1,255})(?::(\d{1,5}))?$/.exec(trimmed);
  const found = bracketed ?? plain;
  const host = found?.[1] === undefined ? undefined : hostOf(found[1]);
  if (!found || host === undefined) return undefined;
  const port = found[2] === undefined ? undefined : Number(found[2]);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  const byMx = !bracketed && isIP(host) === 0;
  return { kind: 'relay', host, ...(port === undefined ? {} : { port }), ...(byMx ? { lookup: 'mx' as const } : {}) };
}

/** As people read it. */
export function routeAimText({ host, port, lookup, protocol }: Pick<RelayTarget, 'host' | 'port' | 'lookup' | 'protocol'>): string {
  if (protocol === 'lmtp') return host.startsWith('/') ? `lmtp:${host}` : `lmtp:[${host}]:${port}`;
  return lookup === 'mx' ? `${host}:${port}` : `[${host}]:${port}`;
}

function hostOf(text: string): string | undefined {
  const address = text.replace(/^ipv6:/i, '');
  if (isIP(address) !== 0) return address;
  // With a stand-in local part, parseMailbox tells whether it is a host name.
  return parseMailbox(`x@${text}`) && !text.startsWith('[') ? text.toLowerCase() : undefined;
}
