/** The answer to SEARCH and SORT: ESEARCH where RETURN asks for it, else the plain list; and what `$` means from then on. */
import type { UidRanges } from '../../../contract/mailbox.ts';
import type { ImapSession } from '../command.ts';
import type { SelectedFolder } from '../selected-folder.ts';
import { highestModseq, numbersOf, type SearchFound } from './run-search.ts';
import { formatExtendedAnswer, resultsToSave, type ReturnOptions } from './search-options.ts';

export interface ResultAnswer {
  readonly word: 'SEARCH' | 'SORT';
  readonly uid: boolean;
  /** In the order to be told. */
  readonly found: SearchFound;
  readonly options: ReturnOptions | undefined;
  readonly withModseq: boolean;
}

const ALL: ReturnOptions = { min: false, max: false, all: true, count: false, save: false };

export function tellResults(session: ImapSession, selected: SelectedFolder, { word, uid, found, options, withModseq }: ResultAnswer): void {
  const numbers = numbersOf(found, uid);
  const positionsOf = new Map(withModseq ? numbers.map((number, at) => [number, found.positions[at] as number]) : []);
  const modseqOf = (of: readonly number[]): number => highestModseq(found.scope, positionsOf, of);
  // RFC 9051 §7.3.4: IMAP4rev2 answers SEARCH with ESEARCH only.
  if (options || (session.enabled.rev2 && word === 'SEARCH')) {
    const answer = formatExtendedAnswer({ tag: session.tag, uid, results: numbers, options: options ?? ALL, ...(withModseq ? { modseqOf } : {}) });
    if (answer !== undefined) session.out.line(answer);
  } else {
    const modseq = withModseq && numbers.length > 0 ? ` (MODSEQ ${modseqOf(numbers)})` : '';
    session.out.line(`* ${word}${numbers.length > 0 ? ' ' : ''}${numbers.join(' ')}${modseq}`);
  }
  if (options?.save) selected.saveSearch(rangesOf(resultsToSave(numbersOf(found, true), options)));
}

function rangesOf(uids: readonly number[]): UidRanges {
  const ranges: [number, number][] = [];
  for (const uid of [...uids].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] === uid - 1) last[1] = uid;
    else ranges.push([uid, uid]);
  }
  return ranges;
}
