/**
 * The kinds of value that posthorn.toml knows: each reads one TOML value, and says in a sentence what it allows.
 *
 * A kind is a zod type whose input is the TOML value as written and whose output is what the program uses (durations in
 * milliseconds, sizes in bytes, endpoints split). A value that does not fit gives one issue whose message is the kind's
 * `allowed` text; file, line and the value found are added by config/load.ts.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { parseMailbox } from '../mail/address.ts';
import type { PolicyValue } from './dns-policy-values.ts';
import type { HostPort } from './host-port.ts';

export interface KindFacts {
  /** Name of the kind in the reference, e.g. `duration`. */
  readonly kind: string;
  /** What may be written, as the end of the sentence "allowed: …". */
  readonly allowed: string;
}

type Read<T> = (value: unknown) => T | undefined;

function kindOf<T>(facts: KindFacts, read: Read<T>) {
  return z
    .unknown()
    .transform((value, context): T => {
      const result = read(value);
      if (result !== undefined) return result;
      context.addIssue({ code: 'custom', message: facts.allowed });
      return z.NEVER;
    })
    .meta({ ...facts });
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const DURATION_MS_MAX = 10 * 365 * 86_400_000;

/** Milliseconds of `"90s"`, `"1h30m"`, `"5d"`; undefined when it is none, or longer than ten years. */
export function parseDuration(text: string): number | undefined {
  if (text.length > 40) return undefined;
  const match = /^(?:\d{1,12}(?:ms|[smhdw]))+$/.exec(text);
  if (!match) return undefined;
  let totalMs = 0;
  for (const part of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    totalMs += Number(part[1]) * (DURATION_UNITS[part[2] as string] as number);
  }
  return totalMs <= DURATION_MS_MAX ? totalMs : undefined;
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** Bytes of `"50MiB"`, `"512 KiB"`, `"10MB"`; undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,12}) ?([KMG]i?B|B)$/.exec(text);
  if (!match) return undefined;
  const bytes = Number(match[1]) * (SIZE_UNITS[match[2] as string] as number);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `"0.0.0.0:25"` or `"[::]:25"`; port 0 lets the system choose one. */
export function parseEndpoint(text: string, defaultPort?: number): HostPort | undefined {
  if (defaultPort !== undefined && isIP(text)) return { address: text, port: defaultPort };
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15})):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  if (port > 65535) return undefined;
  if (match[1] !== undefined) return isIPv6(match[1]) ? { address: match[1], port } : undefined;
  const address = match[2] as string;
  return isIPv4(address) ? { address, port } : undefined;
}

/** A network in CIDR form, or a single address; the bits behind the prefix must be zero, so that typing errors show. */
export function parseNetwork(text: string): string | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  if (slash < 0) return `${address}/${bits}`;
  if (!/^\d{1,3}$/.test(text.slice(slash + 1))) return undefined;
  const prefix = Number(text.slice(slash + 1));
  if (prefix > bits) return undefined;
  const value = version === 4 ? ipv4Value(address) : ipv6Value(address);
  const hostBits = BigInt(bits - prefix);
  return (value & ((1n << hostBits) - 1n)) === 0n ? `${address}/${prefix}` : undefined;
}

function ipv4Value(address: string): bigint {
  return address.split('.').reduce((value, octet) => value * 256n + BigInt(octet), 0n);
}

function ipv6Value(address: string): bigint {
  // The URL parser gives the canonical form, with an embedded IPv4 address turned into groups.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array<string>(zeros).fill('0'), ...back];
  return groups.reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}

/** Lower case, no trailing dot, letters-digits-hyphen labels; RFC 1123 §2.1 and RFC 1035 §2.3.4. */
export function parseHostname(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name.length === 0 || name.length > 253 || isIP(name)) return undefined;
  const labels = name.split('.');
  return labels.every((label) => /^(?!-)[a-z0-9-]{1,63}$/.test(label) && !label.endsWith('-')) ? name : undefined;
}

const textual =
  <T>(read: (text: string) => T | undefined): Read<T> =>
  (value) =>
    typeof value === 'string' ? read(value) : undefined;

export const duration = (options: { minMs?: number } = {}) =>
  kindOf<number>(
    { kind: 'duration', allowed: `a duration such as "30s", "10m", "4h" or "5d"${least(options.minMs)}` },
    textual((text) => within(parseDuration(text), options.minMs ?? 0, DURATION_MS_MAX)),
  );

/** As `duration`; 0 needs no unit. */
export const durationOrZero = () =>
  kindOf<number>({ kind: 'duration', allowed: 'a duration such as "30s", "10m", "4h" or "5d", or 0' }, (value) =>
    value === 0 || value === '0' ? 0 : typeof value === 'string' ? within(parseDuration(value), 0, DURATION_MS_MAX) : undefined,
  );

