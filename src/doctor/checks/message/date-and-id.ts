/** Date and Message-ID are there, can be read, and the Date is about when the message was sent. */
import { dateFault, messageIdFault } from '../../../verify/header-form.ts';
import { defineCheck, fail, pass, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

const BEHIND_MAX_MS = 3 * 24 * 3_600_000;

export const dateAndId = defineCheck<MessageSubject>({
  id: 'date-and-id', about: 'message', title: 'Date and Message-ID', weight: 1,
  why: 'Honest programs write both. Without them, or with a clock that is wrong, filters take the message for the work of a spam program.',
  link: 'https://www.rfc-editor.org/rfc/rfc5322#section-3.6',
  run: async ({ now }, { reading: { header }, arrivedAt }) => {
    // A file may be old; what came just now may not.
    const faults = [dateFault(header, arrivedAt ?? now, arrivedAt === undefined ? undefined : BEHIND_MAX_MS), messageIdFault(header)].filter((fault) => fault !== undefined);
    const text = faults.map((fault) => fault.text).join(' ');
    const remedy = [...new Set(faults.map(({ fix }) => fix))].join(' ');
    if (faults.some(({ kind }) => kind === 'missing')) return fail(text, remedy);
    return faults.length > 0 ? warn(text, remedy) : pass('Date and Message-ID are there and can be read.');
  },
});
