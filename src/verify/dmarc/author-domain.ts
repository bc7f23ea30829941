/**
 * The author domain: the domain of the one mailbox in the one From field (RFC 9989 §5.3.1, RFC 5322 §3.6.2).
 *
 * Policy: several mailboxes are allowed while they share one domain, since then the domain that DMARC asks about is
 * certain; everything else that leaves a choice to the reader is no author domain.
 */
import { parseAddressList } from '../../mail/address.ts';
import { type HeaderField, parseHeader } from '../../mail/header.ts';
import { isMailDomain, toAsciiDomain } from '../domain-name.ts';

export type Author =
  | { readonly kind: 'domain'; readonly domain: string }
  | {
      readonly kind: 'none';
      readonly problem: 'no-from' | 'several-from' | 'no-address' | 'several-domains' | 'bad-domain';
      /** In plain words, as the end of "the message has …". */
      readonly detail: string;
    };

const ADDRESSES_SHOWN = 3;

export function authorDomain(fields: readonly HeaderField[]): Author {
  const from = fields.filter(isFrom);
  if (from.length === 0) return { kind: 'none', problem: 'no-from', detail: 'no From field' };
  if (from.length > 1) return { kind: 'none', problem: 'several-from', detail: `${from.length} From fields` };
  const addresses = parseAddressList((from[0] as HeaderField).value);
  if (addresses.length === 0) return { kind: 'none', problem: 'no-address', detail: 'a From field without an address' };
  const named = addresses.filter(({ address }) => !isBareWord(address));
  const domains = new Set(named.map(({ address }) => domainPart(address)));
  if (domains.size > 1) {
    const shown = [...domains].map((domain) => domain || 'none').slice(0, ADDRESSES_SHOWN).join(', ');
    return { kind: 'none', problem: 'several-domains', detail: `a From field with several domains (${shown})` };
  }
  const [domain = ''] = domains;
  if (!isMailDomain(domain)) return { kind: 'none', problem: 'bad-domain', detail: 'a From address without a valid domain' };
  return { kind: 'domain', domain };
}

/** Also a line that is no field, and that a lenient reader takes for From: with blanks or a fold before its colon. */
function isFrom(field: HeaderField): boolean {
  return field.lower === 'from' || (field.name === '' && /^\s{0,20}from\s{0,20}:/i.test(field.raw.toString('latin1', 0, 50)));
}

/** `Doe` of `Doe, John <john@example.org>`, where quotes are missing: no address to anybody, unless decoding makes it one. */
function isBareWord(address: string): boolean {
  return !address.includes('@') && !address.includes('=?');
}

/** '' when two readers could see two domains: an `@` may stand in a local part only in quotes (RFC 5322 §3.4.1). */
function domainPart(address: string): string {
  const at = address.lastIndexOf('@');
  const certain = at >= 0 && (address.startsWith('"') || address.indexOf('@') === at);
  return certain ? toAsciiDomain(address.slice(at + 1)) : '';
}

/** Of the text of one From field, as the queue keeps it. Undefined: none, or not one that is certain. */
export function domainOfFrom(from: string | undefined): string | undefined {
  const author = authorDomain(parseHeader(Buffer.from(`From: ${from ?? ''}\r\n\r\n`)).fields);
  return author.kind === 'domain' ? author.domain : undefined;
}
