/**
 * `:matches` (RFC 5228 §2.7.1): `*` is any run of characters, `?` any one, `\` takes the next one as it is. Each `*`
 * takes as little as possible, from the left (RFC 5229 §3.2). Linear but for the middle pieces, and metered.
 */
import type { Comparator } from '../program.ts';
import type { Meter } from '../run/meter.ts';
import { foldPoint } from './comparator.ts';
import { fromPoints, toPoints } from './points.ts';

const ANY_ONE = -1;

/** What stands between two `*`: folded code points, or ANY_ONE. */
type Piece = readonly number[];

function splitPattern(pattern: string, comparator: Comparator): Piece[] {
  const pieces: number[][] = [[]];
  let escaped = false;
  for (const point of toPoints(pattern)) {
    const last = pieces.at(-1) as number[];
    if (!escaped && point === 0x5c) {
      escaped = true;
      continue;
    }
    if (!escaped && point === 0x2a) pieces.push([]);
    else last.push(!escaped && point === 0x3f ? ANY_ONE : foldPoint(comparator, point));
    escaped = false;
  }
  return pieces;
}

/** The match values: the whole, then what each wildcard took; undefined when it does not match. */
export async function matchWildcard(pattern: string, text: string, comparator: Comparator, meter: Meter): Promise<string[] | undefined> {
  const pieces = splitPattern(pattern, comparator);
  const original = toPoints(text);
  const folded = comparator === 'i;octet' ? original : original.map((point) => foldPoint(comparator, point));
  // Taking a text apart costs more than comparing it.
  meter.read(6 * (folded.length + pattern.length));
  const starts = await place(pieces, folded, meter);
  if (!starts) return undefined;
  const values = [text];
  pieces.forEach((piece, i) => {
    const start = starts[i] as number;
    if (i > 0) values.push(fromPoints(original.subarray((starts[i - 1] as number) + (pieces[i - 1] as Piece).length, start)));
    piece.forEach((point, k) => {
      if (point === ANY_ONE) values.push(fromPoints(original.subarray(start + k, start + k + 1)));
    });
  });
  return values;
}

/** Where each piece stands: the first at the start, the last at the end, each other as far left as it goes. */
async function place(pieces: readonly Piece[], text: Int32Array, meter: Meter): Promise<number[] | undefined> {
  const first = pieces[0] as Piece;
  const last = pieces.at(-1) as Piece;
  if (!standsAt(first, text, 0)) return undefined;
  if (pieces.length === 1) return first.length === text.length ? [0] : undefined;
  const starts = [0];
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const start = await find(piece, text, from, meter);
    if (start < 0) return undefined;
    starts.push(start);
    from = start + piece.length;
  }
  const lastStart = text.length - last.length;
  if (lastStart < from || !standsAt(last, text, lastStart)) return undefined;
  return [...starts, lastStart];
}

function standsAt(piece: Piece, text: Int32Array, start: number): boolean {
  return start + piece.length <= text.length && piece.every((point, k) => point === ANY_ONE || point === text[start + k]);
}

async function find(piece: Piece, text: Int32Array, from: number, meter: Meter): Promise<number> {
  const head = piece[0] ?? ANY_ONE;
  for (let start = from; start + piece.length <= text.length; start += 1) {
    if (head !== ANY_ONE) {
      start = text.indexOf(head, start);
      if (start < 0 || start + piece.length > text.length) return -1;
    }
    meter.read(piece.length);
    if (meter.isDue) await meter.pause();
    if (standsAt(piece, text, start)) return start;
  }
  return -1;
}
