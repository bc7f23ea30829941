/**
 * The Sender Rewriting Scheme: a reverse-path of ours that a bounce finds its way back through, so that SPF of the next
 * hop judges this server and not the stranger whose mail it forwards. Pure: keys and time are handed in.
 *
 *   SRS0=HASH=TT=domain=local@us       the sender local@domain, rewritten here; TT is the day, in base 32, modulo 1024
 *   SRS0=HASH=TT==TOKEN@us             the same where it would be too long or need quotes: the store knows the sender
 *   SRS1=HASH=first==HASH=TT=…@us      an SRS0 address of `first`, rewritten once more: bounces go straight to `first`
 *
 * Policy: what others may do to an address on its way, changing case and the separator, does no harm; anything else
 * breaks the hash. It is HMAC-SHA-256 in base 32 over the text in lower case.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { SRS_LIMITS } from '../base/limits.ts';
import { domainOf, localPartOf, normalizeDomain } from './address.ts';

export interface SrsKey {
  /** Made from its time, for people. */
  readonly id: string;
  readonly secret: Buffer;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export type SrsAddress =
  | { readonly kind: 'whole'; readonly address: string }
  /** The store must know `sender` by `token` before the address is used. */
  | { readonly kind: 'stored'; readonly address: string; readonly token: string; readonly sender: string };

export type SrsDecoded =
  /** No address of this scheme. */
  | { readonly kind: 'other' }
  | { readonly kind: 'sender'; readonly sender: string }
  | { readonly kind: 'stored'; readonly token: string }
  | { readonly kind: 'forged'; readonly reason: string }
  | { readonly kind: 'expired'; readonly reason: string };

