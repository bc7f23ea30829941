/** Patterns of routes in the one form in which they are stored and looked up. Pure. */
import { addressKey, domainOf, normalizeDomain, parseMailbox } from './address.ts';

/** The stored form; `undefined` for what is no pattern. */
export function routePattern(match: 'recipient' | 'sender', text: string): string | undefined {
  const trimmed = text.trim();
  if (match === 'recipient' && trimmed === '*') return '*';
  if (trimmed.startsWith('@')) return prefixed(match === 'sender' ? '@' : '', trimmed.slice(1));
  if (trimmed.includes('@')) return mailbox(trimmed);
  if (match === 'sender') return prefixed('@', trimmed);
  return trimmed.startsWith('.') ? prefixed('.', trimmed.slice(1)) : prefixed('', trimmed);
}

function mailbox(text: string): string | undefined {
  const parsed = parseMailbox(text, { utf8: true });
  return parsed && !parsed.domain.startsWith('[') ? addressKey(text) : undefined;
}

function prefixed(prefix: string, domain: string): string | undefined {
  const name = normalizeDomain(domain);
  // With a stand-in local part, parseMailbox tells whether it is a domain name and no address literal.
  return name === '' || name.startsWith('[') || !parseMailbox(`x@${name}`) ? undefined : `${prefix}${name}`;
}

/** Patterns that fit a recipient, the most particular first. */
export function recipientPatterns(address: string): string[] {
  return [addressKey(address), ...domainPatterns(address), '*'];
}

/** Those of a whole domain. */
export function domainPatterns(address: string): string[] {
  const domain = normalizeDomain(domainOf(address));
  if (domain === '' || domain.startsWith('[')) return [];
  const labels = domain.split('.');
  return [domain, ...labels.slice(1).map((_, at) => `.${labels.slice(at + 1).join('.')}`)];
}

/** Patterns that fit a sender; none for the null sender. */
export function senderPatterns(address: string): string[] {
  if (address === '') return [];
  return [addressKey(address), `@${normalizeDomain(domainOf(address))}`];
}