function least(minMs: number | undefined): string {
  return minMs ? `, at least ${minMs / 1000} s` : '';
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

export const size = (minBytes: number, maxBytes: number) =>
  kindOf<number>(
    {
      kind: 'size',
      allowed: `a size such as "512KiB", "50MiB" or "1GB", from ${minBytes / 1024} KiB to ${maxBytes / 1024 ** 2} MiB`,
    },
    textual((text) => within(parseSize(text), minBytes, maxBytes)),
  );

export const count = (min: number, max: number) =>
  kindOf<number>({ kind: 'number', allowed: `a whole number from ${min} to ${max}` }, (value) =>
    typeof value === 'number' && Number.isInteger(value) ? within(value, min, max) : undefined,
  );

export const port = () => count(1, 65535);

export const toggle = () =>
  kindOf<boolean>({ kind: 'boolean', allowed: 'true or false' }, (value) =>
    typeof value === 'boolean' ? value : undefined,
  );

export const choice = <const T extends string>(...words: readonly T[]) =>
  kindOf<T>({ kind: 'choice', allowed: `one of ${words.map((word) => `"${word}"`).join(', ')}` }, (value) =>
    words.find((word) => word === value),
  );

export const hostname = () =>
  kindOf<string>(
    { kind: 'host name', allowed: 'a host name of letters, digits, hyphens and dots, such as "mail.example.org"' },
    textual(parseHostname),
  );

/** `mx.example.net`, `.example.net` for all names below it, or a name with one `*`; compared as text, never as a regular expression. */
export const hostPattern = () =>
  kindOf<string>(
    { kind: 'host pattern', allowed: 'a host name, a suffix such as ".example.net", or a name with one * in it' },
    textual((text) => {
      const pattern = text.toLowerCase();
      const stars = pattern.split('*').length - 1;
      return stars <= 1 && parseHostname(pattern.replace('*', 'x').replace(/^\./, '')) !== undefined ? pattern : undefined;
    }),
  );

/** A host name or an address literal without brackets. */
export const host = () =>
  kindOf<string>(
    { kind: 'host', allowed: 'a host name or an IP address, such as "smtp.example.net" or "192.0.2.25"' },
    textual((text) => (isIP(text) ? text : parseHostname(text))),
  );

export const qualifiedHostname = () =>
  kindOf<string>(
    { kind: 'host name', allowed: 'a full host name with a domain, such as "mail.example.org"' },
    textual((text) => {
      const name = parseHostname(text);
      return name !== undefined && (name.includes('.') || name === 'localhost') ? name : undefined;
    }),
  );

export const ipAddress = () =>
  kindOf<string>(
    { kind: 'IP address', allowed: 'an IPv4 or IPv6 address without a port, such as "203.0.113.10"' },
    textual((text) => (isIP(text) ? text : undefined)),
  );

export const endpoint = () =>
  kindOf<HostPort>(
    { kind: 'address:port', allowed: 'an address and a port, such as "0.0.0.0:25" or "[::]:25"' },
    textual((text) => parseEndpoint(text)),
  );

/** An endpoint, or an absolute path. */
export const endpointOrSocket = () =>
  kindOf<HostPort | string>(
    { kind: 'address:port or path', allowed: 'an address and a port, such as "127.0.0.1:24", or the absolute path of a Unix socket' },
    textual((text) => (text.startsWith('/') && text.length <= SOCKET_PATH_BYTES_MAX && !text.includes('\0') ? text : parseEndpoint(text))),
  );

/** sun_path of Linux, without its NUL. */
const SOCKET_PATH_BYTES_MAX = 107;

export const nameServer = () =>
  kindOf<HostPort>(
    { kind: 'address:port', allowed: 'the address of a name server, such as "127.0.0.1:53", "127.0.0.1" or "[::1]:53"' },
    textual((text) => parseEndpoint(text, 53)),
  );

export const network = () =>
  kindOf<string>(
    {
      kind: 'network',
      allowed: 'a network such as "127.0.0.0/8", "2001:db8::/32" or a single address, with no bits set behind the prefix',
    },
    textual(parseNetwork),
  );

/** Kept as written; config/load.ts makes it absolute, relative to the configuration's own folder. */
export const path = () =>
  kindOf<string>(
    { kind: 'path', allowed: 'a file path, absolute or relative to this file' },
    textual((text) => (text.length > 0 && text.length <= 4096 && !text.includes('\0') ? text : undefined)),
  );

export const plainText = () =>
  kindOf<string>({ kind: 'text', allowed: 'a text that is not empty' }, (value) =>
    typeof value === 'string' && value.length > 0 && value.length <= 1000 ? value : undefined,
  );

/** A text that goes into a DNS record. */
export const recordText = ({ allowed, isRight }: PolicyValue) => kindOf<string>({ kind: 'text', allowed }, textual((text) => (isRight(text) ? text : undefined)));

/** Several characters, so that it does not take names that people have. */
export const localPartStart = () =>
  kindOf<string>(
    { kind: 'beginning of addresses', allowed: '"" or two to thirty letters, digits, dots, dashes and underscores, such as "test-"' },
    textual((text) => (text === '' || /^[a-z0-9][a-z0-9._-]{1,29}$/i.test(text) ? text.toLowerCase() : undefined)),
  );

export const mailAddress = () =>
  kindOf<string>(
    { kind: 'mail address', allowed: 'a mail address such as "postmaster@example.org"' },
    textual((text) => (parseMailbox(text) ? text : undefined)),
  );

export const listOf = <T extends z.ZodType>(item: T) =>
  z.array(item, { error: () => `a list, such as [${exampleOf(item)}]` });

function exampleOf(item: z.ZodType): string {
  const allowed = (item.meta() as KindFacts | undefined)?.allowed ?? '';
  return /"[^"]*"/.exec(allowed)?.[0] ?? '…';
}