export interface SrsReading {
  /** Those that still count, see usableKeys. */
  readonly keys: readonly SrsKey[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const DAY_MS = 86_400_000;
/** Two characters of base 32. */
const DAYS_MODULUS = 1024;
/** RFC 5322 §3.2.3: what a local part may hold without quotes. */
const DOT_ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const PREFIX = /^srs([01])([=+-])/i;

/** The reverse-path for mail of `sender` (not the null sender) that leaves as `domain`. */
export function srsAddress(sender: string, domain: string, key: SrsKey, now: number): SrsAddress {
  const local = rewrittenLocalPart(sender, key, now);
  if (local.length <= SRS_LIMITS.localPartOctetsMax && DOT_ATOM.test(local)) return { kind: 'whole', address: `${local}@${domain}` };
  const token = base32(createHmac('sha256', key.secret).update(`token ${sender}`).digest()).slice(0, SRS_LIMITS.tokenChars);
  return { kind: 'stored', address: `${srs0(key, now, '', token)}@${domain}`, token, sender };
}

function rewrittenLocalPart(sender: string, key: SrsKey, now: number): string {
  const local = localPartOf(sender);
  const domain = normalizeDomain(domainOf(sender));
  const before = PREFIX.exec(local);
  if (!before) return srs0(key, now, domain, local);
  if (before[1] === '0') return srs1(key, domain, local.slice(4));
  const { first, opaque } = readSrs1(local) ?? {};
  // What only looks like SRS1 is somebody's address like any other.
  return first === undefined || opaque === undefined ? srs0(key, now, domain, local) : srs1(key, first, opaque);
}

function srs0(key: SrsKey, now: number, domain: string, local: string): string {
  const day = dayOf(now);
  return `SRS0=${hashOf(key, `${day}${domain}${local}`)}=${day}=${domain}=${local}`;
}

/** `opaque` begins with the separator of the first rewriter. */
function srs1(key: SrsKey, first: string, opaque: string): string {
  return `SRS1=${hashOf(key, `${first}${opaque}`)}=${first}=${opaque}`;
}

/** Whose bounce an address takes. It is ours to decode when its domain is ours: that is the caller's to know. */
export function readSrsAddress(address: string, reading: SrsReading): SrsDecoded {
  const local = localPartOf(address);
  const version = PREFIX.exec(local)?.[1];
  if (version === undefined) return { kind: 'other' };
  return version === '0' ? readSrs0Address(local, reading) : readSrs1Address(local, reading);
}

/** Does it look like an address of this scheme? */
export function isSrsAddress(address: string): boolean {
  return PREFIX.test(localPartOf(address));
}

function readSrs0Address(localPart: string, { keys, now }: SrsReading): SrsDecoded {
  const [hash, day, domain, ...rest] = localPart.slice(5).split('=');
  const local = rest.join('=');
  if (hash === undefined || day === undefined || domain === undefined || local === '' || !/^[a-z2-7]{2}$/i.test(day)) return forged();
  if (!isHash(keys, hash, `${day}${domain}${local}`)) return forged();
  const age = ageInDays(day, now);
  if (age > SRS_LIMITS.validDays) return { kind: 'expired', reason: `it was made ${age} days ago and was good for ${SRS_LIMITS.validDays}` };
  return domain === '' ? { kind: 'stored', token: local.toUpperCase() } : { kind: 'sender', sender: `${local}@${domain}` };
}

function readSrs1Address(localPart: string, { keys }: SrsReading): SrsDecoded {
  const parts = readSrs1(localPart);
  if (!parts || !isHash(keys, parts.hash, `${parts.first}${parts.opaque}`)) return forged();
  return { kind: 'sender', sender: `SRS0${parts.opaque}@${parts.first}` };
}

function readSrs1(localPart: string): { readonly hash: string; readonly first: string; readonly opaque: string } | undefined {
  const [, hash, first, opaque] = /^srs1[=+-]([^=]{1,32})=([^=]{1,255})=([=+-].{1,255})$/is.exec(localPart) ?? [];
  return hash === undefined || first === undefined || opaque === undefined ? undefined : { hash, first, opaque };
}

function forged(): SrsDecoded {
  return { kind: 'forged', reason: 'its hash does not fit: it was not made here, was changed on its way, or its key is gone' };
}

/** Every key is tried, so that the time tells nothing. */
function isHash(keys: readonly SrsKey[], hash: string, text: string): boolean {
  const given = Buffer.from(hash.toUpperCase());
  let found = false;
  for (const key of keys) {
    const wanted = Buffer.from(hashOf(key, text));
    found = (given.length === wanted.length && timingSafeEqual(given, wanted)) || found;
  }
  return found;
}

function hashOf(key: SrsKey, text: string): string {
  return base32(createHmac('sha256', key.secret).update(text.toLowerCase()).digest()).slice(0, SRS_LIMITS.hashChars);
}

function base32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(value >> bits) & 31] as string;
    }
    value &= (1 << bits) - 1;
  }
  return text;
}

/** The day as the scheme writes it. */
export function dayOf(now: number): string {
  const day = Math.floor(now / DAY_MS) % DAYS_MODULUS;
  return `${BASE32[day >> 5] as string}${BASE32[day & 31] as string}`;
}

/** One day in the future is today: clocks differ, and a rewriter may live east of here. */
function ageInDays(day: string, now: number): number {
  const [high, low] = [...day.toUpperCase()].map((character) => BASE32.indexOf(character)) as [number, number];
  const age = (Math.floor(now / DAY_MS) - (high * 32 + low)) % DAYS_MODULUS;
  const days = (age + DAYS_MODULUS) % DAYS_MODULUS;
  return days === DAYS_MODULUS - 1 ? 0 : days;
}

/**
 * Of keys in any order those that still count, newest first: the newest signs; one before it counts until what it signed
 * last has expired.
 */
export function usableKeys<Key extends Pick<SrsKey, 'createdAt'>>(keys: readonly Key[], now: number): readonly Key[] {
  const newestFirst = [...keys].sort((a, b) => b.createdAt - a.createdAt);
  const goodFor = (SRS_LIMITS.validDays + 1) * DAY_MS;
  return newestFirst.filter((_, index) => {
    const successor = newestFirst[index - 1];
    return successor === undefined || now - successor.createdAt < goodFor;
  });
}
