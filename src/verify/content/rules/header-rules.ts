/** Rules on the fields that a reader sees first. */
import { allFields, firstField, type ParsedHeader } from '../../../mail/header.ts';
import { domainOf, normalizeDomain } from '../../../mail/address.ts';
import { decodeWords } from '../../../mail/encoded-word.ts';
import { sameOwner } from '../host-name.ts';
import type { MessageReading } from '../message-reading.ts';
import type { SpamRule } from './rule.ts';

const SHOUTED_LETTERS_MIN = 10;
const RECIPIENTS_SHOWN_MAX = 50;

export const HEADER_RULES: readonly SpamRule[] = [
  {
    id: 'SUBJECT_MISSING', score: 1, what: 'there is no subject', why: 'Hardly any honest program leaves it out. Write one.',
    hits: ({ subject }) => subject.trim() === '',
  },
  {
    id: 'SUBJECT_SHOUTS', score: 1.2, what: 'the subject is in capitals', why: 'Spam shouts. Write it in small letters.',
    hits: ({ subject }) => isShouted(subject),
  },
  {
    id: 'SUBJECT_MARKS', score: 0.8, what: 'the subject has many exclamation marks or currency signs', why: 'Advertising without consent does that. Leave them out.',
    hits: ({ subject }) => (subject.match(/[!$€£]/g) ?? []).length >= 3 || /!!|\?\?\?/.test(subject),
  },
  {
    id: 'SUBJECT_FALSE_REPLY', score: 1, what: 'the subject begins with Re: or Fwd: although the message answers nothing', why: 'It feigns a conversation. Leave the prefix out, or let the mail program set In-Reply-To.',
    hits: feignsConversation,
  },
  {
    id: 'SUBJECT_SPACED', score: 1.5, what: 'the letters of the subject are spread with blanks or dots', why: 'This hides words from filters. Write words as words.',
    hits: ({ subject }) => /(?:^|\s)(?:[A-Za-z][ ._*-]){6,}[A-Za-z](?:\s|$)/.test(subject.slice(0, 300)),
  },
  {
    id: 'FROM_NAME_IS_ADDRESS', score: 2, what: 'the name in From is another mail address than the one it stands beside', why: 'This is how phishing hides its sender. Let the name be a name.',
    hits: ({ from }) => from.some(({ name, address }) => namesOtherAddress(name, address)),
  },
  {
    id: 'REPLY_TO_ELSEWHERE', score: 0.8, what: 'answers go to a free mail provider, unlike the sender', why: 'Fraud collects its answers there. Take answers at your own domain.',
    hits: ({ from, header }) => allFields(header.fields, 'reply-to').some(({ value }) => isFreeMail(value)) && !isList(header) && from.every(({ address }) => !isFreeMail(address)),
  },
  {
    id: 'RECIPIENTS_UNDISCLOSED', score: 0.8, what: 'the message is addressed to nobody', why: 'Mail to many strangers looks like this. Write to each recipient by name.',
    hits: ({ header }) => {
      const to = allFields(header.fields, 'to').concat(allFields(header.fields, 'cc'));
      return to.every(({ value }) => /undisclosed|^\s*;?\s*$/i.test(value));
    },
  },
  {
    id: 'RECIPIENTS_MANY', score: 0.8, what: `more than ${RECIPIENTS_SHOWN_MAX} recipients stand in To and Cc`, why: 'It tells everybody the addresses of all. Write to each one alone, or use a mailing list.',
    hits: ({ header }) => allFields(header.fields, 'to').concat(allFields(header.fields, 'cc')).reduce((count, { value }) => count + value.split('@').length - 1, 0) > RECIPIENTS_SHOWN_MAX,
  },
  {
    id: 'PRIORITY_HIGH', score: 0.3, what: 'it is marked as urgent', why: 'Readers decide what is urgent, and filters know it. Leave X-Priority and Importance out.',
    hits: ({ header }) => /^\s*1\b/.test(firstField(header.fields, 'x-priority')?.value ?? '') || /^\s*high/i.test(firstField(header.fields, 'importance')?.value ?? ''),
  },
  {
    id: 'SUBJECT_HALF_ENCODED', score: 0.6, what: 'the subject holds encoded words that cannot be read', why: 'Readers see the code. Encode it as RFC 2047 says, or correct the template.',
    hits: ({ header }) => /=\?[\w-]{1,40}\?[bq]\?/i.test(decodeWords(firstField(header.fields, 'subject')?.value ?? '')),
  },
  {
    id: 'PLACEHOLDER_LEFT', score: 1, what: 'a placeholder of a template was not filled in', why: 'It shows readers and filters that nobody looked. Correct the template or its data.',
    hits: ({ subject, text, html, header }) => (isConversation(header) ? [] : [subject, (text ?? '').slice(0, PLACEHOLDER_CHARS), (html?.text ?? '').slice(0, PLACEHOLDER_CHARS)]).some((each) => PLACEHOLDER.test(each)),
  },
];

