/** SEARCH and UID SEARCH (RFC 9051 §6.4.4; RFC 3501 §6.4.4; RFC 4731, 5032, 5182, 7162, 8474, 8514, 9394). */
import { bad, ok, type Outcome } from '../../../wire/imap/response.ts';
import { readSearchProgram, type SearchProgram } from '../../../wire/imap/search-keys.ts';
import type { ImapScanner } from '../../../wire/imap/scanner.ts';
import { defineCommand, SELECTED, type Command, type ImapSession } from '../command.ts';
import { mentionsModseq, runSearch } from '../search/run-search.ts';
import { refuseCharset } from '../search/search-charset.ts';
import { readReturnOptions, type ReturnOptions } from '../search/search-options.ts';
import { tellResults } from '../search/tell-results.ts';
import { selectedFolder } from '../selected-folder.ts';

interface SearchArguments {
  readonly options: ReturnOptions | undefined;
  readonly program: SearchProgram;
}

export const search = searchCommand(false);
export const uidSearch = searchCommand(true);

function searchCommand(uid: boolean): Command {
  return defineCommand<SearchArguments>({
    name: uid ? 'UID SEARCH' : 'SEARCH',
    states: SELECTED,
    holdsExpunges: !uid,
    parse,
    run: (session, argument) => run(session, argument, uid),
  });
}

function parse(scanner: ImapScanner): SearchArguments {
  scanner.space();
  const options = readReturnOptions(scanner);
  const program = readSearchProgram(scanner);
  scanner.end();
  return { options, program };
}

async function run(session: ImapSession, { options, program }: SearchArguments, uid: boolean): Promise<Outcome> {
  // RFC 9586 §3.3.
  if (!uid && session.enabled.uidOnly) return bad('with UIDONLY, use UID SEARCH', 'UIDREQUIRED');
  const selected = selectedFolder(session);
  const saves = options?.save ?? false;
  const refused = refuseCharset(program.charset);
  if (refused) {
    // RFC 5182 §2.1: a SAVE that fails leaves nothing saved.
    if (saves) selected.saveSearch([]);
    return refused;
  }
  const withModseq = mentionsModseq(program.key);
  if (withModseq) session.enable('CONDSTORE');
  try {
    tellResults(session, selected, { word: 'SEARCH', uid, found: await runSearch(session, selected, program.key), options, withModseq });
  } catch (error) {
    if (saves) selected.saveSearch([]);
    throw error;
  }
  return ok('SEARCH completed');
}
