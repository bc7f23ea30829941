/**
 * Variable envelope return paths: each recipient's copy has a sender of its own, `list+user=domain@d`, so that a bounce
 * names its recipient by where it comes to. Plus-addressing brings it to `list@d`.
 *
 * The delimiters, two characters, are Postfix's default `+=` unless the client asks for others (XVERP=xy).
 */
import { domainOf, localPartOf, quoteLocalPart } from './address.ts';

export const VERP_DELIMITERS = '+=';

/** As Postfix allows (verp_delimiter_filter): what local parts may hold, and nobody's separator of words. */
export function isVerpDelimiters(text: string): boolean {
  return /^[-=+]{2}$/.test(text);
}

/** The sender of the copy for `recipient`; the sender itself when it is the null sender. */
export function verpSender(sender: string, recipient: string, delimiters: string): string {
  if (sender === '') return sender;
  const [plus, equals] = [...delimiters] as [string, string];
  return `${quoteLocalPart(`${unquoted(localPartOf(sender))}${plus}${unquoted(localPartOf(recipient))}${equals}${domainOf(recipient)}`)}@${domainOf(sender)}`;
}

function unquoted(local: string): string {
  return local.startsWith('"') ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : local;
}
