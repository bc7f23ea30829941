/** The ARC-Seal field (RFC 8617 §4.1.3): reading it, and the text that it signs. */
import type { HeaderField } from '../../mail/header.ts';
import { canonicalField, canonicalSignatureField } from '../dkim/header-canonical.ts';
import { isMailDomain, toAsciiDomain } from '../domain-name.ts';
import { decodeBase64, readTagList } from '../tag-list.ts';

const VALUE_CHARS_SHOWN = 40;

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
  const tags = readTagList(field.value);
  if (typeof tags === 'string') return `the seal is not a valid tag list: ${tags}`;
  // RFC 8617 §4.1.3: h= and the body are not the seal's business.
  if (tags.has('h') || tags.has('bh')) return 'the seal has an h= or bh= tag';
  const cv = tags.get('cv')?.toLowerCase();
  if (cv !== 'none' && cv !== 'pass' && cv !== 'fail') return `the seal has cv=${(cv ?? '').slice(0, VALUE_CHARS_SHOWN)}`;
  const algorithm = tags.get('a')?.toLowerCase();
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') return `the seal has a=${(algorithm ?? '').slice(0, VALUE_CHARS_SHOWN)}`;
  const signedAt = tags.get('t');
  // RFC 8617 §4.1.3 takes t= from RFC 6376 §3.5: digits.
  if (signedAt !== undefined && !/^\d{1,76}$/.test(signedAt)) return `the seal has t=${signedAt.slice(0, VALUE_CHARS_SHOWN)}`;
  const domain = toAsciiDomain(tags.get('d') ?? '');
  const selector = toAsciiDomain(tags.get('s') ?? '');
  if (!isMailDomain(domain) || !domain.includes('.') || !isMailDomain(selector)) return 'the seal lacks d= or s=';
  const signature = decodeBase64(tags.get('b') ?? '');
  return signature ? { field, cv, algorithm, domain, selector, signature } : 'the seal has no signature';
}

/** What of a set its seal and the later ones sign. */
export interface SealedSet {
  readonly authenticationResults: HeaderField;
  readonly messageSignature: HeaderField;
  readonly seal: { readonly field: HeaderField };
}

/**
 * The text that each seal signs (RFC 8617 §5.1.1), one per set, oldest first: every set up to its own, without its own
 * signature. Each field is canonicalised once, however long the chain.
 */
export function sealedTexts(sets: readonly SealedSet[]): string[] {
  let before = '';
  return sets.map(({ authenticationResults, messageSignature, seal }) => {
    const own = before + canonicalField(authenticationResults.raw, 'relaxed') + canonicalField(messageSignature.raw, 'relaxed');
    before = own + canonicalField(seal.field.raw, 'relaxed');
    return own + canonicalSignatureField(seal.field.raw, 'relaxed');
  });
}

/** The same for one instance, counted from 1; for who makes a seal. */
export function sealedText(sets: readonly SealedSet[], instance: number): string {
  return sealedTexts(sets.slice(0, instance)).at(-1) ?? '';
}
