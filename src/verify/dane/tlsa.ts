/**
 * TLSA records as SMTP uses them (RFC 6698, RFC 7671, RFC 7672).
 *
 * Policy: DANE-TA(2) and DANE-EE(3) only; the PKIX usages 0 and 1 are unusable for SMTP (RFC 7672 §3.1.3), as are unknown
 * selectors and matching types and data of the wrong length (RFC 7672 §2.2: such records are left out, not fatal).
 */
import { createHash, type X509Certificate } from 'node:crypto';
import type { RecordData } from '../../contract/dns.ts';

export type Tlsa = RecordData['TLSA'];

export const USAGE = { trustAnchor: 2, endEntity: 3 } as const;
export const SELECTOR = { certificate: 0, publicKey: 1 } as const;
const MATCHING = { exact: 0, sha256: 1, sha512: 2 } as const;

const DIGEST_BYTES: Readonly<Record<number, number>> = { [MATCHING.sha256]: 32, [MATCHING.sha512]: 64 };

/** Those that a client may use. */
export function usableRecords(records: readonly Tlsa[]): readonly Tlsa[] {
  return records.filter(isUsable);
}

function isUsable({ usage, selector, matchingType, data }: Tlsa): boolean {
  if (usage !== USAGE.trustAnchor && usage !== USAGE.endEntity) return false;
  if (selector !== SELECTOR.certificate && selector !== SELECTOR.publicKey) return false;
  if (matchingType === MATCHING.exact) return data.length > 0;
  return DIGEST_BYTES[matchingType] === data.length;
}

/** RFC 6698 §2.1.2 and §2.1.3. A key in a form that we cannot read matches nothing. */
export function matches({ selector, matchingType, data }: Tlsa, certificate: X509Certificate): boolean {
  const selected = selector === SELECTOR.certificate ? certificate.raw : publicKeyBytes(certificate);
  if (!selected) return false;
  if (matchingType === MATCHING.exact) return selected.equals(data);
  return createHash(matchingType === MATCHING.sha256 ? 'sha256' : 'sha512').update(selected).digest().equals(data);
}

/** A record that holds the trust anchor itself, which the server then need not send (RFC 7671 §5.2). */
export function holdsAnchor({ usage, matchingType }: Tlsa): boolean {
  return usage === USAGE.trustAnchor && matchingType === MATCHING.exact;
}

/** `3 1 1 0a1b…` */
export function tlsaText({ usage, selector, matchingType, data }: Tlsa): string {
  return `${usage} ${selector} ${matchingType} ${data.toString('hex')}`;
}

function publicKeyBytes(certificate: X509Certificate): Buffer | undefined {
  try {
    return certificate.publicKey.export({ type: 'spki', format: 'der' });
  } catch {
    return undefined;
  }
}
