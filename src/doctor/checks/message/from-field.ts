/** From holds exactly one valid address (RFC 5322 §3.6.2). */
import { fromFault } from '../../../verify/header-form.ts';
import { defineCheck, fail, pass } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

export const fromField = defineCheck<MessageSubject>({
  id: 'from-field', about: 'message', title: 'From', weight: 2, cap: 3,
  why: 'From tells receivers whose mail it is. Without exactly one address nobody can be believed, and Gmail refuses the message.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { reading: { header, from } }) => {
    const fault = fromFault(header, from);
    return fault ? fail(fault.text, fault.fix) : pass(`From is ${from[0]?.address ?? ''}.`);
  },
});
