/**
 * The grammar of ManageSieve (RFC 5804 §4): commands whose arguments are words, numbers and strings, and answers. A string
 * is quoted, or a literal: `{size+}` at the end of a line, and then so many bytes.
 */

export type ManageSieveArgument =
  | { readonly kind: 'string'; readonly bytes: Buffer }
  | { readonly kind: 'number'; readonly value: number };

export type LinePiece =
  | { readonly kind: 'pieces'; readonly word: string | undefined; readonly arguments: readonly ManageSieveArgument[]; /** Bytes of the literal that follows the line. */ readonly literal?: number }
  | { readonly kind: 'malformed' };

const QUOTE = 34;
const BACKSLASH = 92;
const SPACE = 32;

/** One line without its end. `isFirst`: it begins with the command's name; later ones go on behind a literal. */
export function parseCommandLine(line: Buffer, isFirst: boolean): LinePiece {
  const values: ManageSieveArgument[] = [];
  let at = 0;
  let word: string | undefined;
  if (isFirst) {
    const match = /^[A-Za-z]{1,32}(?= |$)/.exec(line.toString('latin1'));
    if (!match) return { kind: 'malformed' };
    word = match[0].toUpperCase();
    at = word.length;
  }
  while (at < line.length) {
    if (line[at] === SPACE) {
      at += 1;
      continue;
    }
    if (line[at] === QUOTE) {
      const quoted = readQuoted(line, at);
      if (!quoted) return { kind: 'malformed' };
      values.push({ kind: 'string', bytes: quoted.bytes });
      at = quoted.end;
      continue;
    }
    const rest = line.toString('latin1', at);
    // The server must take {size+} (RFC 5804 §4); some clients write {size}.
    const literal = /^\{(\d{1,10})\+?\}$/.exec(rest);
    if (literal) return { kind: 'pieces', word, arguments: values, literal: Number(literal[1]) };
    const number = /^\d{1,10}(?= |$)/.exec(rest);
    if (!number) return { kind: 'malformed' };
    values.push({ kind: 'number', value: Number(number[0]) });
    at += number[0].length;
  }
  return { kind: 'pieces', word, arguments: values };
}

function readQuoted(line: Buffer, start: number): { readonly bytes: Buffer; readonly end: number } | undefined {
  const bytes: number[] = [];
  for (let at = start + 1; at < line.length; at += 1) {
    const byte = line[at] as number;
    if (byte === QUOTE) return { bytes: Buffer.from(bytes), end: at + 1 };
    if (byte === 0) return undefined;
    if (byte !== BACKSLASH) {
      bytes.push(byte);
      continue;
    }
    at += 1;
    const escaped = line[at];
    if (escaped !== QUOTE && escaped !== BACKSLASH) return undefined;
    bytes.push(escaped);
  }
  return undefined;
}

/** RFC 5804 §4: at most so many bytes between quotes. */
const QUOTED_BYTES_MAX = 1024;

/** As the server writes a string: quoted where it may be, else a literal. */
export function formatString(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= QUOTED_BYTES_MAX && !/[\r\n\0]/.test(text)) return `"${text.replace(/[\\"]/g, '\\$&')}"`;
  return `{${bytes}}\r\n${text}`;
}
