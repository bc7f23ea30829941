/**
 * The body hash of DKIM and ARC (RFC 6376 §3.4.3, §3.4.4), made while the body arrives in chunks of any size.
 *
 * Canonicalisation never walks the bytes in script: native searches find out whether a chunk needs any change at all,
 * and most do not. Blanks and line ends at the end of a chunk are carried over as counts, so that a body of nothing but
 * blanks costs no memory.
 */
import { createHash, type Hash } from 'node:crypto';

export type Canonicalization = 'simple' | 'relaxed';

export interface BodyHashOptions {
  readonly canonicalization: Canonicalization;
  readonly algorithm: 'sha256' | 'sha1';
  /** Bytes of the canonical body to hash (`l=`); default all. */
  readonly length?: number;
}

export interface BodyHasher {
  /** Body bytes only, in order. The chunk is not kept. */
  update(chunk: Buffer): void;
  /** Once, after the last chunk. */
  digest(): Buffer;
  /** Bytes of the whole canonical body; final after digest(). */
  readonly canonicalBytes: number;
}

const CR = 13;
const LF = 10;
const SPACE = 32;
const CRLF = Buffer.from('\r\n');
const MANY_LINE_ENDS = Buffer.from('\r\n'.repeat(512));

export function createBodyHasher(options: BodyHashOptions): BodyHasher {
  return new StreamingBodyHasher(options);
}

class StreamingBodyHasher implements BodyHasher {
  readonly #hash: Hash;
  readonly #relaxed: boolean;
  #remaining: number;
  /** Line ends seen but not yet known to be followed by anything. */
  #lineEnds = 0;
  /** '' or a blank, a CR, or both, that ended the last chunk. */
  #carry = '';
  #anything = false;
  canonicalBytes = 0;

  constructor(options: BodyHashOptions) {
    this.#hash = createHash(options.algorithm);
    this.#relaxed = options.canonicalization === 'relaxed';
    this.#remaining = options.length ?? Number.POSITIVE_INFINITY;
  }

  update(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let bytes = chunk;
    if (this.#relaxed && (this.#carry.startsWith(' ') || needsRelaxing(chunk))) bytes = relax(this.#carry + chunk.toString('latin1'));
    else if (this.#carry !== '') bytes = Buffer.concat([Buffer.from(this.#carry, 'latin1'), chunk]);
    let end = bytes.length;
    this.#carry = '';
    if (bytes[end - 1] === CR) {
      end -= 1;
      this.#carry = '\r';
    }
    if (this.#relaxed && (bytes[end - 1] === SPACE || bytes[end - 1] === 9)) {
      end -= 1;
      this.#carry = ` ${this.#carry}`;
    }
    const lineEnds = countTrailingLineEnds(bytes, end);
    end -= lineEnds * 2;
    if (end === 0) {
      this.#lineEnds += lineEnds;
      return;
    }
    this.#emitLineEnds(this.#lineEnds);
    this.#emit(bytes.subarray(0, end));
    this.#lineEnds = lineEnds;
  }

  digest(): Buffer {
    // A blank at the very end is trailing whitespace; a bare CR is a character of the last line.
    if (this.#carry.endsWith('\r')) {
      this.#emitLineEnds(this.#lineEnds);
      this.#emit(Buffer.from(this.#carry, 'latin1'));
    }
    // RFC 6376 §3.4.3: an empty body is one CRLF in simple form; §3.4.4: nothing in relaxed form.
    if (this.#anything || !this.#relaxed) this.#emit(CRLF);
    return this.#hash.digest();
  }

  #emitLineEnds(count: number): void {
    for (let left = count; left > 0; ) {
      const take = Math.min(left, MANY_LINE_ENDS.length / 2);
      this.#emit(MANY_LINE_ENDS.subarray(0, take * 2));
      left -= take;
    }
  }

  #emit(bytes: Buffer): void {
    this.#anything = true;
    this.canonicalBytes += bytes.length;
    if (this.#remaining <= 0) return;
    this.#hash.update(bytes.length > this.#remaining ? bytes.subarray(0, this.#remaining) : bytes);
    this.#remaining -= bytes.length;
  }
}

function needsRelaxing(chunk: Buffer): boolean {
  return chunk.includes('  ') || chunk.includes(' \r\n') || chunk.includes('\t');
}

/** Runs of blanks become one, blanks before a line end go. Two linear passes: one pattern for both would be quadratic. */
function relax(text: string): Buffer {
  return Buffer.from(text.replace(/[ \t]+/g, ' ').replaceAll(' \r\n', '\r\n'), 'latin1');
}

function countTrailingLineEnds(bytes: Buffer, end: number): number {
  let count = 0;
  for (let at = end; at >= 2 && bytes[at - 1] === LF && bytes[at - 2] === CR; at -= 2) count += 1;
  return count;
}

/**
 * The relaxed SHA-256 body hash of a whole message that arrives in chunks, header first: what ReceivedMessage carries as
 * `relaxedBodyHash`. The header ends at the first empty line.
 */
export function createMessageBodyHasher(): { update(chunk: Buffer): void; digest(): Buffer } {
  const hasher = createBodyHasher({ canonicalization: 'relaxed', algorithm: 'sha256' });
  let inBody = false;
  // The message's start counts as the end of a line: a message may begin with the empty line.
  let tail = Buffer.from('\r\n');
  return {
    update(chunk) {
      if (inBody) return hasher.update(chunk);
      const joined = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
      const at = joined.indexOf('\r\n\r\n');
      if (at < 0) {
        tail = Buffer.from(joined.subarray(-3));
        return;
      }
      inBody = true;
      hasher.update(joined.subarray(at + 4));
    },
    digest: () => hasher.digest(),
  };
}
