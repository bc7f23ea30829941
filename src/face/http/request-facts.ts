/**
 * What a request says of itself: host, path, who asks. Pure.
 *
 * Policy: the path is taken as it was sent, neither decoded nor shortened, so that routes compare what a proxy in front
 * compared. X-Forwarded-For and X-Forwarded-Proto count only from proxies of the configuration, and of the former the
 * last entry that is no proxy itself: what stands further left was written by the client.
 */
import { isIP } from 'node:net';
import { HTTP_SERVER_LIMITS } from '../../base/http-limits.ts';

export interface RawRequest {
  /** As in the request line. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the connection. */
  readonly peer: string;
  readonly encrypted: boolean;
}

export interface RequestFacts {
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly clientAddress: string;
  readonly forwarded?: 'client' | 'without-client';
  readonly secure: boolean;
}

const HOST = /^(?:[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?\.?|\[[0-9a-f:.]{2,45}\])$/;

/** Undefined: the request names no host, or is for no path. */
export function requestFacts(request: RawRequest, isProxy: (address: string) => boolean): RequestFacts | undefined {
  const target = splitTarget(request.target, request.headers['host'] ?? '');
  if (!target) return undefined;
  const host = hostOf(target.authority);
  if (host === undefined) return undefined;
  const question = target.rest.indexOf('?');
  const path = question < 0 ? target.rest : target.rest.slice(0, question);
  const peer = plainAddress(request.peer);
  const behindProxy = isProxy(peer);
  const client = behindProxy ? forwardedClient(request.headers['x-forwarded-for'], isProxy) : undefined;
  return {
    host,
    path,
    query: new URLSearchParams(question < 0 ? '' : target.rest.slice(question + 1)),
    clientAddress: client ?? peer,
    ...(behindProxy && { forwarded: client === undefined ? 'without-client' : 'client' }),
    secure: request.encrypted || (behindProxy && request.headers['x-forwarded-proto']?.trim().toLowerCase() === 'https'),
  };
}

/** RFC 9112 §3.2.2: a target in absolute form overrules the Host field. */
function splitTarget(target: string, host: string): { readonly authority: string; readonly rest: string } | undefined {
  if (target.startsWith('/')) return { authority: host, rest: target };
  const absolute = /^https?:\/\/([^/?#]*)/i.exec(target);
  if (!absolute) return undefined;
  const rest = target.slice(absolute[0].length);
  return { authority: absolute[1] as string, rest: rest.startsWith('/') ? rest : `/${rest}` };
}

function hostOf(authority: string): string | undefined {
  const name = authority.toLowerCase().replace(/:\d{0,5}$/, '');
  return HOST.test(name) ? name.replace(/\.$/, '') : undefined;
}

function forwardedClient(field: string | undefined, isProxy: (address: string) => boolean): string | undefined {
  const entries = (field ?? '').split(',').slice(-HTTP_SERVER_LIMITS.forwardedForMax).map((entry) => plainAddress(entry.trim()));
  for (const entry of entries.toReversed()) {
    if (isIP(entry) === 0) return undefined;
    if (!isProxy(entry)) return entry;
  }
  return undefined;
}

/** IPv4 clients of an IPv6 socket are IPv4 clients. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
