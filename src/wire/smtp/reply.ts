/**
 * SMTP replies on the wire, both ways: `formatReply` writes ours, `ReplyParser` reads a peer's as it arrives.
 *
 * Policy of the parser: a line may end in a bare LF (some peers do; nothing is framed by it but the reply itself); the
 * code of all lines must agree; what is longer than the limits is cut off (text) or malformed (lines without end, too
 * many lines). Text of a peer is untrusted: control characters become `?`.
 */

/** The same shape as a reply in the contract; wire knows no contract. */
export interface SmtpReply {
  readonly code: number;
  /** RFC 3463, `5.7.1`. */
  readonly enhanced?: string;
  /** Lines joined by '\n', without codes. */
  readonly text: string;
}

/** The bytes of a reply with CRLF, the enhanced code on every line (RFC 2034 §4). An empty text gives a line all the same. */
export function formatReply(reply: SmtpReply): string {
  const enhanced = reply.enhanced === undefined ? '' : `${reply.enhanced} `;
  if (!reply.text.includes('\n')) return `${reply.code} ${enhanced}${reply.text}\r\n`;
  const lines = reply.text.split('\n');
  const last = lines.length - 1;
  return lines.map((line, index) => `${reply.code}${index === last ? ' ' : '-'}${enhanced}${line}\r\n`).join('');
}

/** One line for people and logs: `550 5.1.1 No such user`. */
export function describeReply(reply: SmtpReply): string {
  const enhanced = reply.enhanced === undefined ? '' : `${reply.enhanced} `;
  return `${reply.code} ${enhanced}${reply.text.replaceAll('\n', ' ')}`;
}

export interface ReplyLimits {
  /** A line without its end beyond this is malformed. */
  readonly replyLineBytesMax: number;
  readonly replyLinesMax: number;
  /** Text beyond is cut off. */
  readonly replyTextCharsMax: number;
}

export type ReplyParseResult =
  | { readonly kind: 'reply'; readonly reply: SmtpReply; /** The text of each line, enhanced codes left in: for EHLO. */ readonly lines: readonly string[] }
  | { readonly kind: 'incomplete' }
  /** Not SMTP: the connection is of no more use. */
  | { readonly kind: 'malformed'; readonly detail: string };

const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);

/** Feed with `push`, then take replies with `next` until it says `incomplete`. */
export class ReplyParser {
  readonly #limits: ReplyLimits;
  #pending: Buffer = EMPTY;
  #code = 0;
  #lines: string[] = [];
  #malformed: string | undefined;

  constructor(limits: ReplyLimits) {
    this.#limits = limits;
  }

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /** Bytes that were received and belong to no reply taken yet; after STARTTLS they must be none. */
  get bufferedBytes(): number {
    return this.#pending.length;
  }

  next(): ReplyParseResult {
    if (this.#malformed !== undefined) return { kind: 'malformed', detail: this.#malformed };
    for (;;) {
      const end = this.#pending.indexOf(LF);
      if (end > this.#limits.replyLineBytesMax || (end < 0 && this.#pending.length > this.#limits.replyLineBytesMax)) {
        return this.#fail(`a reply line is longer than ${this.#limits.replyLineBytesMax} bytes`);
      }
      if (end < 0) return { kind: 'incomplete' };
      const line = this.#pending.subarray(0, end > 0 && this.#pending[end - 1] === CR ? end - 1 : end);
      this.#pending = this.#pending.subarray(end + 1);
      const failure = this.#take(line);
      if (failure !== undefined) return this.#fail(failure);
      if (line[3] !== 0x2d) return this.#finish();
    }
  }

  /** Keeps one line; says what is wrong with it. RFC 5321 §4.2. */
  #take(line: Buffer): string | undefined {
    const head = line.toString('latin1', 0, 4);
    if (!/^[2-5][0-9][0-9](?:[ -]|$)/.test(head)) return `not a reply line: ${printable(line.toString('latin1', 0, 40))}`;
    const code = Number(head.slice(0, 3));
    if (this.#lines.length === 0) this.#code = code;
    else if (code !== this.#code) return `the lines of one reply have different codes: ${this.#code} and ${code}`;
    if (this.#lines.length === this.#limits.replyLinesMax) return `a reply has more than ${this.#limits.replyLinesMax} lines`;
    this.#lines.push(printable(line.toString('utf8', 4)));
    return undefined;
  }

  #finish(): ReplyParseResult {
    const lines = this.#lines;
    const code = this.#code;
    this.#lines = [];
    const enhanced = enhancedCode(lines[0] ?? '', code);
    const texts = enhanced === undefined ? lines : lines.map((line) => withoutEnhancedCode(line, code));
    const text = texts.join('\n').slice(0, this.#limits.replyTextCharsMax);
    return { kind: 'reply', reply: enhanced === undefined ? { code, text } : { code, enhanced, text }, lines };
  }

  #fail(detail: string): ReplyParseResult {
    this.#malformed = detail;
    this.#pending = EMPTY;
    return { kind: 'malformed', detail };
  }
}

const ENHANCED = /^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)/;

/** RFC 2034 §4: the class must agree with the code's first digit; else it is text. */
function enhancedCode(line: string, code: number): string | undefined {
  const found = ENHANCED.exec(line)?.[1];
  return found !== undefined && found.charCodeAt(0) - 48 === Math.floor(code / 100) ? found : undefined;
}

function withoutEnhancedCode(line: string, code: number): string {
  const found = enhancedCode(line, code);
  return found === undefined ? line : line.slice(found.length + 1);
}

function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters of a peer must not reach logs and terminals
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
