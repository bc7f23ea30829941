/** Runs the search program of SEARCH, SORT or THREAD in the selected mailbox. */
import type { SearchKey } from '../../../wire/imap/search-keys.ts';
import type { ImapSession } from '../command.ts';
import { withProgress } from '../selected-changes.ts';
import type { SelectedFolder } from '../selected-folder.ts';
import { evaluateSearch } from './evaluate.ts';
import { createSearchScope, type Positions, type SearchScope } from './search-scope.ts';

export interface SearchFound {
  readonly scope: SearchScope;
  /** Ascending. */
  readonly positions: Positions;
}

export async function runSearch(session: ImapSession, selected: SelectedFolder, key: SearchKey): Promise<SearchFound> {
  const { mailboxes, clock } = session.ports;
  const scope = createSearchScope({
    rows: selected.live.rows,
    view: selected.view,
    saved: selected.targets({ kind: 'saved' }, 'uid').uids,
    isRecent: (uid) => selected.isRecent(uid),
  });
  const found = evaluateSearch(key, scope, { mails: mailboxes.mails, search: mailboxes.search, nowMs: clock.now(), signal: session.signal });
  return { scope, positions: await withProgress(session, found) };
}

/** As the client knows them. */
export function numbersOf({ scope, positions }: SearchFound, uid: boolean): number[] {
  return Array.from(positions, uid ? (position) => scope.rows.uidAt(scope.rowOf(position)) : scope.sequenceOf);
}

/** RFC 7162 §3.1.5: an answer to MODSEQ tells the highest that was found. */
export function mentionsModseq(key: SearchKey): boolean {
  if (key.kind === 'and') return key.keys.some(mentionsModseq);
  if (key.kind === 'or') return mentionsModseq(key.left) || mentionsModseq(key.right);
  return key.kind === 'not' ? mentionsModseq(key.key) : key.kind === 'modseq';
}

/** Of messages that the client names by these numbers. */
export function highestModseq(scope: SearchScope, positionsOf: ReadonlyMap<number, number>, numbers: readonly number[]): number {
  return numbers.reduce((highest, number) => Math.max(highest, scope.rows.modseqAt(scope.rowOf(positionsOf.get(number) as number))), 0);
}
