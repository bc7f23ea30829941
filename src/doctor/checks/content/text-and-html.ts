/** The plain text says what the HTML says, and pictures do not stand for words. */
import { textFault } from '../../../verify/content/text-against-html.ts';
import { defineCheck, fail, pass, skip, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

export const textAndHtml = defineCheck<MessageSubject>({
  id: 'text-and-html', about: 'message', title: 'Text, HTML and pictures', weight: 0.5,
  why: 'Filters read both parts and distrust a message whose parts differ, or whose words are in pictures; people without pictures see nothing.',
  link: 'https://www.rfc-editor.org/rfc/rfc2046#section-5.1.4',
  run: async (_context, { reading, sample }) => {
    if (sample) return skip('A message that this server made to look at itself.');
    const fault = textFault(reading);
    if (fault) return fault.grave ? fail(fault.text, fault.fix) : warn(fault.text, fault.fix);
    if (!reading.html) return pass(reading.text === undefined ? 'There is no text to compare.' : 'The message is plain text.');
    return pass('The plain text says what the HTML says.');
  },
});
