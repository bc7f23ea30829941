/**
 * RETURN options of SEARCH and SORT (RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 5267, RFC 9394), and the answer that they ask for.
 */
import { formatNumbers } from '../../../wire/imap/sequence-set.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { formatPartialRange, partOfResult, readPartialRange, type PartialRange } from '../fetch/fetch-modifiers.ts';

export interface ReturnOptions {
  readonly min: boolean;
  readonly max: boolean;
  readonly all: boolean;
  readonly count: boolean;
  readonly save: boolean;
  readonly partial?: PartialRange;
}

const NONE: ReturnOptions = { min: false, max: false, all: false, count: false, save: false };

/** `RETURN (…) ` when it is there. */
export function readReturnOptions(scanner: ImapScanner): ReturnOptions | undefined {
  if (!scanner.acceptKeyword('RETURN')) return undefined;
  scanner.space();
  let options = NONE;
  scanner.list(() => {
    options = { ...options, ...readOption(scanner) };
  });
  scanner.space();
  // RFC 9394 §3.1.
  if (options.all && options.partial) throw new ImapSyntaxError('RETURN takes ALL or PARTIAL, not both');
  const asked = options.min || options.max || options.all || options.count || options.save || options.partial !== undefined;
  // RFC 4731 §3.1: an empty list means ALL.
  return asked ? options : { ...NONE, all: true };
}

function readOption(scanner: ImapScanner): Partial<ReturnOptions> {
  const name = scanner.keyword('a RETURN option');
  switch (name) {
    case 'MIN':
      return { min: true };
    case 'MAX':
      return { max: true };
    case 'ALL':
      return { all: true };
    case 'COUNT':
      return { count: true };
    case 'SAVE':
      return { save: true };
    case 'PARTIAL':
      scanner.space();
      return { partial: readPartialRange(scanner) };
    default:
      throw new ImapSyntaxError(`RETURN knows no option ${name.slice(0, 40)}`);
  }
}

/** RFC 5182 §2.4: which of the results `$` means: with MIN and MAX alone, those; else all. */
export function resultsToSave(results: readonly number[], options: ReturnOptions): readonly number[] {
  if (options.all || options.count || !(options.min || options.max)) return options.partial ? partOfResult(results, options.partial) : results;
  const chosen = new Set<number>();
  if (options.min && results.length > 0) chosen.add(results[0] as number);
  if (options.max && results.length > 0) chosen.add(results.at(-1) as number);
  return [...chosen];
}

/** How the numbers of an ESEARCH answer are told. */
export interface ExtendedAnswer {
  readonly tag: string;
  readonly uid: boolean;
  /** In the order of the command: ascending, or sorted. */
  readonly results: readonly number[];
  readonly options: ReturnOptions;
  /** Of which of the results; undefined: it was not searched for. */
  readonly modseqOf?: (results: readonly number[]) => number;
}

/** The line without its end; undefined: nothing but SAVE was asked for. */
export function formatExtendedAnswer({ tag, uid, results, options, modseqOf }: ExtendedAnswer): string | undefined {
  const { min, max, all, count, partial } = options;
  if (!min && !max && !all && !count && !partial) return undefined;
  const parts = [`* ESEARCH (TAG "${tag.replace(/["\\]/g, '\\$&')}")`];
  if (uid) parts.push('UID');
  if (results.length > 0) {
    if (min) parts.push(`MIN ${results[0]}`);
    if (max) parts.push(`MAX ${results.at(-1)}`);
    if (all) parts.push(`ALL ${formatNumbers(results)}`);
  }
  if (count) parts.push(`COUNT ${results.length}`);
  if (partial) {
    const part = partOfResult(results, partial);
    parts.push(`PARTIAL (${formatPartialRange(partial)} ${part.length === 0 ? 'NIL' : formatNumbers(part)})`);
  }
  // RFC 4731 §3.2: with MIN and MAX alone, of those messages.
  if (modseqOf && results.length > 0) parts.push(`MODSEQ ${modseqOf(all || count || partial ? results : resultsToSave(results, options))}`);
  return parts.join(' ');
}
