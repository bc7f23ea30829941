/** Rules on how a message is built. */
import type { MimePart } from '../../../mail/mime-structure.ts';
import { countWords } from '../likeness.ts';
import type { MessageReading } from '../message-reading.ts';
import type { SpamRule } from './rule.ts';

/** What mail providers refuse to pass on, whoever sends it (as Gmail lists them, support page 6590). */
const DANGEROUS_NAME = /\.(?:ade|adp|apk|appx|bat|cab|chm|cmd|com|cpl|dll|dmg|exe|hta|ins|iso|isp|jar|js|jse|lnk|mde|msc|msi|msp|mst|nsh|pif|ps1|scr|sct|shb|sys|vb|vbe|vbs|vhd|vxd|wsc|wsf|wsh|xll)$/i;
/** Marks that write a name from right to left, so that `fdp.exe` reads as `exe.pdf`. */
const TURNED_ROUND = /[\u202d\u202e\u2066-\u2068]/;
const TINY_WORDS = 3;
const WORDS_BESIDE_PICTURE_MIN = 20;
const LARGE_HTML_CHARS = 100_000;

export const STRUCTURE_RULES: readonly SpamRule[] = [
  {
    id: 'BODY_EMPTY', score: 2, what: 'the message says nothing', why: 'Probes of spammers are empty. Write some words.',
    hits: ({ text, html, attachments, structure }) => countWords(text ?? '') === 0 && countWords(html?.text ?? '') === 0 && (html?.images.length ?? 0) === 0 && attachments.length === 0 && !holdsOther(structure),
  },
  {
    id: 'ONLY_ATTACHMENT', score: 1, what: 'there is an attachment and hardly a word', why: 'Malware comes like this. Say what the attachment is.',
    hits: ({ text, html, attachments, structure }) => attachments.some(({ type }) => type !== 'text/calendar') && !isEncrypted(structure) && !forwards(structure) && countWords(text ?? '') + countWords(html?.text ?? '') <= TINY_WORDS,
  },
  {
    id: 'ATTACHMENT_DANGEROUS', score: 5, what: 'a program or script is attached', why: 'Most providers refuse it whoever sends it. Give a link to it instead.',
    hits: ({ attachments }) => attachments.some(({ name }) => DANGEROUS_NAME.test(name)),
  },
  {
    id: 'ARCHIVE_DANGEROUS', score: 3, what: 'an archive holds a program or script', why: 'Gmail and others look into archives and refuse such mail. Give a link to it instead.',
    hits: ({ archived }) => archived.some((name) => DANGEROUS_NAME.test(name)),
  },
  {
    id: 'ATTACHMENT_DISGUISED', score: 3, what: 'an attachment has two endings, the last of which runs', why: 'This misleads readers on purpose. Give it one honest name.',
    hits: ({ attachments }) => attachments.some(({ name }) => (/\.(?:pdf|docx?|xlsx?|jpe?g|png|txt|zip)\s*\.\w{2,4}$/i.test(name.slice(-60)) && DANGEROUS_NAME.test(name)) || TURNED_ROUND.test(name)),
  },
  {
    id: 'ATTACHMENT_PAGE', score: 1.5, what: 'a web page is attached', why: 'Phishing brings its log-in page along like this. Send a PDF, or a link to the page.',
    hits: ({ attachments }) => attachments.some(({ name }) => /\.(?:s?html?|xhtml|svg|mht(?:ml)?)$/i.test(name)),
  },
  {
    id: 'HTML_SCRIPT', score: 2, what: 'the HTML holds a script', why: 'No mail program runs it, and filters take it for an attack. Take it out.',
    hits: ({ html }) => (html?.blocked.script ?? 0) > 0,
  },
  {
    id: 'HTML_FORM', score: 1, what: 'the HTML holds a form', why: 'Phishing asks for passwords this way. Link to a page with the form.',
    hits: ({ html }) => (html?.blocked.form ?? 0) > 0,
  },
  {
    id: 'HTML_EMBED', score: 1.5, what: 'the HTML holds a frame, an object or an applet', why: 'Mail programs block them. Use a picture with a link.',
    hits: ({ html }) => html !== undefined && html.blocked.iframe + html.blocked.object + html.blocked.embed + html.blocked.applet > 0,
  },
  {
    id: 'HTML_ONLY', score: 0.7, what: 'there is HTML and no plain text', why: 'Honest programs send both. Add a text/plain part that says the same.',
    hits: ({ text, html }) => html !== undefined && text === undefined,
  },
  {
    id: 'HTML_IMAGES_ONLY', score: 2, what: 'the HTML is a picture with hardly a word', why: 'It hides its words from filters, and says nothing where pictures are not loaded. Write the message as text.',
    hits: picturesForWords,
  },
  {
    id: 'HTML_LARGE', score: 0.5, what: 'the HTML is so long that Gmail cuts it off', why: 'What is cut off (often the link to unsubscribe) nobody sees. Keep it below 100 kB.',
    hits: ({ html, structure, bytes }) => html !== undefined && bytes.length > LARGE_HTML_CHARS && longestHtml(structure) > LARGE_HTML_CHARS,
  },
];

/** A short answer over a signature with a logo has its words as plain text, too. */
export function picturesForWords({ text, html }: Pick<MessageReading, 'text' | 'html'>): boolean {
  if (!html?.images.some(({ pixel }) => !pixel)) return false;
  const words = countWords(html.text);
  return words < WORDS_BESIDE_PICTURE_MIN && (words <= TINY_WORDS || countWords(text ?? '') < words / 2);
}

/** Something that is neither text nor HTML: an answer to an invitation is a calendar entry alone. */
function holdsOther(part: MimePart): boolean {
  return part.parts ? part.parts.some(holdsOther) : !(part.type === 'text' && (part.subtype === 'plain' || part.subtype === 'html')) && part.bodyEnd > part.bodyStart;
}

/** What is passed on speaks for itself. */
function forwards({ message, parts }: MimePart): boolean {
  return message !== undefined || (parts?.some(forwards) ?? false);
}

/** S/MIME and PGP/MIME: the words are inside. */
function isEncrypted({ type, subtype, parts }: MimePart): boolean {
  return (type === 'application' && /^(?:x-)?pkcs7-mime$/.test(subtype)) || (type === 'multipart' && subtype === 'encrypted') || (parts?.some(isEncrypted) ?? false);
}

interface Sized {
  readonly type: string;
  readonly subtype: string;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly parts?: readonly Sized[];
}

function longestHtml(part: Sized): number {
  if (part.parts) return Math.max(0, ...part.parts.map(longestHtml));
  return part.type === 'text' && part.subtype === 'html' ? part.bodyEnd - part.bodyStart : 0;
}
