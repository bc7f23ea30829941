/**
 * Values of records as zone files write them (RFC 1035 §5.1), taken apart for providers that want the parts, and brought to
 * one spelling so that two can be compared. What cannot be read is undefined, never guessed.
 */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { PublishableType } from '../contract/dns-publishing.ts';

/** RFC 1035 §3.3.14. */
const STRING_OCTETS_MAX = 255;

export interface MxValue { readonly preference: number; readonly host: string }
export interface SrvValue { readonly priority: number; readonly weight: number; readonly port: number; readonly host: string }
export interface CaaValue { readonly flags: number; readonly tag: string; readonly value: string }
export interface TlsaValue { readonly usage: number; readonly selector: number; readonly matching: number; readonly data: string }
/** `parameters` as a zone file writes them, '' when there are none. */
export interface SvcbValue { readonly priority: number; readonly host: string; readonly parameters: string }

/** Hosts are absolute with the trailing dot; `.` is the root. */
export function readMx(value: string): MxValue | undefined {
  const [preference, host, ...rest] = words(value);
  const number = octets16(preference);
  return number === undefined || host === undefined || rest.length > 0 ? undefined : { preference: number, host: lowerHost(host) };
}

export function readSrv(value: string): SrvValue | undefined {
  const [first, second, third, host, ...rest] = words(value);
  const [priority, weight, port] = [octets16(first), octets16(second), octets16(third)];
  if (priority === undefined || weight === undefined || port === undefined || host === undefined || rest.length > 0) return undefined;
  return { priority, weight, port, host: lowerHost(host) };
}

/** RFC 8659 §4.1.1. */
export function readCaa(value: string): CaaValue | undefined {
  const [, first, tag = '', rest = ''] = /^(\d+)[ \t]+([0-9A-Za-z]+)[ \t]+(\S.*)$/s.exec(value.trim()) ?? [];
  const flags = octets16(first);
  if (flags === undefined || flags > 255) return undefined;
  const text = readTxt(rest);
  return text && { flags, tag: tag.toLowerCase(), value: text.toString('latin1') };
}

export function readTlsa(value: string): TlsaValue | undefined {
  const [first, second, third, ...rest] = words(value);
  const [usage, selector, matching] = [octets16(first), octets16(second), octets16(third)];
  const data = rest.join('').toLowerCase();
  if (usage === undefined || selector === undefined || matching === undefined || !/^[0-9a-f]+$/.test(data)) return undefined;
  return { usage, selector, matching, data };
}

export function readSvcb(value: string): SvcbValue | undefined {
  const [first, host, ...rest] = words(value);
  const priority = octets16(first);
  return priority === undefined || host === undefined ? undefined : { priority, host: lowerHost(host), parameters: rest.join(' ') };
}

export const writeMx = ({ preference, host }: MxValue): string => `${preference} ${host}`;
export const writeSrv = ({ priority, weight, port, host }: SrvValue): string => `${priority} ${weight} ${port} ${host}`;
export const writeCaa = ({ flags, tag, value }: CaaValue): string => `${flags} ${tag} ${quoted(Buffer.from(value, 'latin1'))}`;
export const writeTlsa = ({ usage, selector, matching, data }: TlsaValue): string => `${usage} ${selector} ${matching} ${data.toLowerCase()}`;
export const writeSvcb = ({ priority, host, parameters }: SvcbValue): string => `${priority} ${host}${parameters === '' ? '' : ` ${parameters}`}`;

/** The octets of all strings together: how they are cut says nothing. `escapes` 8: \DDD in octal, as Route 53 writes it. */
export function readTxt(value: string, escapes: 8 | 10 = 10): Buffer | undefined {
  return mapped(readStrings(value, escapes), (strings) => Buffer.concat(strings));
}

/** Each string, quoted or not, by itself. Undefined: a quote is open, or an escape is none. */
export function readStrings(value: string, escapes: 8 | 10 = 10): readonly Buffer[] | undefined {
  const strings: number[][] = [];
  let string: number[] | undefined;
  let within = false;
  let at = 0;
  while (at < value.length) {
    const char = value[at] as string;
    if (char === '"') {
      if (!within) strings.push((string = []));
      else string = undefined;
      within = !within;
    } else if (!within && /[ \t]/.test(char)) string = undefined;
    else {
      if (!string) strings.push((string = []));
      const digits = char === '\\' ? /^\d{3}/.exec(value.slice(at + 1, at + 4))?.[0] : undefined;
      if (char !== '\\') string.push(...Buffer.from(char));
      else {
        const octet = digits === undefined ? value.charCodeAt(at + 1) : Number.parseInt(digits, escapes);
        if (!(octet <= 255)) return undefined;
        string.push(octet);
        at += digits === undefined ? 1 : 3;
      }
    }
    at += 1;
  }
  return within ? undefined : strings.map((octets) => Buffer.from(octets));
}

