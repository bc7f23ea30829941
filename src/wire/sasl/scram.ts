/**
 * What both sides of SCRAM share: names, attribute syntax, keys and proofs. RFC 5802, RFC 7677. SHA-256 unless said
 * otherwise; SHA-1 serves only as a client, towards servers that know nothing better.
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export type ScramHash = 'sha1' | 'sha256';

const HASH_BYTES: Readonly<Record<ScramHash, number>> = { sha1: 20, sha256: 32 };

/** A peer that asks for more work than this wants our processor, not our login. RFC 7677 §4 asks for 4096 at least. */
export const SCRAM_LIMITS = { messageCharsMax: 4096, iterationsMin: 4096, iterationsMax: 1_000_000, nonceCharsMax: 512, saltBytesMax: 256 } as const;

export interface ScramKeys {
  readonly clientKey: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const derive = promisify(pbkdf2);

/** `password` must have gone through saslprep. Off the event loop. RFC 5802 §3. */
export async function deriveScramKeys(password: string, salt: Buffer, iterations: number, hash: ScramHash = 'sha256'): Promise<ScramKeys> {
  const salted = await derive(Buffer.from(password, 'utf8'), salt, iterations, HASH_BYTES[hash], hash);
  const clientKey = hmac(salted, 'Client Key', hash);
  return { clientKey, storedKey: createHash(hash).update(clientKey).digest(), serverKey: hmac(salted, 'Server Key', hash) };
}

export function hmac(key: Buffer, text: string, hash: ScramHash = 'sha256'): Buffer {
  return createHmac(hash, key).update(text, 'utf8').digest();
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

export function xor(a: Buffer, b: Buffer): Buffer {
  const result = Buffer.alloc(a.length);
  for (let index = 0; index < a.length; index++) result[index] = (a[index] as number) ^ (b[index] ?? 0);
  return result;
}

export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** `a=1,b=2` in order; `undefined` when a part is not `letter=value`. */
export function parseAttributes(message: string): (readonly [string, string])[] | undefined {
  const attributes: (readonly [string, string])[] = [];
  for (const part of message.split(',')) {
    if (!/^[A-Za-z]=/.test(part)) return undefined;
    attributes.push([part.slice(0, 1), part.slice(2)]);
  }
  return attributes;
}

/** Strict base64; `undefined` for anything else. */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

/** RFC 5802 §5.1: `,` and `=` of a user name. */
export function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

export function unescapeName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
