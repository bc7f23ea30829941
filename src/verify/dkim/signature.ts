/**
 * The DKIM-Signature field (RFC 6376 §3.5) and ARC-Message-Signature (RFC 8617 §4.1.2), which has the same tags except
 * for v= and i=: reading and checking what needs no look-up.
 */
import type { HeaderField } from '../../mail/header.ts';
import { isMailDomain, isSameOrBelow, toAsciiDomain } from '../domain-name.ts';
import { decodeBase64, readTagList, withoutSpace, type TagList } from '../tag-list.ts';
import type { Canonicalization } from './body-hasher.ts';

export interface Signature {
  readonly field: HeaderField;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly headerForm: Canonicalization;
  readonly bodyForm: Canonicalization;
  readonly domain: string;
  readonly selector: string;
  /** Domain part of i=; the same as `domain` when i= is absent. */
  readonly identityDomain: string;
  readonly signedNames: readonly string[];
  readonly bodyHash: Buffer;
  readonly signature: Buffer;
  readonly bodyLength?: number;
  /** Seconds since 1970. */
  readonly signedAt?: number;
  readonly expiresAt?: number;
}

/** What can be told about a signature even when it is unusable. */
export interface SignatureFacts {
  readonly domain?: string;
  readonly selector?: string;
  readonly identity?: string;
  readonly algorithm?: string;
  readonly signaturePrefix?: string;
}

export type ParsedSignature =
  | { readonly kind: 'signature'; readonly signature: Signature; readonly facts: SignatureFacts }
  | { readonly kind: 'unusable'; readonly reason: string; readonly facts: SignatureFacts };

/** Header names an h= may hold; more is an attempt to make us work. */
const SIGNED_NAMES_MAX = 2000;
/** RFC 6008 §4: the first eight characters of b= usually tell signatures apart. */
const SIGNATURE_PREFIX_CHARS = 8;

/** Of what a signature says about itself: more than any right value has. */
const SHOWN_CHARS_MAX = 320;

class Unusable extends Error {}

export function parseDkimSignature(field: HeaderField): ParsedSignature {
  return parseSignature(field, 'dkim');
}

export function parseArcMessageSignature(field: HeaderField): ParsedSignature {
  return parseSignature(field, 'arc');
}

function parseSignature(field: HeaderField, kind: 'dkim' | 'arc'): ParsedSignature {
  const tags = readTagList(field.value);
  if (typeof tags === 'string') return { kind: 'unusable', reason: `the signature field is not a valid tag list: ${tags}`, facts: {} };
  const facts = signatureFacts(tags, kind);
  try {
    return { kind: 'signature', signature: readSignature(field, tags, kind), facts };
  } catch (problem) {
    if (!(problem instanceof Unusable)) throw problem;
    return { kind: 'unusable', reason: problem.message.slice(0, SHOWN_CHARS_MAX), facts };
  }
}

function signatureFacts(tags: TagList, kind: 'dkim' | 'arc'): SignatureFacts {
  const shown = (name: string): string | undefined => tags.get(name)?.slice(0, SHOWN_CHARS_MAX);
  const domain = shown('d');
  const selector = shown('s');
  const identity = kind === 'dkim' ? shown('i') : undefined;
  const algorithm = shown('a');
  const prefix = withoutSpace(tags.get('b') ?? '').slice(0, SIGNATURE_PREFIX_CHARS);
  return {
    ...(domain !== undefined && { domain: toAsciiDomain(domain) }),
    ...(selector !== undefined && { selector }),
    ...(identity !== undefined && { identity }),
    ...(algorithm !== undefined && { algorithm: algorithm.toLowerCase() }),
    ...(prefix !== '' && { signaturePrefix: prefix }),
  };
}

