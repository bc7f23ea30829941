/** BODY and BODYSTRUCTURE (RFC 9051 §7.5.2) from the stored structure. */
import type { MimeParameter } from '../../../mail/mime-parameters.ts';
import type { MimePart } from '../../../mail/mime-structure.ts';
import { envelopeText } from './envelope-text.ts';
import { imapHumanText, imapNstring, imapString } from './imap-string.ts';

/** `extended`: with the extension data of BODYSTRUCTURE. */
export function bodyStructureText(part: MimePart, extended: boolean, utf8: boolean): string {
  return part.parts ? multipart(part, part.parts, extended, utf8) : leaf(part, extended, utf8);
}

function multipart(part: MimePart, parts: readonly MimePart[], extended: boolean, utf8: boolean): string {
  const children = parts.map((child) => bodyStructureText(child, extended, utf8)).join('');
  const tail = extended ? ` ${parameters(part.parameters, utf8)} ${disposition(part, utf8)} ${language(part, utf8)} ${imapNstring(part.location, utf8)}` : '';
  return `(${children} "${part.subtype}"${tail})`;
}

function leaf(part: MimePart, extended: boolean, utf8: boolean): string {
  const size = part.bodyEnd - part.bodyStart;
  const fields = `${parameters(withCharset(part), utf8)} ${imapNstring(part.id, utf8)} ${imapHumanText(part.description, utf8)} "${part.encoding}" ${size}`;
  const tail = extended ? ` ${imapNstring(part.md5, utf8)} ${disposition(part, utf8)} ${language(part, utf8)} ${imapNstring(part.location, utf8)}` : '';
  // Type, subtype and encoding are tokens (mail/mime-structure.ts), which every quoted string can hold.
  return `("${part.type}" "${part.subtype}" ${fields}${kind(part, extended, utf8)}${tail})`;
}

/** What text and embedded messages have besides. */
function kind(part: MimePart, extended: boolean, utf8: boolean): string {
  if (part.type === 'text') return ` ${part.lines}`;
  if (part.type !== 'message' || (part.subtype !== 'rfc822' && part.subtype !== 'global')) return '';
  if (part.message) return ` ${envelopeText(part.message.envelope, utf8)} ${bodyStructureText(part.message, extended, utf8)} ${part.lines}`;
  // RFC 9051 §9 body-type-msg wants them also where the message inside is encoded or nested too deep to be opened.
  return ` ${envelopeText(undefined, utf8)} ${UNOPENED} ${part.lines}`;
}

const UNOPENED = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)';

/** RFC 2045 §5.2: text without a charset is in US-ASCII; clients are used to being told. */
function withCharset({ type, parameters: given }: MimePart): readonly MimeParameter[] {
  return type === 'text' && !given.some(([name]) => name === 'charset') ? [...given, US_ASCII] : given;
}

const US_ASCII: MimeParameter = ['charset', 'us-ascii'];

function parameters(list: readonly MimeParameter[], utf8: boolean): string {
  if (list.length === 0) return 'NIL';
  return `(${list.map((one) => parameter(one, utf8)).join(' ')})`;
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** The structure holds values decoded; what is not ASCII is told in the one form that every client knows (RFC 2231 §4). */
function parameter([name, value]: MimeParameter, utf8: boolean): string {
  if (PLAIN.test(name) && value.length < 200 && PLAIN.test(value)) return `"${name}" "${value}"`;
  // oxlint-disable-next-line no-control-regex -- the test is for ASCII
  if (/^[\0-\x7f]*$/.test(value)) return `${imapString(name, utf8)} ${imapString(value, utf8)}`;
  const encoded = encodeURIComponent(value.toWellFormed()).replace(/[*'()!]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${imapString(`${name}*`, utf8)} ${imapString(`utf-8''${encoded}`, utf8)}`;
}

function disposition({ disposition: given }: MimePart, utf8: boolean): string {
  return given ? `(${imapString(given.type, utf8)} ${parameters(given.parameters, utf8)})` : 'NIL';
}

function language({ language: tags }: MimePart, utf8: boolean): string {
  if (!tags) return 'NIL';
  return tags.length === 1 ? imapString(tags[0] as string, utf8) : `(${tags.map((tag) => imapString(tag, utf8)).join(' ')})`;
}
