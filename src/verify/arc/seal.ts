/** ARC-Seal (RFC 8617 §4.1.3): reading it, and the text that it signs (§5.1.1). */
import type { HeaderField } from '../../mail/header.ts';
import { isWellFormedDomain, toAsciiDomain } from '../domain-name.ts';
import { canonicalField, canonicalSignatureField } from '../dkim/header-canonical.ts';
import { decodeBase64, parseTagList } from '../tag-list.ts';
import type { ArcSet } from './arc-set.ts';

export interface Seal {
  readonly field: HeaderField;
  readonly cv: 'none' | 'pass' | 'fail';
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly domain: string;
  readonly selector: string;
  readonly signature: Buffer;
}

/** The seal, or what is wrong with it. */
export function parseSeal(field: HeaderField): Seal | string {
  const tags = parseTagList(field.value);
  if (!tags) return 'the seal is not a valid tag list';
  // RFC 8617 §4.1.3: h= and the body are not the seal's business.
  if (tags.has('h') || tags.has('bh')) return 'the seal has an h= or bh= tag';
  const cv = tags.get('cv')?.toLowerCase();
  if (cv !== 'none' && cv !== 'pass' && cv !== 'fail') return `the seal has cv=${cv ?? ''}`;
  const algorithm = tags.get('a')?.toLowerCase();
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') return `the seal has a=${algorithm ?? ''}`;
  const domain = toAsciiDomain(tags.get('d') ?? '');
  const selector = toAsciiDomain(tags.get('s') ?? '');
  if (!isWellFormedDomain(domain) || !domain.includes('.') || !isWellFormedDomain(selector)) return 'the seal lacks d= or s=';
  const signature = decodeBase64(tags.get('b') ?? '');
  return signature ? { field, cv, algorithm, domain, selector, signature } : 'the seal has no signature';
}

/** All sets up to `instance`, oldest first, the last seal without its signature. */
export function sealedText(sets: readonly ArcSet[], instance: number): string {
  let text = '';
  for (const set of sets.slice(0, instance)) {
    text += canonicalField(set.authenticationResults.raw, 'relaxed') + canonicalField(set.messageSignature.raw, 'relaxed');
    text += set.instance === instance ? canonicalSignatureField(set.seal.field.raw, 'relaxed') : canonicalField(set.seal.field.raw, 'relaxed');
  }
  return text;
}
