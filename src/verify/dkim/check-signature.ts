/**
 * The cryptographic part that DKIM and ARC share: body hashes made in one pass over the body, and verifying one
 * signature over canonical header text.
 */
import { createHash, verify } from 'node:crypto';
import type { ByteSource } from '../../base/byte-source.ts';
import type { HeaderField } from '../../mail/header.ts';
import { createBodyHasher, type BodyHasher } from './body-hasher.ts';
import { canonicalField, canonicalSignatureField, selectFields } from './header-canonical.ts';
import type { DkimKey } from './key-record.ts';
import type { Signature } from './signature.ts';

export interface BodyHash {
  readonly hash: Buffer;
  /** Bytes of the whole canonical body. */
  readonly canonicalBytes: number;
}

/** Distinct hashes made of one body: both forms whole, and two with l=. More would let a sender make us hash for ever. */
const BODY_HASHES_MAX = 4;

/**
 * A hash per signature, in their order; signatures that hash alike share one. Reads the body once. Undefined for those
 * that would need more than BODY_HASHES_MAX different ones.
 */
export async function hashBodies(source: ByteSource, bodyOffset: number, signatures: readonly Signature[]): Promise<(BodyHash | undefined)[]> {
  const hashers = new Map<string, BodyHasher>();
  const keys = signatures.map((signature) => {
    const key = `${signature.bodyForm} ${signature.bodyLength ?? ''}`;
    if (!hashers.has(key) && hashers.size < BODY_HASHES_MAX) {
      const length = signature.bodyLength;
      hashers.set(key, createBodyHasher({ canonicalization: signature.bodyForm, algorithm: 'sha256', ...(length !== undefined && { length }) }));
    }
    return key;
  });
  if (hashers.size > 0) await feed(source, bodyOffset, [...hashers.values()]);
  const results = new Map<string, BodyHash>();
  for (const [key, hasher] of hashers) results.set(key, { hash: hasher.digest(), canonicalBytes: hasher.canonicalBytes });
  return keys.map((key) => results.get(key));
}

async function feed(source: ByteSource, bodyOffset: number, hashers: readonly BodyHasher[]): Promise<void> {
  if (source.inMemory) {
    const body = source.inMemory.subarray(bodyOffset);
    for (const hasher of hashers) hasher.update(body);
    return;
  }
  for await (const chunk of source.chunks(bodyOffset)) for (const hasher of hashers) hasher.update(chunk);
}

/** The header text that the signature signs (RFC 6376 §3.7). */
export function signedText(fields: readonly HeaderField[], signature: Signature): string {
  // A signature field never signs itself, also when h= names its kind.
  const others = fields.filter((field) => field !== signature.field);
  const signed = selectFields(others, signature.signedNames).map((field) => canonicalField(field.raw, signature.headerForm));
  return signed.join('') + canonicalSignatureField(signature.field.raw, signature.headerForm);
}

/** Runs on the thread pool. `text` is latin1. False also for signatures that are no signatures at all. */
export function verifyText(text: string, signature: Buffer, key: DkimKey): Promise<boolean> {
  const data = Buffer.from(text, 'latin1');
  return new Promise((resolve) => {
    const done = (error: Error | null, ok: boolean): void => resolve(!error && ok);
    if (key.type === 'rsa') verify('sha256', data, key.key, signature, done);
    // RFC 8463 §3: Ed25519 signs the SHA-256 of the header text.
    else verify(null, createHash('sha256').update(data).digest(), key.key, signature, done);
  });
}