const PLACEHOLDER_CHARS = 50_000;
/** Of the usual template languages; `${HOME}` is a shell's. */
const PLACEHOLDER = /\{\{\s*[\w.]{1,40}\s*\}\}|\$\{(?=[\w.]{0,39}[a-z])[\w.]{1,40}\}|%%[A-Za-z_]{2,30}%%|\*\|[A-Z_:]{2,30}\|\*/;

function isList({ fields }: ParsedHeader): boolean {
  return firstField(fields, 'list-post') !== undefined;
}

/** People write about templates there. */
function isConversation(header: ParsedHeader): boolean {
  return isList(header) || firstField(header.fields, 'in-reply-to') !== undefined;
}

/** Forwarded mail begins a conversation with others, and shows what is forwarded. */
function feignsConversation({ subject, header, structure, text, html }: MessageReading): boolean {
  const [, prefix] = /^\s*(re|aw|sv|antw|fwd?|wg|tr|rv|vs)\s*:/i.exec(subject) ?? [];
  if (prefix === undefined || ['in-reply-to', 'references', 'list-id', 'thread-index'].some((name) => firstField(header.fields, name) !== undefined)) return false;
  if (/^(?:re|aw|sv|antw)$/i.test(prefix)) return true;
  return !structure.parts?.some(({ type }) => type === 'message') && !SHOWS_FORWARDED.test((text ?? html?.text ?? '').slice(0, PLACEHOLDER_CHARS));
}

const SHOWS_FORWARDED = /^[>\s*]{0,8}(?:-{2,20} ?\S|_{10,80}\s*$|(?:from|von|de|da|van|från|fra|od|от|发件人|寄件者|差出人|보낸 사람)\s{0,3}[:：])/imu;

function isShouted(text: string): boolean {
  const letters = text.match(/\p{L}/gu) ?? [];
  const capitals = text.match(/\p{Lu}/gu) ?? [];
  return letters.length >= SHOUTED_LETTERS_MIN && capitals.length > letters.length * 0.85;
}

function namesOtherAddress(name: string | undefined, address: string): boolean {
  const [, shown] = /[^\s@<>"]{1,64}@([a-z0-9.-]{3,253})/i.exec(decodeWords(name ?? '').slice(0, 400)) ?? [];
  return shown !== undefined && !sameOwner(normalizeDomain(shown.replace(/\.$/, '')), normalizeDomain(domainOf(address)));
}

const FREE_MAIL = /@(?:gmail|googlemail|yahoo|outlook|hotmail|aol|gmx|web|mail|proton|protonmail|icloud|yandex)\.(?:com|net|de|ru|me|co\.uk|fr|it)\b/i;

function isFreeMail(text: string): boolean {
  return FREE_MAIL.test(text.slice(0, 1000));
}
