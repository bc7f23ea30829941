/**
 * DKIM public keys (RFC 6376 §3.6.1, RFC 8463 for Ed25519): reading the record, and fetching it.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { Dns } from '../../contract/dns.ts';
import { decodeBase64, readTagList, withoutSpace } from '../tag-list.ts';

export interface DkimKey {
  readonly type: 'rsa' | 'ed25519';
  readonly key: KeyObject;
  readonly bits: number;
  /** t=s: i= must name the very domain of d=. */
  readonly strictIdentity: boolean;
  /** t=y. */
  readonly testing: boolean;
  /** h=; undefined allows all. */
  readonly hashes?: readonly string[];
}

export type KeyResult =
  | { readonly kind: 'key'; readonly key: DkimKey }
  /** `temporary`: the DNS failed; otherwise there is no usable key. */
  | { readonly kind: 'none'; readonly temporary: boolean; readonly reason: string; /** An empty p=. */ readonly revoked?: true };

const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_KEY_BYTES = 32;
const VALUE_CHARS_SHOWN = 40;
/** Larger moduli only make us compute. */
const RSA_BITS_MAX = 8192;
/** A name with several records is a mistake of its owner; this many are looked at. */
const RECORDS_MAX = 5;

/** `tlsReport`: the message is one, so that a key for such reports alone counts, too. */
export async function fetchKey(dns: Dns, selector: string, domain: string, tlsReport = false): Promise<KeyResult> {
  const name = `${selector}._domainkey.${domain}`;
  const answer = await dns.query(name, 'TXT');
  if (answer.kind === 'failure') return { kind: 'none', temporary: true, reason: `the look-up of the key ${name} failed (${answer.reason})` };
  if (answer.kind !== 'found') return { kind: 'none', temporary: false, reason: `no key at ${name}` };
  let first: KeyResult | undefined;
  for (const strings of answer.records.slice(0, RECORDS_MAX)) {
    const result = parseKeyRecord(strings.join(''), tlsReport);
    if (result.kind === 'key') return result;
    first ??= result;
  }
  return first ?? { kind: 'none', temporary: false, reason: `no key at ${name}` };
}

/** Reads one key record. */
export function parseKeyRecord(text: string, tlsReport = false): KeyResult {
  const tags = readTagList(text);
  if (typeof tags === 'string') return unusable(`the key record is not a valid tag list: ${tags}`);
  // RFC 6376 §3.6.1: v= is optional, but when present it is first and DKIM1.
  const version = tags.get('v');
  if (version !== undefined && version !== 'DKIM1') return unusable(`the key record has version v=${version.slice(0, VALUE_CHARS_SHOWN)}`);
  if (version !== undefined && tags.keys().next().value !== 'v') return unusable('v= of the key record is not its first tag');
  const services = (tags.get('s') ?? '*').split(':').map((service) => service.trim().toLowerCase());
  // RFC 8460 §3: a reporter may have a key for nothing but TLS reports.
  const meant = services.includes('*') || services.includes('email') || (tlsReport && services.includes('tlsrpt'));
  if (!meant) return unusable('the key is not meant for mail');
  const type = (tags.get('k') ?? 'rsa').toLowerCase();
  if (type !== 'rsa' && type !== 'ed25519') return unusable(`the key type k=${type.slice(0, VALUE_CHARS_SHOWN)} is unknown`);
  const published = tags.get('p');
  if (published === undefined) return unusable('the key record has no p=');
  if (withoutSpace(published) === '') return { kind: 'none', temporary: false, reason: 'the key is revoked', revoked: true };
  const key = decodeKey(type, published);
  if (typeof key === 'string') return unusable(key);
  const flags = (tags.get('t') ?? '').toLowerCase().split(':').map((flag) => flag.trim());
  const hashes = tags.get('h')?.toLowerCase().split(':').map((hash) => hash.trim());
  return {
    kind: 'key',
    key: { type, ...key, strictIdentity: flags.includes('s'), testing: flags.includes('y'), ...(hashes && { hashes }) },
  };
}

function unusable(reason: string): KeyResult {
  return { kind: 'none', temporary: false, reason };
}

function decodeKey(type: 'rsa' | 'ed25519', published: string): { key: KeyObject; bits: number } | string {
  const bytes = decodeBase64(published);
  if (!bytes) return 'the key is not base64';
  if (type === 'ed25519') {
    if (bytes.length !== ED25519_KEY_BYTES) return `the Ed25519 key has ${bytes.length} bytes, not ${ED25519_KEY_BYTES}`;
    const key = importKey(Buffer.concat([ED25519_SPKI_PREFIX, bytes]), 'spki');
    return key ? { key, bits: 256 } : 'the Ed25519 key cannot be read';
  }
  // The RFC's text says RSAPublicKey, its examples and the world use SubjectPublicKeyInfo; both occur.
  const key = importKey(bytes, 'spki') ?? importKey(bytes, 'pkcs1');
  const bits = key?.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
  if (!key || bits === 0) return 'the RSA key cannot be read';
  return bits > RSA_BITS_MAX ? `the RSA key has ${bits} bit, more than ${RSA_BITS_MAX}` : { key, bits };
}

function importKey(der: Buffer, type: 'spki' | 'pkcs1'): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: 'der', type });
  } catch {
    return undefined;
  }
}

/** RFC 8301 §3.2: shorter RSA keys are not valid, whatever they sign. */
export function isTooSmall(key: DkimKey): boolean {
  return key.type === 'rsa' && key.bits < AUTHENTICATION_LIMITS.dkimRsaBitsMin;
}
