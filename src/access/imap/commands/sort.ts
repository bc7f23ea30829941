/** SORT and UID SORT (RFC 5256 §3, RFC 5957; RETURN: RFC 5267 §3). */
import { bad, ok, type Outcome } from '../../../wire/imap/response.ts';
import { readSearchProgram, type SearchProgram } from '../../../wire/imap/search-keys.ts';
import type { ImapScanner } from '../../../wire/imap/scanner.ts';
import { defineCommand, SELECTED, type Command, type ImapSession } from '../command.ts';
import { gatherFacts } from '../search/message-facts.ts';
import { mentionsModseq, runSearch } from '../search/run-search.ts';
import { refuseCharset } from '../search/search-charset.ts';
import { readReturnOptions, type ReturnOptions } from '../search/search-options.ts';
import { needsFacts, readSortCriteria, sortPositions, sortTexts, type SortCriterion } from '../search/sort-order.ts';
import { tellResults } from '../search/tell-results.ts';
import { selectedFolder } from '../selected-folder.ts';

interface SortArguments {
  readonly options: ReturnOptions | undefined;
  readonly criteria: readonly SortCriterion[];
  readonly program: SearchProgram;
}

export const sort = sortCommand(false);
export const uidSort = sortCommand(true);

function sortCommand(uid: boolean): Command {
  return defineCommand<SortArguments>({
    name: uid ? 'UID SORT' : 'SORT',
    states: SELECTED,
    holdsExpunges: !uid,
    parse,
    run: (session, argument) => run(session, argument, uid),
  });
}

function parse(scanner: ImapScanner): SortArguments {
  scanner.space();
  const options = readReturnOptions(scanner);
  const criteria = readSortCriteria(scanner);
  scanner.space();
  const charset = scanner.astring('the name of a charset').toUpperCase();
  scanner.space();
  const program = readSearchProgram(scanner, { charset });
  scanner.end();
  return { options, criteria, program };
}

async function run(session: ImapSession, { options, criteria, program }: SortArguments, uid: boolean): Promise<Outcome> {
  if (!uid && session.enabled.uidOnly) return bad('with UIDONLY, use UID SORT', 'UIDREQUIRED');
  const refused = refuseCharset(program.charset);
  if (refused) return refused;
  const selected = selectedFolder(session);
  const withModseq = mentionsModseq(program.key);
  if (withModseq) session.enable('CONDSTORE');
  const { scope, positions } = await runSearch(session, selected, program.key);
  const texts = needsFacts(criteria) ? await gatherFacts(session, scope, positions, (facts) => sortTexts(facts, criteria)) : [];
  const found = { scope, positions: sortPositions(scope, positions, texts, criteria) };
  tellResults(session, selected, { word: 'SORT', uid, found, options, withModseq });
  return ok('SORT completed');
}
