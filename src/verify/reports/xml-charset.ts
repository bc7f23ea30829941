/** In which characters an XML file is written (XML 1.0 appendix F, RFC 7303 §3). */
import { TextDecoder } from 'node:util';

const DECLARATION_BYTES = 200;

/** For TextDecoder. `first`: the beginning of the file. What is declared and not known is read as UTF-8. */
export function charsetOf(first: Buffer): string {
  const [one, two] = first;
  if ((one === 0xff && two === 0xfe) || (one === 0x3c && two === 0)) return 'utf-16le';
  if ((one === 0xfe && two === 0xff) || (one === 0 && two === 0x3c)) return 'utf-16be';
  const declared = /^(?:\xef\xbb\xbf)?\s{0,20}<\?xml[^>]{0,100}\sencoding\s?=\s?["']([\w.:-]{1,40})["']/.exec(first.toString('latin1', 0, DECLARATION_BYTES))?.[1];
  // What could be read so far is no UTF-16, whatever it says.
  if (declared === undefined || /^utf-?16/i.test(declared)) return 'utf-8';
  try {
    return new TextDecoder(declared).encoding;
  } catch {
    return 'utf-8';
  }
}
