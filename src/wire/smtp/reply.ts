/**
 * SMTP replies on the wire, both ways: `formatReply` writes ours, `ReplyParser` reads a peer's as it arrives.
 *
 * Policy of the parser: the code is what counts, and it stands at the beginning. A line may end in a bare LF (some peers
 * do; nothing is framed by it but the reply itself), and its text may follow the code at once; the code of all lines must
 * agree. Long lines and further lines are read and not kept; a reply without end is malformed. Text of a peer is
 * untrusted: control characters become `?`.
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
  /** Of a line, what is kept. */
  readonly replyLineBytesMax: number;
  /** Lines kept. */
  readonly replyLinesMax: number;
  /** A reply that is longer is malformed. */
  readonly replyBytesMax: number;
  /** Text beyond is cut off. */
  readonly replyTextCharsMax: number;
}

export interface ParsedReply {
  readonly kind: 'reply';
  readonly reply: SmtpReply;
  /** The text of each line, enhanced codes left in: for EHLO. */
  readonly lines: readonly string[];
}

export type ReplyParseResult =
  | ParsedReply
  | { readonly kind: 'incomplete' }
  /** Not SMTP: the connection is of no more use. */
  | { readonly kind: 'malformed'; readonly detail: string };

const LF = 10;
const CR = 13;
const SPACE = 0x20;
const HYPHEN = 0x2d;
const EMPTY = Buffer.alloc(0);

/** Feed with `push`, then take replies with `next` until it says `incomplete`. */
export class ReplyParser {
  readonly #limits: ReplyLimits;
  #pending: Buffer = EMPTY;
  /** Of the reply that is being read: the line without its end, the lines before it, and all bytes. */
  #line: Buffer = EMPTY;
  #lines: string[] = [];
  #bytes = 0;
  #code = 0;
  #malformed: string | undefined;

  constructor(limits: ReplyLimits) {
    this.#limits = limits;
  }

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /** Bytes that were received and belong to no reply taken yet; after STARTTLS they must be none. */
  get bufferedBytes(): number {
    return this.#pending.length + this.#line.length;
  }

  next(): ReplyParseResult {
    if (this.#malformed !== undefined) return { kind: 'malformed', detail: this.#malformed };
    while (this.#pending.length > 0) {
      const end = this.#pending.indexOf(LF);
      this.#keep(end < 0 ? this.#pending : this.#pending.subarray(0, end));
      this.#pending = end < 0 ? EMPTY : this.#pending.subarray(end + 1);
      if (this.#bytes > this.#limits.replyBytesMax) return this.#fail(`a reply is longer than ${this.#limits.replyBytesMax} bytes`);
      if (end < 0) break;
      const line = this.#line.at(-1) === CR ? this.#line.subarray(0, -1) : this.#line;
      this.#line = EMPTY;
      const failure = this.#take(line);
      if (failure !== undefined) return this.#failAltogether(failure);
      if (line[3] !== HYPHEN) return this.#finish();
    }
    return { kind: 'incomplete' };
  }

  /**
   * What came of a reply whose end did not come, or is too far away: its code is known from the first line on. Undefined
   * when there is no whole code, or when its lines disagree. Nothing can be read afterwards.
   */
  begun(): ParsedReply | undefined {
    const rest = this.#line;
    this.#line = EMPTY;
    if (rest.length >= 3 && this.#take(rest) !== undefined) this.#lines = [];
    if (this.#lines.length === 0) return undefined;
    this.#malformed ??= 'the end of a reply is missing';
    return this.#finish();
  }

  #keep(piece: Buffer): void {
    this.#bytes += piece.length + 1;
    const room = this.#limits.replyLineBytesMax - this.#line.length;
    if (room <= 0) return;
    const kept = piece.subarray(0, room);
    this.#line = this.#line.length === 0 ? kept : Buffer.concat([this.#line, kept]);
  }

  /** Keeps one line; says what is wrong with it. RFC 5321 §4.2. */
  #take(line: Buffer): string | undefined {
    // Some servers write `250OK`.
    if (!/^[2-5][0-9][0-9](?![0-9])/.test(line.toString('latin1', 0, 4))) return `not a reply line: ${printable(line.toString('latin1', 0, 40))}`;
    const code = Number(line.toString('latin1', 0, 3));
    if (this.#lines.length === 0) this.#code = code;
    else if (code !== this.#code) return `the lines of one reply have different codes: ${this.#code} and ${code}`;
    const textAt = line[3] === SPACE || line[3] === HYPHEN ? 4 : 3;
    if (this.#lines.length < this.#limits.replyLinesMax) this.#lines.push(printable(line.toString('utf8', textAt)));
    return undefined;
  }

  #finish(): ParsedReply {
    const lines = this.#lines;
    const code = this.#code;
    this.#lines = [];
    this.#bytes = 0;
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

  /** Not even what came before can be believed. */
  #failAltogether(detail: string): ReplyParseResult {
    this.#lines = [];
    return this.#fail(detail);
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
