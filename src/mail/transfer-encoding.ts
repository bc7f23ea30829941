/** Content-Transfer-Encoding (RFC 2045 §6): base64 and quoted-printable, written strictly and read liberally. */

const LINE_CHARS_MAX = 76;
const HEX = '0123456789ABCDEF';

/** Base64 in lines of 76 characters with CRLF, also behind the last; '' for nothing. */
export function encodeBase64(bytes: Buffer): Buffer {
  const text = bytes.toString('base64');
  const lines: string[] = [];
  for (let i = 0; i < text.length; i += LINE_CHARS_MAX) lines.push(text.slice(i, i + LINE_CHARS_MAX), '\r\n');
  return Buffer.from(lines.join(''), 'latin1');
}

/** RFC 2045 §6.7. CRLF in the input stays a line end; a bare CR or LF is encoded. */
export function encodeQuotedPrintable(bytes: Buffer): Buffer {
  const lines: string[] = [];
  let start = 0;
  while (start <= bytes.length) {
    const crlf = bytes.indexOf('\r\n', start);
    const end = crlf < 0 ? bytes.length : crlf;
    lines.push(encodeQuotedPrintableLine(bytes.subarray(start, end)));
    if (crlf < 0) break;
    start = crlf + 2;
  }
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function encodeQuotedPrintableLine(line: Buffer): string {
  const pieces: string[] = [];
  let width = 0;
  for (let i = 0; i < line.length; i += 1) {
    const byte = line[i] as number;
    const isLast = i === line.length - 1;
    const isBlank = byte === 0x20 || byte === 0x09;
    const plain = (byte > 0x20 && byte < 0x7f && byte !== 0x3d) || (isBlank && !isLast);
    const piece = plain ? String.fromCharCode(byte) : `=${HEX[byte >> 4]}${HEX[byte & 15]}`;
    // A dot alone on a line and "From " are what careless hops damage; a soft break keeps one column free.
    if (width + piece.length > LINE_CHARS_MAX - 1) {
      pieces.push('=\r\n');
      width = 0;
    }
    pieces.push(piece);
    width += piece.length;
  }
  return pieces.join('');
}

/** Characters outside the alphabet are skipped. */
export function decodeBase64(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/[^A-Za-z0-9+/=]/g, ''), 'base64');
}

/** What is no valid escape stays as it is. */
export function decodeQuotedPrintable(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const lines = text.split('\n').map((line) => trimLineEnd(line));
  const joined = lines.map((line, i) => (line.endsWith('=') ? line.slice(0, -1) : i < lines.length - 1 ? `${line}\r\n` : line)).join('');
  return Buffer.from(joined.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1');
}

/** RFC 2045 §6.7 rule 3: blanks at the end of a line were added on the way. */
function trimLineEnd(line: string): string {
  return line.trimEnd();
}

/** The content behind an encoding's name (lower case); unknown names are identity. */
export function decodeTransferEncoding(bytes: Buffer, encoding: string): Buffer {
  if (encoding === 'base64') return decodeBase64(bytes);
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(bytes);
  return bytes;
}

/** The cheapest encoding that a 7-bit next hop passes unchanged. */
export function encodeFor7Bit(bytes: Buffer, isText: boolean): { readonly encoding: '7bit' | 'quoted-printable' | 'base64'; readonly bytes: Buffer } {
  if (isText && isCleanText(bytes)) return { encoding: '7bit', bytes };
  const foreign = bytes.reduce((count, byte) => count + (byte > 0x7e || (byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) ? 1 : 0), 0);
  // Quoted-printable keeps line ends only where they are text; above a third foreign bytes base64 is shorter.
  if (isText && foreign * 3 <= bytes.length) return { encoding: 'quoted-printable', bytes: encodeQuotedPrintable(bytes) };
  return { encoding: 'base64', bytes: encodeBase64(bytes) };
}

/** RFC 2045 §2.7: ASCII without NUL, lines of at most 998 characters ended by CRLF. */
export function isCleanText(bytes: Buffer): boolean {
  let column = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] as number;
    if (byte === 0x0d && bytes[i + 1] === 0x0a) {
      column = 0;
      i += 1;
      continue;
    }
    column += 1;
    if (byte === 0 || byte > 0x7f || byte === 0x0d || byte === 0x0a || column > 998) return false;
  }
  return true;
}
