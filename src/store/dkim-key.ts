/**
 * DKIM keys: made here, written for DNS here. RSA of 2048 bits (RFC 8301 §3.2; larger ones do not fit one UDP answer with
 * some resolvers) and Ed25519 (RFC 8463).
 */
import { createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export type DkimAlgorithm = 'rsa-sha256' | 'ed25519-sha256';

export const RSA_BITS = 2048;
/** The raw key ends the SubjectPublicKeyInfo of Ed25519 (RFC 8410 §4). */
const ED25519_KEY_BYTES = 32;

const generate = promisify(generateKeyPair) as (
  type: string,
  options?: object,
) => Promise<{ readonly publicKey: KeyObject; readonly privateKey: KeyObject }>;

export interface DkimKeyPair {
  /** PKCS#8 PEM; belongs in a file of mode 0600. */
  readonly privatePem: string;
  /** Base64 as p= of the DNS record wants it. */
  readonly publicKey: string;
}

/** On Node's thread pool; RSA takes some 100 ms. */
export async function generateDkimKey(algorithm: DkimAlgorithm): Promise<DkimKeyPair> {
  const pair = await (algorithm === 'rsa-sha256' ? generate('rsa', { modulusLength: RSA_BITS }) : generate('ed25519'));
  return {
    privatePem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: dkimPublicKey(pair.privateKey),
  };
}

/** p= for a private key: SubjectPublicKeyInfo for RSA (RFC 6376 §3.6.1), the bare key for Ed25519 (RFC 8463 §4). */
export function dkimPublicKey(privateKey: KeyObject): string {
  const info = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return (privateKey.asymmetricKeyType === 'ed25519' ? info.subarray(-ED25519_KEY_BYTES) : info).toString('base64');
}

/** `s20261120r`, `s20261120e`: says when it was made, so that its age can be seen in DNS. */
export function dkimSelector(algorithm: DkimAlgorithm, atMs: number): string {
  return `s${new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '')}${algorithm === 'rsa-sha256' ? 'r' : 'e'}`;
}
