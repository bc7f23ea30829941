/** The parameters of MAIL and RCPT that a server's offers allow (RFC 1870, 6152, 6531, 3461, 8689). */
import type { EnvelopeRecipient } from '../contract/message.ts';
import type { SmtpCapabilities } from './smtp-capabilities.ts';
import type { SmtpTransaction } from './smtp-transaction.ts';

export function mailCommand(transaction: SmtpTransaction, offers: SmtpCapabilities): string {
  let line = `MAIL FROM:<${transaction.sender}>`;
  if (offers.size) line += ` SIZE=${transaction.content.size}`;
  if (transaction.body === 'binarymime') line += ' BODY=BINARYMIME';
  else if (transaction.body === '8bitmime' && offers.eightBitMime) line += ' BODY=8BITMIME';
  if (transaction.smtpUtf8) line += ' SMTPUTF8';
  if (transaction.requireTls) line += ' REQUIRETLS';
  if (offers.dsn) {
    if (transaction.returnContent) line += ` RET=${transaction.returnContent === 'full' ? 'FULL' : 'HDRS'}`;
    if (transaction.envelopeId) line += ` ENVID=${xtext(transaction.envelopeId)}`;
  }
  return `${line}\r\n`;
}

export function rcptCommand(recipient: EnvelopeRecipient, offers: SmtpCapabilities): string {
  let line = `RCPT TO:<${recipient.address}>`;
  if (offers.dsn) {
    if (recipient.notify && recipient.notify.length > 0) line += ` NOTIFY=${recipient.notify.join(',').toUpperCase()}`;
    const original = recipient.originalRecipient && encodeOriginalRecipient(recipient.originalRecipient);
    if (original) line += ` ORCPT=${original}`;
  }
  return `${line}\r\n`;
}

/** RFC 3461 §4: xtext. Undefined characters of `text` beyond ASCII must have been dealt with before. */
export function xtext(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function encodeOriginalRecipient(text: string): string | undefined {
  const colon = text.indexOf(';');
  const type = text.slice(0, colon);
  if (!/^[A-Za-z0-9-]{1,40}$/.test(type)) return undefined;
  const address = text.slice(colon + 1);
  // RFC 6533 §3: the utf-8 type writes characters beyond ASCII, and the backslash, as \x{…}.
  if (type.toLowerCase() === 'utf-8') {
    return `${type};${xtext(address.replace(/[^\0-\x7f]|\\/gu, (one) => `\\x{${(one.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`))}`;
  }
  return /[^\0-\x7f]/.test(address) ? undefined : `${type};${xtext(address)}`;
}
