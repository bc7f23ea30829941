/** COMPRESS DEFLATE (RFC 4978), once per connection. */
import { bad, no, ok } from '../../../wire/imap/response.ts';
import { defineCommand, LOGGED_IN } from '../command.ts';

export const compress = defineCommand({
  name: 'COMPRESS',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    const mechanism = scanner.keyword('DEFLATE');
    scanner.end();
    return mechanism;
  },
  run: (session, mechanism) => {
    if (mechanism !== 'DEFLATE') return bad('DEFLATE is the only way to compress here');
    if (session.connection.isCompressed) return no('compression is active already', 'COMPRESSIONACTIVE');
    session.afterReply(() => session.connection.startCompression());
    return ok('compression begins');
  },
});
