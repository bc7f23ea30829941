/**
 * What may have happened to a signed body: a footer or a banner was added, whole or inside of a part; lines were changed as
 * mbox files and SMTP do it; it was encoded anew; only blanks differ. Each guess is a hash; the search is bounded
 * (DKIM_DIAGNOSIS_LIMITS). Pure.
 */
import { createHash } from 'node:crypto';
import { DKIM_DIAGNOSIS_LIMITS } from '../../../base/dkim-limits.ts';
import { createBodyHasher, type Canonicalization } from '../body-hasher.ts';

export interface SignedBody {
  readonly form: Canonicalization;
  readonly length?: number | undefined;
  readonly hash: Buffer;
}

export interface BodyFinding {
  /** As a whole sentence; undefined: nothing that was tried gives the signed body. */
  readonly what?: string;
  /** Lines that were added, when that is what happened. */
  readonly added?: readonly string[];
}

/** `encoding`: of Content-Transfer-Encoding, lower case; '' when there is none. */
export function searchBody(body: Buffer, signed: SignedBody, encoding: string): BodyFinding {
  if (body.length > DKIM_DIAGNOSIS_LIMITS.bodyBytesMax) return {};
  const fits = (candidate: Buffer, form = signed.form): boolean => hashOf(candidate, { ...signed, form }).equals(signed.hash);
  const text = body.toString('latin1');
  if (signed.form === 'simple' && fits(body, 'relaxed')) return { what: 'Only blanks or empty lines of the body were changed: with relaxed canonicalisation (c=…/relaxed) the body would have passed.' };
  return footer(text, signed) ?? banner(text, fits) ?? innerFooter(text, fits) ?? rewritten(text, encoding, fits) ?? {};
}

function hashOf(body: Buffer, { form, length }: SignedBody): Buffer {
  const hasher = createBodyHasher({ canonicalization: form, algorithm: 'sha256', ...(length !== undefined && { length }) });
  hasher.update(body);
  return hasher.digest();
}

/** One pass: at each of the last line ends the hash so far is compared, as if the body ended there. */
function footer(text: string, { form, length, hash }: SignedBody): BodyFinding | undefined {
  if (length !== undefined) return undefined;
  const lines = text.split('\r\n');
  const from = Math.max(0, lines.length - DKIM_DIAGNOSIS_LIMITS.footerLinesMax);
  const running = createHash('sha256');
  let empty = 0;
  for (const [at, line] of lines.entries()) {
    const canonical = form === 'relaxed' ? line.replace(/[ \t]+/g, ' ').replace(/ $/, '') : line;
    if (canonical === '') {
      empty += 1;
      continue;
    }
    running.update(`${'\r\n'.repeat(empty)}${canonical}\r\n`, 'latin1');
    empty = 0;
    if (at < from || !running.copy().digest().equals(hash)) continue;
    const added = lines.slice(at + 1).filter((each) => each.trim() !== '');
    return { what: `${added.length} ${added.length === 1 ? 'line was' : 'lines were'} added at the end of the body, as mailing lists and disclaimers do.`, added: added.slice(0, 5) };
  }
  return undefined;
}

function banner(text: string, fits: (candidate: Buffer) => boolean): BodyFinding | undefined {
  let at = 0;
  for (let count = 1; count <= DKIM_DIAGNOSIS_LIMITS.bannerLinesMax; count += 1) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return undefined;
    at = end + 2;
    if (fits(Buffer.from(text.slice(at), 'latin1'))) return { what: `${count} ${count === 1 ? 'line was' : 'lines were'} added at the beginning of the body, as warnings about external mail are.`, added: text.slice(0, at).split('\r\n').filter((line) => line.trim() !== '').slice(0, 5) };
  }
  return undefined;
}

/** From a line that looks like the head of a footer to the end of its MIME part. */
function innerFooter(text: string, fits: (candidate: Buffer) => boolean): BodyFinding | undefined {
  const starts = [...text.matchAll(/\r\n(?:_{4,}|-{2,}|={4,}|-- )\r\n/g)].slice(-DKIM_DIAGNOSIS_LIMITS.innerFootersMax);
  for (const { index } of starts) {
    const boundary = text.indexOf('\r\n--', index + 4);
    if (boundary < 0) continue;
    for (const keep of ['', '\r\n', '\r\n\r\n']) {
      if (fits(Buffer.from(text.slice(0, index) + keep + text.slice(boundary), 'latin1'))) {
        return { what: 'A footer was added inside of a part of the body, as mailing lists do.', added: text.slice(index, boundary).split('\r\n').filter((line) => line.trim() !== '').slice(0, 5) };
      }
    }
  }
  return undefined;
}

function rewritten(text: string, encoding: string, fits: (candidate: Buffer) => boolean): BodyFinding | undefined {
  const trials: readonly (readonly [what: string, candidate: () => Buffer])[] = [
    ['Lines that begin with "From " were given a ">", as mbox files do.', () => Buffer.from(text.replace(/^>From /gm, 'From '), 'latin1')],
    ['Dots at the beginning of lines were doubled: a relay did not undo what SMTP does (RFC 5321 §4.5.2).', () => Buffer.from(text.replace(/^\.\./gm, '.'), 'latin1')],
    ['Dots at the beginning of lines were lost: a relay did not do what SMTP needs (RFC 5321 §4.5.2).', () => Buffer.from(text.replace(/^\./gm, '..'), 'latin1')],
    ['Tabs were turned into blanks.', () => Buffer.from(text.replace(/ {8}/g, '\t'), 'latin1')],
    ['The body was encoded anew: it was 8-bit text and is now quoted-printable.', () => (encoding === 'quoted-printable' ? decodedQuotedPrintable(text) : Buffer.alloc(0))],
    ['The body was encoded anew: it was 8-bit text and is now base64.', () => (encoding === 'base64' ? Buffer.from(text, 'base64') : Buffer.alloc(0))],
    ['Characters were converted from ISO 8859-1 to UTF-8.', () => Buffer.from(Buffer.from(text, 'latin1').toString('utf8'), 'latin1')],
    ['Blanks at the ends of lines were removed.', () => Buffer.from(text.replace(/\r\n--\r\n/g, '\r\n-- \r\n'), 'latin1')],
  ];
  const found = trials.find(([, candidate]) => {
    const bytes = candidate();
    return bytes.length > 0 && fits(bytes);
  });
  return found && { what: found[0] };
}

function decodedQuotedPrintable(text: string): Buffer {
  return Buffer.from(text.replace(/[ \t]*=\r\n/g, '').replace(/=([0-9A-Fa-f]{2})/g, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))), 'latin1');
}
