/** LANG (RFC 6856 §3): the language of the texts behind +OK and -ERR, which is English whatever is chosen. */
import { ALWAYS, type Pop3Command } from '../pop3-command.ts';

export const lang: Pop3Command = {
  name: 'LANG',
  states: ALWAYS,
  run: async (session, argument) => {
    const tag = argument.trim().toLowerCase();
    if (tag === '') {
      session.ok('languages');
      await session.list(['i-default The default language, English', 'en English']);
    } else if (tag === '*' || tag === 'i-default') session.ok('i-default English it is');
    else if (tag === 'en' || tag.startsWith('en-')) session.ok('en English it is');
    else session.fail('there is English only');
  },
};
