/**
 * Answers as bytes: words, strings in the form that their content needs, response codes. Collected in one growing buffer that is
 * handed to the socket as a whole, so that a FETCH of thousands of messages makes few objects.
 *
 * Strings are quoted when they can be, else literals (RFC 9051 §4.3). With `utf8`, quoted strings may hold UTF-8 (RFC 6855 §3).
 */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import { encodeModifiedUtf7 } from './modified-utf7.ts';

const NOTHING = Buffer.alloc(0);
const SMALLEST_BYTES = 512;

export class ResponseBatch {
  /** Set once the client has enabled UTF8=ACCEPT or IMAP4rev2. */
  utf8 = false;
  /** None while nothing is collected, so that an idle session holds none. */
  #bytes = NOTHING;
  #length = 0;
  /** Whoever filled a large piece goes on so; it is made at once. */
  #likelyBytes = SMALLEST_BYTES;
  #isBetweenLines = true;

  /** The last thing written was a whole line: another may follow. */
  get isBetweenLines(): boolean {
    return this.#isBetweenLines;
  }

  get length(): number {
    return this.#length;
  }

  /** What was collected; the batch is empty afterwards. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#likelyBytes = this.#length < IMAP_LIMITS.batchBytes ? SMALLEST_BYTES : IMAP_LIMITS.batchBytes * 1.5;
    this.#bytes = NOTHING;
    this.#length = 0;
    return bytes;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2, this.#likelyBytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  /** Protocol text of ASCII, as it is. */
  text(ascii: string): this {
    this.#isBetweenLines = false;
    this.#room(ascii.length);
    this.#length += this.#bytes.write(ascii, this.#length, 'latin1');
    return this;
  }

  /** Protocol text that may hold UTF-8: quoted strings and literals already in their form. */
  utf8Text(text: string): this {
    this.#isBetweenLines = false;
    this.#room(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
    return this;
  }

  /** The same, up to the end of a line. */
  utf8Lines(text: string): this {
    this.utf8Text(text);
    this.#isBetweenLines = true;
    return this;
  }

  /** The rest of a line, perhaps a whole one. */
  line(ascii: string): this {
    this.text(ascii).text('\r\n');
    this.#isBetweenLines = true;
    return this;
  }

  number(value: number): this {
    return this.text(String(value));
  }

  bytes(content: Uint8Array): this {
    this.#isBetweenLines = false;
    this.#room(content.length);
    this.#bytes.set(content, this.#length);
    this.#length += content.length;
    return this;
  }

  /** A literal with its announcement; `binary` for literal8. */
  literal(content: Uint8Array, binary = false): this {
    this.text(binary ? `~{${content.length}}\r\n` : `{${content.length}}\r\n`);
    return this.bytes(content);
  }

  /** A string, quoted or literal. NUL, which no string may hold, is left out. */
  string(value: string): this {
    if (value.length <= IMAP_LIMITS.quotedBytesMax) {
      if (/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(value)) return this.text('"').text(value).text('"');
      if (/^[\x20-\x7e]*$/.test(value)) return this.text('"').text(escapeQuoted(value)).text('"');
      // oxlint-disable-next-line no-control-regex -- CR, LF and NUL cannot be quoted
      if (this.utf8 && !/[\0\r\n]/.test(value)) return this.text('"').bytes(Buffer.from(escapeQuoted(value))).text('"');
    }
    return this.literal(Buffer.from(value.includes('\0') ? value.replaceAll('\0', '') : value));
  }

  nstring(value: string | undefined): this {
    return value === undefined ? this.text('NIL') : this.string(value);
  }

  /** An atom where that is possible, else a string. */
  astring(value: string): this {
    return /^[A-Za-z0-9][A-Za-z0-9._@/=+:#~-]*$/.test(value) && value.toUpperCase() !== 'NIL' ? this.text(value) : this.string(value);
  }

  /** In UTF-8 or modified UTF-7. */
  mailbox(name: string): this {
    return this.astring(this.utf8 ? name : encodeModifiedUtf7(name));
  }

  /** `(\Seen work)`. */
  flags(flags: readonly string[]): this {
    return this.text(`(${flags.join(' ')})`);
  }
}

function escapeQuoted(value: string): string {
  return value.replace(/["\\]/g, '\\$&');
}
