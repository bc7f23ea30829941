/** Bulk mail can be unsubscribed from with one click, and the fields for it are signed (RFC 8058). */
import { allFields, firstField } from '../../../mail/header.ts';
import { defineCheck, fail, pass, skip, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

const FIELDS = 'List-Unsubscribe: <https://example.org/unsubscribe?SUBSCRIBER>, <mailto:unsubscribe@example.org>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click';

export const oneClick = defineCheck<MessageSubject>({
  id: 'one-click', about: 'message', title: 'Unsubscribing with one click', weight: 1,
  why: 'Gmail and Yahoo demand it of everybody who sends to many; people who find no such button press "spam" instead.',
  link: 'https://www.rfc-editor.org/rfc/rfc8058',
  run: async (_context, { reading, bulk, authentication }) => {
    if (!bulk) return skip('The message does not look like mail to many.');
    const { fields } = reading.header;
    const target = firstField(fields, 'list-unsubscribe')?.value ?? '';
    const post = firstField(fields, 'list-unsubscribe-post')?.value.trim() ?? '';
    const remedy = `Add these two fields before the message is signed, with an address of your own: ${FIELDS.replace('\n', ' and ')}`;
    if (!/<https?:|<mailto:/i.test(target)) return fail('The message goes to many, and its header does not say how to unsubscribe.', remedy);
    if (!/<https:\/\//i.test(target)) return warn('One can unsubscribe only by writing a mail.', remedy);
    if (!/^List-Unsubscribe=One-Click$/i.test(post)) return warn('There is an address for unsubscribing, but nothing says that one click is enough.', remedy);
    const signatures = authentication.dkim.filter(({ result }) => result === 'pass');
    const covered = signatures.some(({ signedHeaders = [] }) => ['list-unsubscribe', 'list-unsubscribe-post'].every((name) => signedHeaders.some((signed) => signed.toLowerCase() === name)));
    if (!covered && signatures.length === 0 && allFields(fields, 'dkim-signature').length > 0) return warn('One click is offered, but no valid signature covers the fields for it.', 'Mend the DKIM signature first.');
    return covered ? pass('One click unsubscribes, and the fields for it are signed.') : warn('One click is offered, but no DKIM signature covers List-Unsubscribe and List-Unsubscribe-Post, so providers do not show the button.', 'Put both names into h= of the signature; Posthorn signs them by itself.');
  },
});
