/** UTF8 (RFC 6856 §2): names, passwords and messages may be UTF-8. They may be without it as well, which harms nobody. */
import { BEFORE_LOGIN, type Pop3Command } from '../pop3-command.ts';

export const utf8: Pop3Command = {
  name: 'UTF8',
  states: BEFORE_LOGIN,
  run: (session, argument) => (argument === '' ? session.ok('UTF-8 it is') : session.fail('UTF8 takes no argument')),
};
