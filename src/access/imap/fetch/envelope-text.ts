/** ENVELOPE (RFC 9051 §7.5.2) from the stored structure: the header is not read again. */
import type { EnvelopeAddress, MimeEnvelope } from '../../../mail/mime-structure.ts';
import { imapHumanText, imapNstring } from './imap-string.ts';

/** `(date subject from sender reply-to to cc bcc in-reply-to message-id)`. */
export function envelopeText(envelope: MimeEnvelope | undefined, utf8: boolean): string {
  if (envelope === undefined) return EMPTY;
  const { date, subject, from, sender, replyTo, to, cc, bcc, inReplyTo, messageId } = envelope;
  const fromText = addresses(from, utf8);
  // The usual case, in which the stored structure repeats From.
  const like = (list: readonly EnvelopeAddress[]): string => (same(list, from) ? fromText : addresses(list, utf8));
  return `(${imapNstring(date, utf8)} ${imapHumanText(subject, utf8)} ${fromText} ${like(sender)} ${like(replyTo)} ${addresses(to, utf8)} ${addresses(cc, utf8)} ${addresses(bcc, utf8)} ${imapNstring(inReplyTo, utf8)} ${imapNstring(messageId, utf8)})`;
}

const EMPTY = `(${Array(10).fill('NIL').join(' ')})`;

function same(a: readonly EnvelopeAddress[], b: readonly EnvelopeAddress[]): boolean {
  return a === b || (a.length === b.length && a.every((one, i) => one.mailbox === b[i]?.mailbox && one.host === b[i]?.host && one.route === b[i]?.route && one.name === b[i]?.name));
}

/** NIL for none. A group opens with `(NIL NIL "name" NIL)` and closes with four NILs. */
function addresses(list: readonly EnvelopeAddress[], utf8: boolean): string {
  if (list.length === 0) return 'NIL';
  let text = '(';
  for (const { name, route, mailbox, host } of list) {
    // RFC 9051 §7.5.2: host NIL means group syntax, so a mailbox without a domain has an empty one.
    const end = host === undefined ? 'NIL' : imapNstring(host, utf8);
    text += `(${imapHumanText(name, utf8)} ${imapNstring(route, utf8)} ${host === undefined ? imapHumanText(mailbox, utf8) : imapNstring(mailbox, utf8)} ${end})`;
  }
  return `${text})`;
}