/** Strings of at most 255 octets, each quoted. `escapes`: as readTxt. */
export function writeTxt(octets: Buffer, escapes: 8 | 10 = 10): string {
  const strings: string[] = [];
  for (let at = 0; at < octets.length || at === 0; at += STRING_OCTETS_MAX) strings.push(quoted(octets.subarray(at, at + STRING_OCTETS_MAX), escapes));
  return strings.join(' ');
}

/** As writeTxt, cut as they are cut. */
export function writeStrings(strings: readonly Buffer[], escapes: 8 | 10 = 10): string {
  return strings.map((string) => writeTxt(string, escapes)).join(' ');
}

/** The usual spelling; the strings of a TXT stay cut as they are, so that the values of others come back as they were. */
export function tidyValue(type: PublishableType, value: string): string {
  return type === 'TXT' ? (mapped(readStrings(value), (strings) => writeStrings(strings)) ?? value) : canonicalValue(type, value);
}

function quoted(octets: Buffer, escapes: 8 | 10 = 10): string {
  let text = '';
  for (const octet of octets) {
    if (octet === 0x22 || octet === 0x5c) text += `\\${String.fromCharCode(octet)}`;
    else text += octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : `\\${octet.toString(escapes).padStart(3, '0')}`;
  }
  return `"${text}"`;
}

/** One spelling for all that mean the same; a value that cannot be read keeps its own. */
export function canonicalValue(type: PublishableType, value: string): string {
  return readCanonical(type, value) ?? words(value).join(' ');
}

function readCanonical(type: PublishableType, value: string): string | undefined {
  switch (type) {
    case 'A': return value.trim();
    case 'AAAA': return isIP(value.trim()) === 6 ? canonicalIpv6(value.trim()) : undefined;
    case 'CNAME': case 'PTR': return lowerHost(value.trim());
    case 'TXT': return mapped(readTxt(value), (octets) => writeTxt(octets));
    case 'MX': return mapped(readMx(value), writeMx);
    case 'SRV': return mapped(readSrv(value), writeSrv);
    case 'CAA': return mapped(readCaa(value), writeCaa);
    case 'TLSA': return mapped(readTlsa(value), writeTlsa);
    case 'SVCB': case 'HTTPS': return mapped(readSvcb(value), writeSvcb);
    default: return type satisfies never;
  }
}

/** In no order, and however they are spelled. */
export function sameValues(type: PublishableType, one: readonly string[], other: readonly string[]): boolean {
  const values = new Set(one.map((value) => canonicalValue(type, value)));
  const others = new Set(other.map((value) => canonicalValue(type, value)));
  return values.size === others.size && [...values].every((value) => others.has(value));
}

/** RFC 5952, as the URL standard serialises it. */
function canonicalIpv6(text: string): string {
  return domainToASCII(`[${text}]`).slice(1, -1) || text.toLowerCase();
}

function mapped<T, R>(value: T | undefined, use: (value: T) => R): R | undefined {
  return value === undefined ? undefined : use(value);
}

function words(value: string): string[] {
  return value.trim().split(/[ \t]+/);
}

function octets16(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function lowerHost(host: string): string {
  return host.toLowerCase();
}

/** `www` of `www.example.org` in `example.org`; '' for the zone's own name. */
export function nameInZone(name: string, zone: string): string {
  return name === zone ? '' : name.endsWith(`.${zone}`) ? name.slice(0, -zone.length - 1) : name;
}

/** Of what is relative to the zone; `@` and '' are its own name. */
export function nameFromZone(relative: string, zone: string): string {
  const name = relative.toLowerCase();
  return name === '@' || name === '' ? zone : `${name}.${zone}`;
}

/** Without the trailing dot, lower case. */
export function withoutDot(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

export function withDot(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

/** A value whose host may be relative to the zone, as the zone file of that zone would have it. */
export function absoluteValue(type: PublishableType, value: string, zone: string): string {
  const absolute = (host: string): string => (host.endsWith('.') ? host : `${nameFromZone(host, zone)}.`);
  switch (type) {
    case 'CNAME': case 'PTR': return absolute(value.trim());
    case 'MX': return mapped(readMx(value), (mx) => writeMx({ ...mx, host: absolute(mx.host) })) ?? value;
    case 'SRV': return mapped(readSrv(value), (srv) => writeSrv({ ...srv, host: absolute(srv.host) })) ?? value;
    case 'SVCB': case 'HTTPS': return mapped(readSvcb(value), (svcb) => writeSvcb({ ...svcb, host: absolute(svcb.host) })) ?? value;
    default: return value;
  }
}

/** A zone's name as a provider gives it, in A-labels. */
export function zoneName(text: string): string {
  return domainToASCII(withoutDot(text)) || withoutDot(text);
}

/** As it is when the type is one of ours. */
export function publishable<T extends PublishableType>(type: string, types: readonly T[]): T | undefined {
  return types.find((known) => known === type);
}