function readSignature(field: HeaderField, tags: TagList, kind: 'dkim' | 'arc'): Signature {
  if (kind === 'dkim' && required(tags, 'v') !== '1') throw new Unusable(`version v=${tags.get('v')} is unknown`);
  const domain = domainTag(tags, 'd');
  const [headerForm, bodyForm] = canonicalization(tags.get('c') ?? 'simple/simple');
  const bodyLength = number(tags, 'l');
  const signedAt = number(tags, 't');
  const expiresAt = number(tags, 'x');
  // RFC 6376 §3.5: x= is greater than t=.
  if (signedAt !== undefined && expiresAt !== undefined && expiresAt <= signedAt) throw new Unusable('x= is not after t=');
  checkQueryMethods(tags.get('q'));
  return {
    field,
    algorithm: algorithmTag(tags),
    headerForm,
    bodyForm,
    domain,
    selector: selectorTag(tags),
    identityDomain: kind === 'dkim' ? identityDomain(tags, domain) : domain,
    signedNames: signedNames(tags, kind),
    bodyHash: base64Tag(tags, 'bh'),
    signature: base64Tag(tags, 'b'),
    ...(bodyLength !== undefined && { bodyLength }),
    ...(signedAt !== undefined && { signedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

function required(tags: TagList, name: string): string {
  const value = tags.get(name);
  if (value === undefined || value === '') throw new Unusable(`the tag ${name}= is missing`);
  return value;
}

function domainTag(tags: TagList, name: string): string {
  const domain = toAsciiDomain(required(tags, name));
  if (!isMailDomain(domain) || !domain.includes('.')) throw new Unusable(`${name}=${tags.get(name)} is not a domain`);
  return domain;
}

function selectorTag(tags: TagList): string {
  const selector = toAsciiDomain(required(tags, 's'));
  if (!isMailDomain(selector)) throw new Unusable(`s=${tags.get('s')} is not a selector`);
  return selector;
}

function algorithmTag(tags: TagList): Signature['algorithm'] {
  const algorithm = required(tags, 'a').toLowerCase();
  if (algorithm === 'rsa-sha256' || algorithm === 'ed25519-sha256') return algorithm;
  // RFC 8301 §3.1: rsa-sha1 must not be verified any more.
  if (algorithm === 'rsa-sha1') throw new Unusable('rsa-sha1 is obsolete and not accepted');
  throw new Unusable(`algorithm a=${algorithm} is unknown`);
}

function canonicalization(value: string): [Canonicalization, Canonicalization] {
  // RFC 6376 §3.5: a single word is the header's form, the body's is then simple.
  const [header = '', body = 'simple', ...rest] = value.toLowerCase().split('/');
  if (!isForm(header) || !isForm(body) || rest.length > 0) throw new Unusable(`canonicalization c=${value} is unknown`);
  return [header, body];
}

function isForm(text: string): text is Canonicalization {
  return text === 'simple' || text === 'relaxed';
}

function number(tags: TagList, name: string): number | undefined {
  const value = tags.get(name);
  if (value === undefined) return undefined;
  if (!/^\d{1,76}$/.test(value)) throw new Unusable(`${name}=${value} is not a number`);
  return Number(value);
}

function checkQueryMethods(value: string | undefined): void {
  if (value === undefined) return;
  const methods = value.toLowerCase().split(':').map((method) => method.trim());
  if (!methods.some((method) => method === 'dns/txt' || method === 'dns')) throw new Unusable(`query method q=${value} is unknown`);
}

function signedNames(tags: TagList, kind: 'dkim' | 'arc'): string[] {
  const names = withoutSpace(required(tags, 'h')).toLowerCase().split(':');
  if (names.length > SIGNED_NAMES_MAX) throw new Unusable('h= names too many fields');
  // RFC 6376 §5.4: From must be signed. RFC 8617 §4.1.2: the seal must not be.
  if (kind === 'dkim' && !names.includes('from')) throw new Unusable('h= does not cover From');
  if (kind === 'arc' && names.includes('arc-seal')) throw new Unusable('h= covers ARC-Seal');
  return names;
}

function identityDomain(tags: TagList, domain: string): string {
  const identity = tags.get('i');
  if (identity === undefined) return domain;
  const decoded = decodeQuotedPrintable(identity);
  const at = decoded.lastIndexOf('@');
  const own = at < 0 ? '' : toAsciiDomain(decoded.slice(at + 1));
  if (!isSameOrBelow(own, domain)) throw new Unusable(`i=${identity} is not within d=${domain}`);
  return own;
}

/** RFC 6376 §2.11: blanks count for nothing. Bytes that are no ASCII end in no domain. */
function decodeQuotedPrintable(text: string): string {
  return withoutSpace(text).replace(/=([0-9A-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function base64Tag(tags: TagList, name: string): Buffer {
  const bytes = decodeBase64(required(tags, name));
  if (!bytes) throw new Unusable(`${name}= is not base64`);
  return bytes;
}
