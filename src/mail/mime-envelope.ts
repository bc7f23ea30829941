/** The envelope of a message as IMAP tells it (RFC 9051 §7.5.2): header values, unfolded, encoded words not decoded. */
import { scanAddressList } from './address-list.ts';
import { firstField, type HeaderField } from './header.ts';

/** A group is opened by an entry with mailbox and without host, and closed by one without either. */
export interface EnvelopeAddress {
  readonly name?: string;
  /** Hosts that the sender wanted it to go through; nobody does so any more. */
  readonly route?: string;
  readonly mailbox?: string;
  readonly host?: string;
}

export interface MimeEnvelope {
  readonly date?: string;
  readonly subject?: string;
  readonly from: readonly EnvelopeAddress[];
  /** From when the message has no Sender; the same holds for replyTo. */
  readonly sender: readonly EnvelopeAddress[];
  readonly replyTo: readonly EnvelopeAddress[];
  readonly to: readonly EnvelopeAddress[];
  readonly cc: readonly EnvelopeAddress[];
  readonly bcc: readonly EnvelopeAddress[];
  readonly inReplyTo?: string;
  readonly messageId?: string;
}

/** `addressesMax`: of each list; the others are left out. */
export function readEnvelope(fields: readonly HeaderField[], addressesMax = Number.POSITIVE_INFINITY): MimeEnvelope {
  const value = (name: string): string | undefined => firstField(fields, name)?.value;
  const addresses = (name: string): EnvelopeAddress[] => (addressesMax > 0 ? toEnvelopeAddresses(value(name) ?? '').slice(0, addressesMax) : []);
  const from = addresses('from');
  const sender = addresses('sender');
  const replyTo = addresses('reply-to');
  const single = { date: value('date'), subject: value('subject'), inReplyTo: value('in-reply-to'), messageId: value('message-id') };
  return {
    ...(Object.fromEntries(Object.entries(single).filter(([, text]) => text !== undefined)) as Partial<typeof single & object>),
    from,
    sender: sender.length > 0 ? sender : from,
    replyTo: replyTo.length > 0 ? replyTo : from,
    to: addresses('to'),
    cc: addresses('cc'),
    bcc: addresses('bcc'),
  } as MimeEnvelope;
}

function toEnvelopeAddresses(text: string): EnvelopeAddress[] {
  return scanAddressList(text).tokens.map((token) => {
    if (token.kind === 'group-end') return {};
    if (token.kind === 'group-start') return { mailbox: token.rawName };
    return { ...(token.rawName !== '' && { name: token.rawName }), ...(token.route !== undefined && { route: token.route }), mailbox: token.localPart, host: token.rawDomain };
  });
}
