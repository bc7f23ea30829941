/**
 * Does the message fit what this server offers, and in which form does it go? Too large, 8-bit text, UTF-8 addresses and
 * REQUIRETLS are settled here before a command is sent.
 *
 * Policy: what the sender declared too broadly is narrowed (8BITMIME for text that is ASCII); what the server cannot take
 * is converted where that loses nothing, and is else returned to the sender with the RFC's code, because asking again
 * later would not help.
 */
import { isAscii } from 'node:buffer';
import { BufferSource, concatenate, type ByteSource } from '../../base/byte-source.ts';
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import type { EnvelopeRecipient } from '../../contract/message.ts';
import type { QueueMessage, QueueRecipient } from '../../contract/queue.ts';
import { domainOf, localPartOf, normalizeAddress, normalizeDomain } from '../../mail/address.ts';
import { downgradeTo7Bit } from '../../mail/downgrade.ts';
import type { SmtpCapabilities } from '../../net/smtp-capabilities.ts';
import type { SmtpTransaction } from '../../net/smtp-transaction.ts';
import { failure, type Judgement } from './trouble.ts';

export interface FitQuestion {
  readonly message: QueueMessage;
  /** All with the same `reversePath` and `via`. */
  readonly recipients: readonly QueueRecipient[];
  readonly content: ByteSource;
  readonly capabilities: SmtpCapabilities;
  /** For a body that was converted; default: signatures over it are left broken. */
  readonly signAgain?: SignAgain;
}

/** RFC 5322 §2.1.1. */
const LINE_CHARS_MAX = 998;

/** Replaces the signatures that we had made for the message by ones that fit `converted`. */
export type SignAgain = (message: QueueMessage, converted: Buffer) => Promise<Buffer>;

export type Fit =
  | { readonly kind: 'fits'; readonly transaction: SmtpTransaction; readonly recipients: readonly QueueRecipient[]; readonly unfit: readonly Unfit[] }
  | { readonly kind: 'unfit'; readonly judgement: Judgement };

export interface Unfit {
  readonly recipient: QueueRecipient;
  readonly judgement: Judgement;
}

/** Rejects only when the content cannot be read or not be signed again. */
export async function fitToServer({ message, recipients, content, capabilities, signAgain }: FitQuestion): Promise<Fit> {
  const { options } = message;
  const bytesMax = capabilities.sizeBytesMax;
  if (bytesMax !== undefined && content.size > bytesMax) {
    return unfit('5.3.4', `the message has ${content.size} bytes, the receiving server takes ${bytesMax} at most`);
  }
  if (options.requireTls && !capabilities.requireTls) {
    return { kind: 'unfit', judgement: failure('message', 550, '5.7.30', 'the sender requires TLS all the way, and the receiving server does not promise it', 'next-host') };
  }
  const [first] = recipients;
  const addresses = fitAddresses(first?.reversePath ?? message.sender, message, recipients, capabilities.smtpUtf8);
  if (addresses.kind === 'unfit') return addresses;
  if (options.smtpUtf8 && !capabilities.smtpUtf8 && !(await headerIsAscii(content))) {
    return unfit('5.6.7', 'the header of the message needs SMTPUTF8, which the receiving server does not offer');
  }
  const body = await fitBody(options.body, content, capabilities, (converted) => signAgain?.(message, converted) ?? Promise.resolve(converted));
  if (!body) return unfit('5.6.3', 'the message is 8-bit, the receiving server takes 7-bit only, and it cannot be converted');
  return {
    kind: 'fits',
    recipients: addresses.recipients,
    unfit: addresses.unfit,
    transaction: {
      ...options,
      ...markedForwarded(body, first?.via, addresses.smtpUtf8),
      sender: addresses.sender,
      recipients: addresses.envelope,
      smtpUtf8: addresses.smtpUtf8,
    },
  };
}

/**
 * RFC 9228 §4: who forwards says so, and knows the message again when it comes back. Signatures do not cover the field, and
 * it is in this copy only: recipients of the others need not know the alias.
 */
function markedForwarded(body: FittedBody, via: string | undefined, smtpUtf8: boolean): FittedBody {
  const field = via === undefined ? '' : `Delivered-To: ${normalizeAddress(via)}\r\n`;
  const fits = field.length <= LINE_CHARS_MAX && isOneLine(field.slice(0, -2)) && (smtpUtf8 || isAsciiText(field));
  if (field === '' || !fits) return body;
  const content = concatenate([new BufferSource(Buffer.from(field)), body.content]);
  return { content, body: body.body === '7bit' && !isAsciiText(field) ? '8bitmime' : body.body };
}

