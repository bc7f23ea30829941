/** The plain text says what the HTML says, and pictures do not stand for words. */
import { countWords, likeness } from '../../../verify/content/likeness.ts';
import { picturesForWords } from '../../../verify/content/rules/structure-rules.ts';
import { defineCheck, fail, pass, skip, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

const LIKE_MIN = 0.5;
/** Fewer words than these beside pictures are none. */
const WORDS_MIN = 20;
const WORDS_PER_IMAGE_MIN = 10;

export const textAndHtml = defineCheck<MessageSubject>({
  id: 'text-and-html', about: 'message', title: 'Text, HTML and pictures', weight: 0.5,
  why: 'Filters read both parts and distrust a message whose parts differ, or whose words are in pictures; people without pictures see nothing.',
  link: 'https://www.rfc-editor.org/rfc/rfc2046#section-5.1.4',
  run: async (_context, { reading, sample }) => {
    if (sample) return skip('A message that this server made to look at itself.');
    const { text, html } = reading;
    if (!html) return pass(text === undefined ? 'There is no text to compare.' : 'The message is plain text.');
    const images = html.images.filter(({ pixel }) => !pixel);
    const words = countWords(html.text);
    if (picturesForWords(reading)) return fail(`The message is ${images.length === 1 ? 'a picture' : `${images.length} pictures`} with ${words} words.`, 'Write the message as text; let pictures only go with it, each with an alt text.');
    if (text === undefined) return warn('There is HTML and no plain text.', 'Send multipart/alternative with a text/plain part that says the same; mail libraries can make it from the HTML.');
    // What pictures say counts: plain text writes it out.
    const like = likeness(text, [html.text, ...images.map(({ alt }) => alt ?? '')].join(' '));
    if (like !== undefined && like < LIKE_MIN) return warn(`Only ${Math.round(like * 100)} % of the words of the plain text and the HTML are the same.`, 'Let both parts say the same; make the plain text from the HTML.');
    if (words > WORDS_MIN && countWords(text) === 0) return warn('The plain text is empty.', 'Let it say what the HTML says.');
    if (images.length > 2 && words < images.length * WORDS_PER_IMAGE_MIN) return warn(`There are ${images.length} pictures and only ${words} words.`, 'Write more, or show fewer pictures.');
    // What comes along is always shown.
    const fetched = images.filter(({ src }) => !/^\s*cid:/i.test(src));
    const mute = fetched.filter(({ alt }) => alt === undefined).length;
    if (mute > 0) return warn(fetched.length === 1 ? 'The picture has no alt text.' : `${mute} of ${fetched.length} pictures have no alt text.`, 'Give each picture alt="what it shows"; where pictures are not loaded, readers see that.');
    return pass('The plain text says what the HTML says.');
  },
});
