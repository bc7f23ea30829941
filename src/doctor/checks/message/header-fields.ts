/** No field twice that may be there once, and none that cannot be read (RFC 5322 §3.6). */
import { allFields } from '../../../mail/header.ts';
import { defineCheck, fail, pass } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

/** From is a check of its own. */
const SINGLE_FIELDS = [
  'Date', 'Sender', 'Reply-To', 'To', 'Cc', 'Bcc', 'Message-ID', 'In-Reply-To', 'References', 'Subject',
  'MIME-Version', 'Content-Type', 'Content-Transfer-Encoding', 'List-Id', 'List-Unsubscribe', 'List-Unsubscribe-Post',
] as const;
const ADDRESS_FIELDS = ['Sender', 'Reply-To', 'To', 'Cc'] as const;

export const headerFields = defineCheck<MessageSubject>({
  id: 'header-fields', about: 'message', title: 'Header fields', weight: 1.5,
  why: 'With a field twice, a filter and a reader may see different ones, which is how fraud works: Gmail refuses such mail.',
  link: 'https://support.google.com/mail/answer/6590',
  run: async (_context, { reading }) => {
    const { fields, problems } = reading.header;
    const doubles = SINGLE_FIELDS.flatMap((name) => {
      const { length } = allFields(fields, name);
      return length > 1 ? [`${name} stands ${length} times`] : [];
    });
    const unreadable = ADDRESS_FIELDS.filter((name) => allFields(fields, name).some(({ value }) => namesNobody(value))).map((name) => `${name} holds no address`);
    const faults = [...doubles, ...unreadable, ...new Set(problems)];
    if (faults.length === 0) return pass('Every field is there once and can be read.');
    const remedy = doubles.length > 0
      ? 'Look for a program on the way that adds the field again: often a template sets it and the mail library, too.'
      : 'Each line of the header must be "Name: value", with addresses as name@example.org; correct the program that writes it.';
    return fail(`${faults.join('; ')}.`, remedy);
  },
});

/** Groups (`undisclosed-recipients:;`) may be empty. */
function namesNobody(value: string): boolean {
  return !value.includes('@') && !/:[^;]*;/.test(value);
}
