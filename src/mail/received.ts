/**
 * The Received field that each hop puts on top (RFC 5321 §4.4), and the count that detects loops (§6.3).
 *
 * Policy: it tells who gave us the message, how, and when; never the account that logged in. What the client said is
 * reduced to harmless characters first.
 */
import { formatDate } from './date.ts';
import type { HeaderField } from './header.ts';

/** The part of contract Origin that a trace field needs. */
export interface ReceivedOrigin {
  readonly clientAddress?: string;
  readonly clientName?: string;
  readonly helo?: string;
  readonly protocol: string;
  readonly tls?: { readonly version: string; readonly cipher: string };
}

export interface ReceivedFacts {
  readonly origin: ReceivedOrigin;
  /** Our own name. */
  readonly byHost: string;
  readonly id: string;
  /** Named only when the message has a single recipient: a list would give away Bcc (RFC 5321 §7.6). */
  readonly recipient?: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  /** Leave the client's name and address out, for log-ins from home; default false. */
  readonly hideClient?: boolean;
}

/** IANA "WITH protocol types" that we can be a party of. */
const WITH_KEYWORD = /^(?:(?:UTF8)?(?:E?SMTP|LMTP)S?A?|(?:UTF8SMTP|ESMTP|LMTP)SA|HTTPS?)$/;

/** The folded field with its final CRLF. UTF-8 occurs only when the recipient has it. */
export function buildReceived(facts: ReceivedFacts): Buffer {
  const { origin } = facts;
  const from = origin.clientAddress === undefined || facts.hideClient ? [] : [fromClause(origin, origin.clientAddress)];
  const tls = origin.tls ? [`(using ${harmless(origin.tls.version)} with cipher ${harmless(origin.tls.cipher)})`] : [];
  const keyword = origin.protocol.toUpperCase();
  const using = WITH_KEYWORD.test(keyword) ? ` with ${keyword}` : '';
  const by = `by ${harmless(facts.byHost)}${using} id ${harmless(facts.id)}`;
  // A field that begins with a comment confuses simple readers.
  const lines = from.length > 0 ? [...from, ...tls, by] : [by, ...tls];
  if (facts.recipient !== undefined && isHarmlessPath(facts.recipient)) lines.push(`for <${facts.recipient}>`);
  return Buffer.from(`Received: ${lines.join('\r\n\t')}; ${formatDate(facts.date)}\r\n`);
}

function fromClause(origin: ReceivedOrigin, clientAddress: string): string {
  const literal = clientAddress.includes(':') ? `IPv6:${clientAddress}` : clientAddress;
  const said = harmless(origin.helo ?? '') || 'unknown';
  return `from ${said} (${harmless(origin.clientName ?? '') || 'unknown'} [${harmless(literal)}])`;
}

/** A client may say anything in EHLO; only what a domain or an address literal consists of goes into the field. */
function harmless(text: string): string {
  return text.slice(0, 255).replace(/[^A-Za-z0-9._:[\]-]/g, '?');
}

function isHarmlessPath(address: string): boolean {
  return address.length <= 512 && !/[\p{Cc}<>]/u.test(address);
}

/** How many hops the message has made. */
export function countReceived(fields: readonly HeaderField[]): number {
  return fields.reduce((count, field) => count + (field.lower === 'received' ? 1 : 0), 0);
}
