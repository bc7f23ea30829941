/** From holds exactly one valid address (RFC 5322 §3.6.2). */
import { allFields } from '../../../mail/header.ts';
import { isMailDomain, toAsciiDomain } from '../../../verify/domain-name.ts';
import { defineCheck, fail, pass } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

export const fromField = defineCheck<MessageSubject>({
  id: 'from-field', about: 'message', title: 'From', weight: 2, cap: 3,
  why: 'From tells receivers whose mail it is. Without exactly one address nobody can be believed, and Gmail refuses the message.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { reading }) => {
    const fields = allFields(reading.header.fields, 'from');
    const remedy = 'Write exactly one From field with one address: From: Name <name@example.org>';
    if (fields.length === 0) return fail('The message has no From field.', remedy);
    if (fields.length > 1) return fail(`The message has ${fields.length} From fields.`, remedy);
    const { from } = reading;
    if (from.length > 1) return fail(`From holds ${from.length} addresses.`, remedy);
    const [author] = from;
    if (!author || !/^[^@\s]+@[^@\s]+$/.test(author.address)) return fail('From holds no address.', remedy);
    const domain = toAsciiDomain(author.address.slice(author.address.lastIndexOf('@') + 1));
    if (!isMailDomain(domain) || !domain.includes('.')) return fail(`The address in From, ${author.address}, has no valid domain.`, remedy);
    return pass(`From is ${author.address}.`);
  },
});
