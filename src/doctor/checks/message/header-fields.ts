/** No field twice that may be there once, and none that cannot be read (RFC 5322 §3.6). */
import { fieldFaults } from '../../../verify/header-form.ts';
import { defineCheck, fail, pass } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

export const headerFields = defineCheck<MessageSubject>({
  id: 'header-fields', about: 'message', title: 'Header fields', weight: 1.5,
  why: 'With a field twice, a filter and a reader may see different ones, which is how fraud works: Gmail refuses such mail.',
  link: 'https://support.google.com/mail/answer/6590',
  run: async (_context, { reading }) => {
    const faults = fieldFaults(reading.header);
    if (faults.length === 0) return pass('Every field is there once and can be read.');
    return fail(faults.map(({ text }) => text).join(' '), [...new Set(faults.map(({ fix }) => fix))].join(' '));
  },
});
