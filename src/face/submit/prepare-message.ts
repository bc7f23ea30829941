/**
 * Makes a submission of what a program piped in: who sends, who gets it, and a header that is complete.
 *
 * Policy (what callers of sendmail rely on): with -t, recipients come from To, Cc and Bcc, or from their Resent- forms when
 * there is any (RFC 5322 §3.6.6); Bcc never leaves the machine; names without a domain get the origin, in the header too; From, Date and
 * Message-ID are added when missing. The server checks and repairs the rest, as for every submission.
 */
import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { parseAddressList, scanAddressList } from '../../mail/address-list.ts';
import { normalizeAddress, parseMailbox } from '../../mail/address.ts';
import { formatDate } from '../../mail/date.ts';
import { encodePhrase } from '../../mail/encoded-word.ts';
import { allFields, firstField, foldField, type HeaderField, parseHeader, removeFields } from '../../mail/header.ts';
import { qualifyHeader } from './qualify-header.ts';

export interface MessageInput {
  /** CRLF line ends. */
  readonly bytes: Buffer;
  readonly recipients: readonly string[];
  readonly fromHeader: boolean;
  /** '' is the null sender; undefined: the user. */
  readonly sender?: string;
  readonly fullName?: string;
}

export interface Submitter {
  /** Login name. */
  readonly user: string;
  /** From the system's user database, when it has one. */
  readonly fullName?: string;
  /** Domain for addresses without one. */
  readonly origin: string;
  readonly hostname: string;
  /** Milliseconds since 1970, and minutes east of UTC. */
  readonly now: number;
  readonly offsetMinutes: number;
}

export interface Submission {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly body: '7bit' | '8bitmime';
  readonly smtpUtf8: boolean;
  readonly content: Buffer;
}

export type Prepared =
  | { readonly kind: 'ready'; readonly submission: Submission }
  | { readonly kind: 'wrong'; readonly reason: 'no-recipients' | 'bad-address'; readonly message: string };

export function prepareMessage(input: MessageInput, submitter: Submitter): Prepared {
  const bytes = qualifyHeader(separateHeader(input.bytes), submitter.origin);
  const { fields } = parseHeader(bytes);
  const unreadable = input.recipients.find(isUnreadable);
  const wanted = [...input.recipients, ...(input.fromHeader ? headerRecipients(fields) : [])];
  const addresses = unreadable ?? readAddresses(wanted, submitter.origin);
  if (typeof addresses === 'string') return { kind: 'wrong', reason: 'bad-address', message: `${addresses} is not an address` };
  if (addresses.length === 0) {
    const message = input.fromHeader
      ? 'no recipients: the message has no address in To, Cc or Bcc'
      : 'no recipients: name them on the command line, or use -t to take them from the header';
    return { kind: 'wrong', reason: 'no-recipients', message };
  }
  const sender = readSender(input.sender, submitter);
  if (sender === undefined) return { kind: 'wrong', reason: 'bad-address', message: `${String(input.sender)} is not an address` };
  const added = missingFields(bytes, fields, input, submitter, sender);
  const content = Buffer.concat([Buffer.from(added), removeFields(bytes, isBlindCopy)]);
  return { kind: 'ready', submission: { sender, recipients: addresses, content, ...encodingOf(content, [sender, ...addresses]) } };
}

/** A name without a domain is no fault here: it gets the origin. */
function isUnreadable(text: string): boolean {
  const { tokens, problems } = scanAddressList(text);
  const noDomain = tokens.some((token) => token.kind === 'mailbox' && token.domain === '' && token.localPart !== '');
  return problems.length > (noDomain ? 1 : 0);
}

/** A first line that is no header field begins the body, as when somebody pipes plain text. */
function separateHeader(bytes: Buffer): Buffer {
  const { fields, bodyOffset } = parseHeader(bytes);
  const stray = fields.find((field) => field.name === '');
  if (stray) return Buffer.concat([bytes.subarray(0, stray.start), Buffer.from('\r\n'), bytes.subarray(stray.start)]);
  const complete = bodyOffset < bytes.length || bytes.subarray(0, bodyOffset).toString('latin1').endsWith('\r\n\r\n') || bytes.equals(Buffer.from('\r\n'));
  return complete ? bytes : Buffer.concat([bytes, Buffer.from('\r\n')]);
}

function headerRecipients(fields: readonly HeaderField[]): string[] {
  const resent = fields.some(({ lower }) => lower.startsWith('resent-'));
  const prefix = resent ? 'resent-' : '';
  return ['to', 'cc', 'bcc'].flatMap((name) => allFields(fields, prefix + name).map(({ value }) => value));
}

function isBlindCopy({ lower }: HeaderField): boolean {
  return lower === 'bcc' || lower === 'resent-bcc';
}

/** Each once, in order; the text that is no address when there is one. */
function readAddresses(texts: readonly string[], origin: string): string[] | string {
  const seen = new Set<string>();
  for (const text of texts) {
    for (const { address } of parseAddressList(text)) {
      const whole = qualify(address, origin);
      if (!parseMailbox(whole, { utf8: true })) return address;
      seen.add(normalizeAddress(whole));
    }
    if (text.trim() !== '' && parseAddressList(text).length === 0 && !/[:;]/.test(text)) return text;
  }
  return [...seen];
}

export function qualify(address: string, origin: string): string {
  return address.includes('@') ? address : `${address}@${origin}`;
}

function readSender(named: string | undefined, submitter: Submitter): string | undefined {
  if (named === '') return '';
  const address = named === undefined ? submitter.user : parseAddressList(named)[0]?.address;
  if (address === undefined) return undefined;
  const whole = qualify(address, submitter.origin);
  return parseMailbox(whole, { utf8: true }) ? normalizeAddress(whole) : undefined;
}

function missingFields(bytes: Buffer, fields: readonly HeaderField[], input: MessageInput, submitter: Submitter, sender: string): string {
  const has = (name: string): boolean => firstField(fields, name) !== undefined;
  let added = '';
  if (!has('from')) {
    const name = input.fullName ?? (input.sender === undefined || input.sender === '' ? submitter.fullName : undefined);
    const address = sender === '' ? qualify(submitter.user, submitter.origin) : sender;
    added += foldField('From', name ? `${encodePhrase(name)} <${address}>` : address);
  }
  if (!has('date')) added += foldField('Date', formatDate(submitter.now, submitter.offsetMinutes));
  if (!has('message-id')) added += foldField('Message-ID', `<${randomUUID()}@${submitter.hostname}>`);
  const plainUtf8 = !has('mime-version') && !has('content-type') && !isSevenBit(bytes) && isUtf8(bytes);
  if (plainUtf8) added += 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n';
  return added;
}

function isSevenBit(bytes: Buffer): boolean {
  return !bytes.some((byte) => byte > 127);
}

/** RFC 6152 and RFC 6531: what the server must be told about the bytes. */
function encodingOf(content: Buffer, addresses: readonly string[]): Pick<Submission, 'body' | 'smtpUtf8'> {
  const header = content.subarray(0, parseHeader(content).bodyOffset);
  const smtpUtf8 = addresses.some((address) => /[^\0-\x7f]/.test(address)) || (!isSevenBit(header) && isUtf8(header));
  return { body: isSevenBit(content) ? '7bit' : '8bitmime', smtpUtf8 };
}
