/** Fields that tell providers and vacation programs that a message goes to many. */
import { firstField } from '../../../mail/header.ts';
import { defineCheck, pass, skip, warn, fail } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

const FIELDS = [
  ['List-Id', 'List-Id: News of Example <news.example.org>'],
  ['Feedback-ID', 'Feedback-ID: campaign:customer:type:example'],
  ['CFBL-Address', 'CFBL-Address: fbl@example.org; report=arf'],
  ['Precedence', 'Precedence: bulk'],
] as const;

export const bulkFields = defineCheck<MessageSubject>({
  id: 'bulk-fields', about: 'message', title: 'Fields of bulk mail', weight: 0.1,
  why: 'With them providers tell complaints apart by campaign and list, and programs that answer by themselves stay silent.',
  link: 'https://www.rfc-editor.org/rfc/rfc2919',
  run: async (_context, { reading, bulk }) => {
    if (!bulk) return skip('The message does not look like mail to many.');
    const { fields } = reading.header;
    const there = FIELDS.filter(([name]) => firstField(fields, name) !== undefined).map(([name]) => name);
    const missing = FIELDS.filter(([name]) => !there.includes(name)).map(([, line]) => line);
    const remedy = `Add, as far as they fit: ${missing.join(' · ')}`;
    if (there.length === 0) return fail(`None of ${FIELDS.map(([name]) => name).join(', ')} is there.`, remedy);
    // One of the two that say what the mail is, is enough; the others are for those who read reports.
    return there.includes('List-Id') || there.includes('Feedback-ID') ? pass(`There is ${there.join(', ')}.`) : warn(`Of the fields of bulk mail there is only ${there.join(', ')}.`, remedy);
  },
});
