/** Rules on links and on what hides. */
import { oddLinks, type LinkOddity } from '../link.ts';
import type { MessageReading } from '../message-reading.ts';
import type { SpamRule } from './rule.ts';

const LINKS_MANY = 60;
/** Letters and digits; so many hidden ones are what newsletters have for the preview line. */
export const HIDDEN_CHARS_USUAL = 400;

/**
 * Letters and digits that no reader sees. What pads a preview line (blanks, joiners) does not count, nor what also stands
 * in the open: the same block again for telephones.
 */
export function hiddenLetters({ html }: Pick<MessageReading, 'html'>): number {
  if (!html || html.hidden === '') return 0;
  const shown = new Set(html.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
  return (html.hidden.match(/[\p{L}\p{N}]+/gu) ?? []).reduce((sum, word) => (shown.has(word.toLowerCase()) ? sum : sum + word.length), 0);
}

const has = (oddity: LinkOddity) => ({ links }: MessageReading): boolean => oddLinks(links).some((each) => each.oddity === oddity);

export const LINK_RULES: readonly SpamRule[] = [
  { id: 'LINK_MISLEADS', score: 2, what: 'the text of a link names another site than it leads to', why: 'This is what phishing does. Let the text say where the link leads.', hits: has('other-name-shown') },
  { id: 'LINK_COUNTED', score: 0.5, what: 'a link is shown as one site and goes through a click counter', why: 'Some mail programs warn of such links. Let the text be words, or use a click counter below your own domain.', hits: has('click-counter') },
  { id: 'LINK_RUNS', score: 2.5, what: 'a link runs a script or carries a page with it', why: 'Mail programs remove such links, and only attacks have them. Link to a page by https.', hits: ({ html }) => (html?.scriptLinks ?? 0) > 0 },
  { id: 'LINK_IP', score: 1.5, what: 'a link leads to an address instead of a name', why: 'Sites of criminals have no name. Give yours one.', hits: has('ip-address') },
  { id: 'LINK_SHORTENED', score: 1, what: 'a link goes through a URL shortener', why: 'Nobody sees where it leads, and the shortener is on lists now and then. Link directly.', hits: has('shortener') },
  { id: 'LINK_CREDENTIALS', score: 2, what: 'a link has a user name before the host', why: 'It makes one site look like another. Take it out.', hits: has('credentials') },
  { id: 'LINK_LOOK_ALIKE', score: 2.5, what: 'a link leads to a host name with look-alike letters of another script', why: 'This is how phishing imitates a known site. Link to a name in one script.', hits: has('look-alike') },
  { id: 'LINK_ODD_PORT', score: 0.5, what: 'a link leads to an unusual port', why: 'Broken-into machines serve pages there. Serve yours at 443.', hits: has('odd-port') },
  { id: 'LINKS_MANY', score: 0.5, what: `there are more than ${LINKS_MANY} links`, why: 'Filters count them. Keep those that readers need.', hits: ({ links }) => links.length > LINKS_MANY },
  {
    id: 'LINKS_CLEAR', score: 0.3, what: 'links lead to pages without TLS', why: 'Browsers warn of them. Use https.',
    hits: ({ links }) => links.some(({ scheme }) => scheme === 'http'),
  },
  {
    id: 'TEXT_HIDDEN', score: 2, what: 'much text is hidden from the reader', why: 'Spam hides words that filters like. Show it or take it out.',
    hits: (reading) => hiddenLetters(reading) > HIDDEN_CHARS_USUAL,
  },
];
