/** Whether the plain text says what the HTML says, and pictures do not stand for words. Pure. */
import { countWords, likeness } from './likeness.ts';
import type { MessageReading } from './message-reading.ts';
import { picturesForWords } from './rules/structure-rules.ts';

export interface TextFault {
  /** Not only odd: most of those who get it can read nothing. */
  readonly grave: boolean;
  /** A sentence. */
  readonly text: string;
  readonly fix: string;
}

const LIKE_MIN = 0.5;
/** Fewer words than these beside pictures are none. */
const WORDS_MIN = 20;
const WORDS_PER_IMAGE_MIN = 10;

/** The first that is found. */
export function textFault(reading: MessageReading): TextFault | undefined {
  const { text, html } = reading;
  if (!html) return undefined;
  const images = html.images.filter(({ pixel }) => !pixel);
  const words = countWords(html.text);
  if (picturesForWords(reading)) return { grave: true, text: `The message is ${images.length === 1 ? 'a picture' : `${images.length} pictures`} with ${words} ${words === 1 ? 'word' : 'words'}.`, fix: 'Write the message as text; let pictures only go with it, each with an alt text.' };
  if (text === undefined) return odd('There is HTML and no plain text.', 'Send multipart/alternative with a text/plain part that says the same; mail libraries can make it from the HTML.');
  // What pictures say counts: plain text writes it out.
  const like = likeness(text, [html.text, ...images.map(({ alt }) => alt ?? '')].join(' '));
  if (like !== undefined && like < LIKE_MIN) return odd(`Only ${Math.round(like * 100)} % of the words of the plain text and the HTML are the same.`, 'Let both parts say the same; make the plain text from the HTML.');
  if (words > WORDS_MIN && countWords(text) === 0) return odd('The plain text is empty.', 'Let it say what the HTML says.');
  if (images.length > 2 && words < images.length * WORDS_PER_IMAGE_MIN) return odd(`There are ${images.length} pictures and only ${words} words.`, 'Write more, or show fewer pictures.');
  // What comes along is always shown.
  const fetched = images.filter(({ src }) => !/^\s*cid:/i.test(src));
  const mute = fetched.filter(({ alt }) => alt === undefined).length;
  if (mute === 0) return undefined;
  return odd(fetched.length === 1 ? 'The picture has no alt text.' : `${mute} of ${fetched.length} pictures have no alt text.`, 'Give each picture alt="what it shows"; where pictures are not loaded, readers see that.');
}

function odd(text: string, fix: string): TextFault {
  return { grave: false, text, fix };
}
