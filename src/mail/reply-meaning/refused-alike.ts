/**
 * What several refusals say together that none of them says alone. One reply in words that nobody knows may mean its
 * recipient; the same words for one recipient after the other mean us. Pure: who counts is flow/shape/refused-alike.ts.
 */
import { concludedFrom, type Evidence } from './evidence.ts';
import { RULE_TABLES, type Explanation, type SmtpReply } from './explain.ts';

/** The same reply, with what is known besides. */
export function inLightOf(explanation: Explanation, evidence: Evidence): Explanation {
  return { ...explanation, ...concludedFrom(evidence), evidence };
}

const CATCH_ALL: ReadonlySet<string> = new Set(RULE_TABLES.flatMap(({ rules }) => rules.filter(({ general }) => general).map(({ id }) => id)));

/** Asked by the server that MX records name: it takes no mail from outside just now, whoever is written to. */
export const WANTS_LOGIN = 'any.login';

/** RFC 3463 §3.8: the code of a list to which this sender may not write; it is as plain as that of a dead address. */
const SENDER_OFF_LIST = 'enhanced.7.2';

/** Whom a final refusal names when no rule knows its words. */
export type VagueBlame =
  | 'nobody'
  /** Its code (RFC 3463 §3.8: policy, not the address) or a demand of everybody speaks against a dead address. */
  | 'sender'
  /** Its code alone, or words that stand for anything. */
  | 'recipient';

/** Undefined: its words are known, or it is about the message. */
export function vaguely({ rule, culprit }: Pick<Explanation, 'rule' | 'culprit'>): VagueBlame | undefined {
  if (rule === WANTS_LOGIN) return 'sender';
  if (!CATCH_ALL.has(rule) && !/^(?:code|enhanced)\./.test(rule)) return undefined;
  if (rule === SENDER_OFF_LIST) return 'recipient';
  if (culprit === 'policy' || culprit === 'theirs') return rule.startsWith('enhanced.7.') ? 'sender' : 'nobody';
  return culprit === 'recipient' && !/2\.2$|\.552$/.test(rule) ? 'recipient' : undefined;
}

const DOCUMENTED: ReadonlySet<string> = new Set(RULE_TABLES.flatMap(({ provider, rules }) => (provider === undefined ? [] : rules.map(({ id }) => id))));

/** The provider itself says what it means by these words, however general they are. */
export function isDocumented({ rule }: Pick<Explanation, 'rule'>): boolean {
  return DOCUMENTED.has(rule);
}

const WORDS_CHARS_MAX = 300;

/** The words of a reply without what differs from one message to the next: addresses, links, names of hosts, figures, ids. */
export function wordsAlone({ code, text }: SmtpReply, recipient: string): string {
  const local = recipient.slice(0, Math.max(0, recipient.lastIndexOf('@'))).toLowerCase();
  const words = text.slice(0, 2 * WORDS_CHARS_MAX)
    .replace(/\bhttps?:\/\/\S{1,500}/gi, 'x')
    .replace(/[\w.+=-]{1,64}@[\w.-]{1,255}/g, 'x').replace(/[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}/g, 'x')
    .replace(/[\w+/=-]{8,200}/g, (word) => (/[a-z][A-Z]/.test(word) || /^[a-f]{1,200}$/i.test(word) ? '#' : word))
    .toLowerCase().replace(/[\w+/=:-]{0,100}\d[\w+/=:-]{0,100}/g, '#')
    .split(/\s+/).map((word) => (local !== '' && word.replace(/^\W+|\W+$/g, '') === local ? 'x' : word)).join(' ').trim();
  return `${code} ${words.slice(0, WORDS_CHARS_MAX)}`;
}