function unfit(enhanced: string, text: string): Extract<Fit, { kind: 'unfit' }> {
  return { kind: 'unfit', judgement: failure('message', 554, enhanced, text) };
}

interface FittedAddresses {
  readonly kind: 'fits';
  readonly sender: string;
  readonly smtpUtf8: boolean;
  readonly envelope: readonly EnvelopeRecipient[];
  readonly recipients: readonly QueueRecipient[];
  readonly unfit: readonly Unfit[];
}

/** RFC 6531 §3.4: without SMTPUTF8 a domain can be written in A-labels, a local part cannot be helped. */
function fitAddresses(
  from: string,
  message: QueueMessage,
  recipients: readonly QueueRecipient[],
  offered: boolean,
): FittedAddresses | Extract<Fit, { kind: 'unfit' }> {
  const all = [from, ...recipients.map(({ address }) => address)];
  const smtpUtf8 = offered && (message.options.smtpUtf8 || !all.every(isAsciiText));
  const write = (address: string): string | undefined => {
    if (!isOneLine(address)) return undefined;
    if (smtpUtf8 || isAsciiText(address)) return address;
    return isAsciiText(localPartOf(address)) ? `${localPartOf(address)}@${normalizeDomain(domainOf(address))}` : undefined;
  };
  const sender = write(from);
  if (sender === undefined) return unfit('5.6.7', 'the sender address needs SMTPUTF8, which the receiving server does not offer');
  const fitting: QueueRecipient[] = [];
  const envelope: EnvelopeRecipient[] = [];
  const misfits: Unfit[] = [];
  for (const recipient of recipients) {
    const address = write(recipient.address);
    if (address === undefined) misfits.push({ recipient, judgement: addressMisfit(recipient.address) });
    else {
      fitting.push(recipient);
      envelope.push({ ...recipient, address });
    }
  }
  return { kind: 'fits', sender, smtpUtf8, envelope, recipients: fitting, unfit: misfits };
}

function addressMisfit(address: string): Judgement {
  if (!isOneLine(address)) return failure('recipient', 553, '5.1.3', 'the address holds characters that no address may hold');
  return failure('recipient', 553, '5.6.7', 'the address needs SMTPUTF8, which the receiving server does not offer');
}

function isAsciiText(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
  return /^[\0-\x7f]*$/.test(text);
}

/** An address with a line end would be two commands. */
function isOneLine(address: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are the ones to keep out
  return !/[\0-\x1f\x7f]/.test(address);
}

type FittedBody = Pick<SmtpTransaction, 'body' | 'content'>;

async function fitBody(
  declared: SmtpTransaction['body'],
  content: ByteSource,
  offers: SmtpCapabilities,
  signAgain: (converted: Buffer) => Promise<Buffer>,
): Promise<FittedBody | undefined> {
  if (declared === 'binarymime' ? offers.binaryMime : declared === '8bitmime' && offers.eightBitMime) return { body: declared, content };
  const clean = content.inMemory ? isAscii(content.inMemory) : declared === '7bit' || (await isAsciiSource(content));
  if (declared === '7bit') return { body: !clean && offers.eightBitMime ? '8bitmime' : '7bit', content };
  if (declared === '8bitmime' && clean) return { body: '7bit', content };
  const converted = downgradeTo7Bit(content.inMemory ?? (await content.read()));
  if (!converted || !hasCleanLines(converted)) return undefined;
  return { body: '7bit', content: new BufferSource(await signAgain(converted)) };
}

async function isAsciiSource(content: ByteSource): Promise<boolean> {
  for await (const chunk of content.chunks()) if (!isAscii(chunk)) return false;
  return true;
}

/** Binary parts that were not converted may hold bare CR or LF, which only BDAT carries. */
function hasCleanLines(bytes: Buffer): boolean {
  for (let lf = bytes.indexOf(10); lf !== -1; lf = bytes.indexOf(10, lf + 1)) if (bytes[lf - 1] !== 13) return false;
  for (let cr = bytes.indexOf(13); cr !== -1; cr = bytes.indexOf(13, cr + 1)) if (bytes[cr + 1] !== 10) return false;
  return true;
}

async function headerIsAscii(content: ByteSource): Promise<boolean> {
  const start = content.inMemory ?? (await content.read(0, Math.min(content.size, SMTP_SERVER_LIMITS.headerBytesMax)));
  const end = start.indexOf('\r\n\r\n');
  return isAscii(end === -1 ? start : start.subarray(0, end));
}
