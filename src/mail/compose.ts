/**
 * Builds a message (RFC 5322, MIME) from what a person or a program gives: for the mail command, for reports, for
 * tests. The result has CRLF line ends and is ASCII unless `utf8` was asked for.
 *
 * Policy: no value can add a header field; Bcc never gets into the message; text that is not ASCII becomes
 * quoted-printable, so that every hop passes it.
 */
import { randomBytes } from 'node:crypto';
import { scanAddressList } from './address-list.ts';
import { normalizeDomain, quoteLocalPart } from './address.ts';
import { formatDate } from './date.ts';
import { encodePhrase, encodeText } from './encoded-word.ts';
import { allFields, firstField, foldField, type HeaderField } from './header.ts';
import { encodeBase64, encodeFor7Bit } from './transfer-encoding.ts';

export interface ComposedAddress {
  readonly name?: string;
  readonly address: string;
}

export interface ComposedAttachment {
  readonly name: string;
  /** Media type; default application/octet-stream. */
  readonly type?: string;
  readonly content: Buffer;
}

export interface Composition {
  readonly from: ComposedAddress | string;
  readonly to?: readonly (ComposedAddress | string)[];
  readonly cc?: readonly (ComposedAddress | string)[];
  readonly replyTo?: readonly (ComposedAddress | string)[];
  readonly subject?: string;
  /** `\n` or CRLF line ends. */
  readonly text: string;
  readonly html?: string;
  readonly attachments?: readonly ComposedAttachment[];
  /** Milliseconds since 1970. */
  readonly date: number;
  /** With angle brackets. */
  readonly messageId?: string;
  readonly inReplyTo?: string;
  readonly references?: readonly string[];
  /** Further fields; values are encoded when they are not ASCII. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Write header text as UTF-8 (the envelope must say SMTPUTF8); default false. */
  readonly utf8?: boolean;
}

const FIELD_NAME = /^[!-9;-~]{1,70}$/;

export function composeMessage(parts: Composition): Buffer {
  const lines: string[] = [];
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '' && FIELD_NAME.test(name)) lines.push(foldField(name, value));
  };
  const addresses = (list: readonly (ComposedAddress | string)[] | undefined): string | undefined =>
    list?.map((entry) => formatAddress(entry, parts.utf8 ?? false)).join(', ');
  put('Date', formatDate(parts.date));
  put('From', addresses([parts.from]));
  put('Reply-To', addresses(parts.replyTo));
  put('To', addresses(parts.to));
  put('Cc', addresses(parts.cc));
  put('Subject', parts.utf8 ? parts.subject : encodeText(parts.subject ?? ''));
  put('Message-ID', parts.messageId);
  put('In-Reply-To', parts.inReplyTo);
  put('References', parts.references?.join(' '));
  for (const [name, value] of parts.headers ?? []) put(name, parts.utf8 ? value : encodeText(value));
  return Buffer.concat([Buffer.from(`${lines.join('')}MIME-Version: 1.0\r\n`), body(parts)]);
}

/** `Name <address>` for a header; the domain as A-labels where the header must be ASCII. */
export function formatAddress(entry: ComposedAddress | string, utf8 = false): string {
  const { name, address } = typeof entry === 'string' ? { name: undefined, address: entry } : entry;
  const at = address.lastIndexOf('@');
  const domain = at < 0 ? '' : `@${utf8 ? address.slice(at + 1) : normalizeDomain(address.slice(at + 1))}`;
  const local = at < 0 ? address : address.slice(0, at);
  const spec = `${local.startsWith('"') ? local : quoteLocalPart(local)}${domain}`.replace(/[\p{Cc}<>]/gu, '');
  if (!name) return spec;
  return `${utf8 && /[^\0-\x7f]/.test(name) ? `"${name.replace(/[\\"]/g, '\\$&')}"` : encodePhrase(name)} <${spec}>`;
}

function body(parts: Composition): Buffer {
  const text = leaf('text/plain', parts.text);
  const readable = parts.html === undefined ? text : multipart('alternative', [text, leaf('text/html', parts.html)]);
  if (!parts.attachments?.length) return readable;
  return multipart('mixed', [readable, ...parts.attachments.map(attachment)]);
}

function leaf(type: string, text: string): Buffer {
  const bytes = Buffer.from(text.replace(/\r\n?|\n/g, '\r\n'));
  const encoded = encodeFor7Bit(bytes, true);
  const head = `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoded.encoding}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), encoded.bytes]);
}

function attachment(part: ComposedAttachment): Buffer {
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(part.type ?? '') ? part.type : 'application/octet-stream';
  const head = `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment${filename(part.name)}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), encodeBase64(part.content)]);
}

/** RFC 2183 §2.3; RFC 2231 where the name is not plain. */
function filename(name: string): string {
  const clean = name.replace(/[\p{Cc}/\\]/gu, '_');
  if (clean === '') return '';
  if (/^[\x20-\x7e]+$/.test(clean)) return `;\r\n filename="${clean.replace(/"/g, '\\"')}"`;
  const percent = [...Buffer.from(clean)].map((byte) => (/[A-Za-z0-9._-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)).join('');
  return `;\r\n filename*=utf-8''${percent}`;
}

function multipart(subtype: string, children: readonly Buffer[]): Buffer {
  const boundary = `=_${randomBytes(15).toString('hex')}`;
  const pieces: Buffer[] = [Buffer.from(`Content-Type: multipart/${subtype}; boundary="${boundary}"\r\n\r\n`)];
  for (const child of children) pieces.push(Buffer.from(`--${boundary}\r\n`), child, Buffer.from('\r\n'));
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return Buffer.concat(pieces);
}

export interface ReplyHeaders {
  readonly subject: string;
  readonly inReplyTo?: string;
  readonly references: readonly string[];
  /** Reply-To, else From; with `all` also To and Cc, each address once. */
  readonly to: readonly string[];
}

/** A long thread keeps its first and its last ones. */
const REFERENCES_MAX = 30;

/** What a reply to the message with these fields carries (RFC 5322 §3.6.4). Subject is decoded text. */
export function replyHeaders(fields: readonly HeaderField[], decodedSubject: string, options: { readonly all?: boolean } = {}): ReplyHeaders {
  const ids = (name: string): string[] => firstField(fields, name)?.value.match(/<[^<>\s]{1,900}>/g) ?? [];
  const messageId = ids('message-id')[0];
  const parents = ids('references').length > 0 ? ids('references') : ids('in-reply-to').slice(0, 1);
  const chain = [...new Set([...parents, ...(messageId ? [messageId] : [])])];
  const references = chain.length > REFERENCES_MAX ? [...chain.slice(0, 1), ...chain.slice(1 - REFERENCES_MAX)] : chain;
  const replyTo = addressesOf(fields, 'reply-to');
  const to = new Set(replyTo.length > 0 ? replyTo : addressesOf(fields, 'from'));
  if (options.all) for (const address of [...addressesOf(fields, 'to'), ...addressesOf(fields, 'cc')]) to.add(address);
  return {
    subject: /^re(?:\[\d+\])?:/i.test(decodedSubject) ? decodedSubject : `Re: ${decodedSubject}`,
    ...(messageId && { inReplyTo: messageId }),
    references,
    to: [...to],
  };
}

function addressesOf(fields: readonly HeaderField[], name: string): string[] {
  const tokens = allFields(fields, name).flatMap((field) => scanAddressList(field.value).tokens);
  return tokens.flatMap((token) => (token.kind === 'mailbox' && token.domain !== '' ? [`${token.localPart}@${token.domain}`] : []));
}
