/**
 * Tells whether some header text is the one that was signed. With RSA the signature itself holds the hash of the signed text
 * (RFC 8017 §8.2.2), so each guess costs one SHA-256, and a signature of another key is told apart from a changed header.
 */
import { constants, createHash, publicDecrypt } from 'node:crypto';
import { verifyText } from '../check-signature.ts';
import type { DkimKey } from '../key-record.ts';

export type SignedDigest =
  | { readonly kind: 'oracle'; readonly cheap: boolean; readonly isSigned: (text: string) => Promise<boolean> }
  /** The published key is not the one that signed, or b= was damaged. */
  | { readonly kind: 'other-key' };

/** RFC 8017 §9.2: DER of DigestInfo for SHA-256, before the hash. */
const SHA256_PREFIX = Buffer.from('3031300d060960864801650304020105000420', 'hex');

export function signedDigest(signature: Buffer, key: DkimKey): SignedDigest {
  if (key.type === 'ed25519') return { kind: 'oracle', cheap: false, isSigned: (text) => verifyText(text, signature, key) };
  const digest = recovered(signature, key);
  if (!digest) return { kind: 'other-key' };
  return { kind: 'oracle', cheap: true, isSigned: async (text) => createHash('sha256').update(text, 'latin1').digest().equals(digest) };
}

function recovered(signature: Buffer, { key }: DkimKey): Buffer | undefined {
  try {
    const info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return info.subarray(0, SHA256_PREFIX.length).equals(SHA256_PREFIX) && info.length === SHA256_PREFIX.length + 32 ? info.subarray(SHA256_PREFIX.length) : undefined;
  } catch {
    return undefined;
  }
}
