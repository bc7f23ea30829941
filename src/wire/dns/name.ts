/** Domain names as bytes (RFC 1035 §3.1, §4.1.4) and as text without the trailing dot, lower case. */

/** Bytes that are no DNS message, or text that no name or record can be made of. */
export class DnsFormatError extends Error {}

const NAME_OCTETS_MAX = 255;
const LABEL_OCTETS_MAX = 63;
const POINTERS_MAX = 127;

/** '' and '.' are the root; `\.` and `\DDD` as in zone files. Throws DnsFormatError. */
export function encodeName(text: string): Buffer {
  const labels = labelsOf(text).map((label) => Buffer.from(label, 'latin1'));
  const pieces: Buffer[] = [];
  for (const label of labels) {
    if (label.length === 0 || label.length > LABEL_OCTETS_MAX) throw new DnsFormatError(`"${text}" is not a domain name`);
    pieces.push(Buffer.from([label.length]), label);
  }
  const bytes = Buffer.concat([...pieces, Buffer.from([0])]);
  if (bytes.length > NAME_OCTETS_MAX) throw new DnsFormatError(`"${text.slice(0, 60)}…" is too long for a domain name`);
  return bytes;
}

function labelsOf(text: string): string[] {
  if (text === '.') return [];
  const labels = [''];
  for (const [part, code, char] of text.toLowerCase().matchAll(/\\(?:(\d{3})|([\s\S]))|[\s\S]/g)) {
    if (part === '.') labels.push('');
    else labels.push(`${labels.pop()}${code === undefined ? (char ?? part) : String.fromCharCode(Number(code) & 0xff)}`);
  }
  if (labels.at(-1) === '') labels.pop();
  return labels;
}

export interface ReadName {
  readonly name: string;
  /** Offset behind it. */
  readonly end: number;
}

/** Follows pointers, which must lead backwards. Throws DnsFormatError. */
export function readName(message: Buffer, start: number): ReadName {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  let octets = 0;
  for (let pointers = 0; ; ) {
    const length = byteAt(message, at);
    if (length === 0) break;
    if ((length & 0xc0) === 0xc0) {
      const target = ((length & 0x3f) << 8) | byteAt(message, at + 1);
      end ??= at + 2;
      if (target >= at || ++pointers > POINTERS_MAX) throw new DnsFormatError('a name points nowhere');
      at = target;
      continue;
    }
    if (length > LABEL_OCTETS_MAX || at + 1 + length > message.length) throw new DnsFormatError('a name runs over the end');
    octets += length + 1;
    if (octets > NAME_OCTETS_MAX) throw new DnsFormatError('a name is too long');
    labels.push(labelText(message.toString('latin1', at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: end ?? at + 1 };
}

function labelText(label: string): string {
  return label.toLowerCase().replace(/[.\\"();@$]|[^\x21-\x7e]/g, (char) => (/[\x21-\x7e]/.test(char) ? `\\${char}` : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`));
}

function byteAt(message: Buffer, at: number): number {
  const byte = message[at];
  if (byte === undefined) throw new DnsFormatError('the message ends too early');
  return byte;
}
