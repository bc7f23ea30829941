/** The message came over TLS. */
import { defineCheck, fail, pass, skip } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

export const messageTls = defineCheck<MessageSubject>({
  id: 'message-tls', about: 'message', title: 'TLS of the message', weight: 1, cap: 5,
  why: 'Gmail marks mail that came in the clear, and asks all senders for TLS.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { connection, sample }) => {
    if (sample) return skip('A message that this server made to look at itself.');
    if (connection.encrypted === undefined) return { level: 'unknown', text: 'Whether the message came encrypted is not known.' };
    return connection.encrypted ? pass('The message came over TLS.') : fail('The message came in the clear.', 'Let the sending server use STARTTLS whenever it is offered; with Posthorn that is so unless [outbound] or a [[tls-policy]] says otherwise, with Postfix it is smtp_tls_security_level = may.');
  },
});
