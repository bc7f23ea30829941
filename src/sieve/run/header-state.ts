/**
 * The header as the script sees it now: as received, then as addheader and deleteheader left it (RFC 5293). Values come
 * unfolded, trimmed, with encoded words decoded (RFC 5228 §2.7.2).
 */
import { isAscii } from 'node:buffer';
import { parseAddressList } from '../../mail/address.ts';
import { decodeWords, encodeText } from '../../mail/encoded-word.ts';
import { foldField, parseHeader } from '../../mail/header.ts';

export interface HeaderEntry {
  readonly name: string;
  readonly lower: string;
  /** As in the message, with the final line end. */
  readonly raw: Buffer;
  /** Unfolded and trimmed, encoded words as they are. */
  readonly value: string;
}

/** Lines that fit are left as the script has them; RFC 5322 §2.1.1. */
const LINE_CHARS_PREFERRED = 78;

export class HeaderState {
  #fields: HeaderEntry[];
  readonly #decoded = new WeakMap<HeaderEntry, string>();
  readonly #addresses = new WeakMap<HeaderEntry, readonly string[]>();

  constructor(header: Buffer) {
    this.#fields = parseHeader(header).fields;
  }

  get fields(): readonly HeaderEntry[] {
    return this.#fields;
  }

  all(name: string): HeaderEntry[] {
    const lower = name.toLowerCase();
    return this.#fields.filter((field) => field.lower === lower);
  }

  text(field: HeaderEntry): string {
    const known = this.#decoded.get(field);
    if (known !== undefined) return known;
    const text = decodeWords(field.value).trim();
    this.#decoded.set(field, text);
    return text;
  }

  /** All addresses of a field. */
  addresses(field: HeaderEntry): readonly string[] {
    const known = this.#addresses.get(field);
    if (known) return known;
    const addresses = parseAddresses(field);
    this.#addresses.set(field, addresses);
    return addresses;
  }

  add(name: string, value: string, last: boolean): void {
    const entry = makeEntry(name, value);
    if (last) this.#fields.push(entry);
    else this.#fields.unshift(entry);
  }

  remove(doomed: ReadonlySet<HeaderEntry>): void {
    this.#fields = this.#fields.filter((field) => !doomed.has(field));
  }

  removeNamed(predicate: (lower: string) => boolean): void {
    this.#fields = this.#fields.filter((field) => !predicate(field.lower));
  }

  /** Fields of a piece of header text, added at the end. */
  append(header: Buffer): void {
    this.#fields.push(...parseHeader(header).fields);
  }

  /** With the empty line. */
  bytes(): Buffer {
    const ended = this.#fields.map(({ raw }) => (raw.at(-1) === 10 ? raw : Buffer.concat([raw, Buffer.from('\r\n')])));
    return Buffer.concat([...ended, Buffer.from('\r\n')]);
  }
}

/** Groups opened; as they are written there (i;octet sees the case of domains). */
function parseAddresses(field: HeaderEntry): string[] {
  const lower = field.value.toLowerCase();
  let from = 0;
  return parseAddressList(field.value).map(({ address }) => {
    const at = lower.indexOf(address.toLowerCase(), from);
    if (at < 0) return address;
    from = at;
    return field.value.slice(at, at + address.length);
  });
}

/** RFC 5293 §4: what is not ASCII is encoded; line ends inside become blanks, so that nothing else can be added. */
function makeEntry(name: string, value: string): HeaderEntry {
  const clean = value.replace(/[\r\n]+[ \t]*/g, ' ').replaceAll('\0', '').trim();
  // Odd characters of ASCII stay as they are: encoded, no reader would get them back.
  const encoded = isAscii(Buffer.from(clean)) ? clean : encodeText(clean);
  const line = `${name}: ${encoded}`;
  const raw = Buffer.from(line.length <= LINE_CHARS_PREFERRED ? `${line}\r\n` : foldField(name, encoded));
  return { name, lower: name.toLowerCase(), raw, value: encoded };
}

/** RFC 5322 §2.2. */
export function isFieldName(name: string): boolean {
  return /^[\x21-\x39\x3b-\x7e]+$/.test(name);
}

