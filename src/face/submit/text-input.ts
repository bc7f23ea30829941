/**
 * Turns what a program pipes into sendmail into message bytes: LF to CRLF, the lone-dot rule, an mbox "From " line dropped.
 *
 * Policy: mail must not be lost for a matter of form. A bare CR (progress bars in cron output) becomes a line end, because
 * bare CRs are refused everywhere; a line longer than the server takes is broken.
 */
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';

const LF = 10;
const CR = 13;
const CRLF = Buffer.from('\r\n');
const LINE_BYTES_MAX = SMTP_SERVER_LIMITS.textLineBytesMax - 1024;

export interface TextInputOptions {
  /** A line with nothing but a dot does not end the message. */
  readonly ignoreDots: boolean;
}

/** CRLF line ends throughout; ends with one unless empty. */
export function toMessageBytes(input: Buffer, options: TextInputOptions): Buffer {
  const pieces: Buffer[] = [];
  let start = skipMboxLine(input);
  while (start < input.length) {
    const end = lineEnd(input, start);
    const line = input.subarray(start, end);
    if (!options.ignoreDots && line.length === 1 && line[0] === 0x2e) break;
    pushLine(pieces, line);
    start = end + (input[end] === CR && input[end + 1] === LF ? 2 : 1);
  }
  return Buffer.concat(pieces);
}

/** The nearest CR or LF, or the length. */
function lineEnd(input: Buffer, start: number): number {
  const lf = input.indexOf(LF, start);
  const reach = lf < 0 ? input.length : lf;
  const cr = input.subarray(start, reach).indexOf(CR);
  return cr < 0 ? reach : start + cr;
}

function skipMboxLine(input: Buffer): number {
  if (input.subarray(0, 5).toString('latin1') !== 'From ') return 0;
  const end = lineEnd(input, 0);
  return end + (input[end] === CR && input[end + 1] === LF ? 2 : 1);
}

function pushLine(pieces: Buffer[], line: Buffer): void {
  for (let at = 0; at === 0 || at < line.length; at += LINE_BYTES_MAX) pieces.push(line.subarray(at, at + LINE_BYTES_MAX), CRLF);
}
