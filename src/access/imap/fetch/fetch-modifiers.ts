/** What stands behind the items of FETCH in parentheses: CHANGEDSINCE and VANISHED (RFC 7162), PARTIAL (RFC 9394). */
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';

/** Places in the result, counted from 1, or from the end with negative numbers; as given, in either order. */
export interface PartialRange {
  readonly from: number;
  readonly to: number;
}

export interface FetchModifiers {
  readonly changedSince?: number;
  /** RFC 7162 §3.2.6: UIDs that went since then are told, too. */
  readonly vanished?: boolean;
  readonly partial?: PartialRange;
}

/** To the end of the command. */
export function readFetchModifiers(scanner: ImapScanner): FetchModifiers {
  if (scanner.atEnd || !scanner.accept(' ') || scanner.atEnd) return {};
  let modifiers: FetchModifiers = {};
  scanner.list(() => {
    modifiers = { ...modifiers, ...readModifier(scanner) };
  });
  // RFC 7162 §3.2.6: VANISHED alone says not since when.
  if (modifiers.vanished && modifiers.changedSince === undefined) throw new ImapSyntaxError('VANISHED needs CHANGEDSINCE');
  return modifiers;
}

function readModifier(scanner: ImapScanner): FetchModifiers {
  const name = scanner.keyword('a FETCH modifier');
  switch (name) {
    case 'CHANGEDSINCE':
      scanner.space();
      return { changedSince: scanner.number64('a mod-sequence value') };
    case 'VANISHED':
      return { vanished: true };
    case 'PARTIAL':
      scanner.space();
      return { partial: readPartialRange(scanner) };
    default:
      throw new ImapSyntaxError(`FETCH knows no modifier ${name.slice(0, 40)}`);
  }
}

/** `1:100` or `-1:-100` (RFC 9394 §4). */
export function readPartialRange(scanner: ImapScanner): PartialRange {
  const negative = scanner.accept('-');
  const from = scanner.nonZero('a place in the result');
  scanner.expect(':');
  if (negative) scanner.expect('-');
  const to = scanner.nonZero('a place in the result');
  return negative ? { from: -from, to: -to } : { from, to };
}

/** As the answer repeats it, the near end first: `4:2` is `2:4` (RFC 9394 §3.1). */
export function formatPartialRange({ from, to }: PartialRange): string {
  return Math.abs(from) > Math.abs(to) ? `${to}:${from}` : `${from}:${to}`;
}

/** Those of the results, ascending, that the range names. */
export function partOfResult<T>(results: readonly T[], { from, to }: PartialRange): readonly T[] {
  const low = Math.min(Math.abs(from), Math.abs(to));
  const high = Math.max(Math.abs(from), Math.abs(to));
  return from > 0 ? results.slice(low - 1, high) : results.slice(Math.max(0, results.length - high), Math.max(0, results.length - low + 1));
}
