/** ID (RFC 2971): who we are, and who the client says it is, which is not looked at. */
import { ImapSyntaxError } from '../../../wire/imap/scanner.ts';
import { ok } from '../../../wire/imap/response.ts';
import { ANY_STATE, defineCommand } from '../command.ts';

/** RFC 2971 §3.3: at most so many pairs. */
const PAIRS_MAX = 30;

export const id = defineCommand({
  name: 'ID',
  states: ANY_STATE,
  parse: (scanner) => {
    scanner.space();
    if (!scanner.acceptKeyword('NIL')) {
      const words = scanner.list(() => scanner.nstring());
      if (words.length % 2 !== 0 || words.length / 2 > PAIRS_MAX) throw new ImapSyntaxError(`ID takes up to ${PAIRS_MAX} pairs of a name and a value`);
    }
    scanner.end();
  },
  run: (session) => {
    // No version: whoever looks for servers with a known fault need not be helped.
    session.out.line('* ID ("name" "Posthorn")');
    return ok('ID completed');
  },
});
