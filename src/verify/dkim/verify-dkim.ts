/**
 * DKIM verification (RFC 6376 §6, RFC 8301, RFC 8463): one report per signature, in the order of the header.
 *
 * Policy beyond the RFC: RSA keys under 1024 bit and signatures whose l= leaves part of the body unsigned do not count
 * (`policy`); at most AUTHENTICATION_LIMITS.dkimSignaturesMax signatures are looked at.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { DkimReport, DkimResult } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import type { HeaderField } from '../../mail/header.ts';
import { isTlsReport } from '../tls-rpt/is-tls-report.ts';
import { hashBodies, signedText, verifyText, type BodyHash } from './check-signature.ts';
import { fetchKey, isTooSmall, type DkimKey, type KeyResult } from './key-record.ts';
import { parseDkimSignature, type Signature, type SignatureFacts } from './signature.ts';

export interface VerifyOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The part of a parsed header that verification needs. */
export interface SignedHeader {
  readonly fields: readonly HeaderField[];
  readonly bodyOffset: number;
}

/** Clocks of signers that run ahead: seconds. */
const FUTURE_TOLERANCE_SECONDS = 86_400;

/** Never rejects for what the DNS did. No signature gives an empty list. */
export async function verifyDkim(dns: Dns, source: ByteSource, header: SignedHeader, options: VerifyOptions): Promise<DkimReport[]> {
  const found = header.fields.filter((field) => field.lower === 'dkim-signature');
  const parsed = found.slice(0, AUTHENTICATION_LIMITS.dkimSignaturesMax).map(parseDkimSignature);
  const usable = parsed.flatMap((entry) => (entry.kind === 'signature' ? [entry.signature] : []));
  const keys = fetchKeys(dns, usable, isTlsReport(header.fields));
  const hashes = await hashBodies(source, header.bodyOffset, usable);
  const hashOf = new Map(usable.map((signature, index) => [signature, hashes[index]]));
  return Promise.all(
    parsed.map(async (entry): Promise<DkimReport> => {
      if (entry.kind === 'unusable') return { result: 'permerror', reason: entry.reason, ...entry.facts };
      const { signature, facts } = entry;
      const key = await (keys.get(keyName(signature)) as Promise<KeyResult>);
      return checkOne(header.fields, signature, facts, key, hashOf.get(signature), options.now);
    }),
  );
}

function keyName(signature: Signature): string {
  return `${signature.selector} ${signature.domain}`;
}

function fetchKeys(dns: Dns, signatures: readonly Signature[], tlsReport: boolean): Map<string, Promise<KeyResult>> {
  const keys = new Map<string, Promise<KeyResult>>();
  for (const signature of signatures) {
    const name = keyName(signature);
    if (!keys.has(name)) keys.set(name, fetchKey(dns, signature.selector, signature.domain, tlsReport));
  }
  return keys;
}

async function checkOne(
  fields: readonly HeaderField[],
  signature: Signature,
  facts: SignatureFacts,
  found: KeyResult,
  body: BodyHash | undefined,
  now: number,
): Promise<DkimReport> {
  const signedHeaders = [...new Set(signature.signedNames)];
  if (found.kind === 'none') {
    return { result: found.temporary ? 'temperror' : 'permerror', reason: found.reason, ...facts, signedHeaders };
  }
  if (!body) return { result: 'policy', reason: 'too many signatures with different l=', ...facts, signedHeaders };
  const { key } = found;
  const verdict = misfit(signature, key) ?? (await cryptographic(fields, signature, key, body)) ?? timely(signature, now) ?? policy(signature, key, body);
  return {
    result: verdict?.result ?? 'pass',
    ...(verdict && { reason: verdict.reason }),
    ...facts,
    keyBits: key.bits,
    signedHeaders,
    ...(key.testing && { testing: true }),
  };
}

interface Finding {
  readonly result: DkimResult;
  readonly reason: string;
}

/** Key and signature do not belong together (RFC 6376 §6.1.2). */
function misfit(signature: Signature, key: DkimKey): Finding | undefined {
  if (!signature.algorithm.startsWith(key.type)) return { result: 'permerror', reason: `the key is for ${key.type}, the signature is ${signature.algorithm}` };
  if (key.hashes && !key.hashes.includes('sha256')) return { result: 'permerror', reason: 'the key does not allow sha256' };
  if (key.strictIdentity && signature.identityDomain !== signature.domain) {
    return { result: 'permerror', reason: `the key allows only i= of ${signature.domain} itself` };
  }
  return undefined;
}

async function cryptographic(
  fields: readonly HeaderField[],
  signature: Signature,
  key: DkimKey,
  body: BodyHash,
): Promise<Finding | undefined> {
  if (!body.hash.equals(signature.bodyHash)) return { result: 'fail', reason: 'body hash did not verify: the body was changed' };
  if (signature.bodyLength !== undefined && signature.bodyLength > body.canonicalBytes) {
    return { result: 'fail', reason: `l=${signature.bodyLength} is more than the body has` };
  }
  const ok = await verifyText(signedText(fields, signature), signature.signature, key);
  return ok ? undefined : { result: 'fail', reason: 'signature did not verify: a signed header field was changed or the key is another' };
}

function timely(signature: Signature, now: number): Finding | undefined {
  const seconds = Math.floor(now / 1000);
  if (signature.expiresAt !== undefined && signature.expiresAt < seconds) {
    return { result: 'fail', reason: `signature expired on ${dateOf(signature.expiresAt)}` };
  }
  if (signature.signedAt !== undefined && signature.signedAt > seconds + FUTURE_TOLERANCE_SECONDS) {
    return { result: 'policy', reason: `signature is dated ${dateOf(signature.signedAt)}, in the future` };
  }
  return undefined;
}

function dateOf(seconds: number): string {
  // Beyond what a Date can hold, the number itself is the best there is.
  return seconds > 8.64e12 ? `second ${seconds}` : new Date(seconds * 1000).toISOString();
}

function policy(signature: Signature, key: DkimKey, body: BodyHash): Finding | undefined {
  if (isTooSmall(key)) return { result: 'policy', reason: `key too small (${key.bits} bit)` };
  if (signature.bodyLength !== undefined && signature.bodyLength < body.canonicalBytes) {
    return { result: 'policy', reason: `only ${signature.bodyLength} of ${body.canonicalBytes} body bytes are signed` };
  }
  return undefined;
}
