/** MIME parts, line lengths and encodings are as the standards want them. */
import { mimeFaults } from '../../../verify/content/mime-faults.ts';
import { defineCheck, fail, pass, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

const SHOWN_MAX = 4;

export const mimeValidity = defineCheck<MessageSubject>({
  id: 'mime-validity', about: 'message', title: 'MIME and line lengths', weight: 1,
  why: 'What is built wrongly is shown differently by every mail program; servers on the way mend it and break the signature, and filters distrust it.',
  link: 'https://www.rfc-editor.org/rfc/rfc2045',
  run: async (_context, { reading }) => {
    const faults = mimeFaults(reading);
    if (faults.length === 0) return pass('The message is built as MIME wants it.');
    const text = faults.slice(0, SHOWN_MAX).map((fault) => fault.text).join(' ');
    const remedy = [...new Set(faults.slice(0, SHOWN_MAX).map((fault) => fault.fix))].join(' ');
    return faults.some(({ broken }) => broken) ? fail(text, remedy) : warn(text, remedy);
  },
});
