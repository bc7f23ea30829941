/**
 * The part of a DSN that people read: what happened to which recipient, what it means, what to do. Same explanations as
 * trace gives. Plain text, `\n` line ends, lines of at most 76 characters where words allow.
 */
import { FEEDBACK_LIMITS } from '../../base/limits.ts';
import type { QueueMessage, QueueRecipient, AttemptFacts } from '../../contract/queue.ts';
import type { Reply } from '../../contract/message.ts';
import { formatDate } from '../../mail/date.ts';
import { REFUSED_ALIKE, REFUSED_ALIKE_MEANING, REFUSED_UNCLEAR, REFUSED_UNCLEAR_MEANING } from '../../mail/reply-meaning/evidence.ts';
import { WANTS_LOGIN } from '../../mail/reply-meaning/refused-alike.ts';
import { attemptContext, explainReply, isOwnReply, type Explanation } from '../../mail/reply-meaning/explain.ts';
import { nextStepAfterwards } from '../../mail/reply-meaning/afterwards.ts';
import { REFUSED_BY_RECIPIENT } from '../../mail/reply-meaning/our-side.ts';
import { safeForTerminal } from '../../mail/text.ts';
import { triedText } from '../../mail/tried-hosts.ts';

/** Hosts that were tried beside the one whose word counts. */
const OTHERS_NAMED = 4;

/** Of the words of a recipient that refused the message. */
const RECIPIENT_CHARS_MAX = 4000;

export type NoticeState = 'delivered' | 'bounced' | 'expired' | 'delayed' | 'expanded';

/** What is told about one recipient. */
export interface NoticeEntry {
  readonly recipient: QueueRecipient;
  readonly state: NoticeState;
  readonly reply: Reply;
  readonly attempt: AttemptFacts;
}

export interface NoticeTextInput {
  readonly hostname: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly message: QueueMessage;
  /** Decoded. */
  readonly subject: string;
  readonly entries: readonly NoticeEntry[];
}

const WIDTH = 76;

/** What a section tells; `relayed`: taken by a server that does not report what becomes of it there. */
type Told = NoticeState | 'relayed';

const HEADINGS: Readonly<Record<Told, string>> = {
  bounced: 'Your message could not be delivered to:',
  expired: 'Your message could not be delivered in the time allowed for it to:',
  delayed: 'Your message is still waiting for (you need not send it again):',
  delivered: 'Your message was delivered to:',
  relayed: 'Your message was handed on to another mail server, for:',
  expanded: 'Your message was passed on to everybody behind:',
};

/** Subject of the notice. */
export function noticeSubject(entries: readonly NoticeEntry[]): string {
  const failed = entries.filter((entry) => entry.state === 'bounced' || entry.state === 'expired').length;
  if (failed > 0) return failed === entries.length ? 'Your message could not be delivered' : 'Your message could not be delivered to everybody';
  if (entries.some((entry) => entry.state === 'delayed')) return 'Your message is delayed';
  // "Delivered" says that it is in the mailbox (RFC 3464 §2.3.3).
  const delivered = entries.filter((entry) => toldAs(entry) === 'delivered').length;
  if (delivered === 0) return 'Your message was passed on';
  return delivered === entries.length ? 'Your message was delivered' : 'Your message was delivered or passed on';
}

/** Beyond a server that does not report, nobody knows more than that it took the message. */
function toldAs({ state, attempt }: NoticeEntry): Told {
  return state === 'delivered' && attempt.mx !== undefined ? 'relayed' : state;
}

export function noticeText(input: NoticeTextInput): string {
  const { message, hostname } = input;
  const shown = input.entries.slice(0, FEEDBACK_LIMITS.explainedRecipientsMax);
  const sections = (Object.keys(HEADINGS) as Told[]).flatMap((told) => section(told, shown.filter((entry) => toldAs(entry) === told), input));
  const hidden = input.entries.length - shown.length;
  if (hidden > 0) sections.push(`… and ${hidden} more, listed in the technical part of this report.`);
  const about = [
    'The message:',
    ...(input.subject === '' ? [] : wrap(`Subject: ${oneLine(input.subject)}`, '  ')),
    `  Accepted: ${formatDate(message.queuedAt)}`,
    ...(message.messageId ? [`  Message-ID: ${oneLine(message.messageId)}`] : []),
    ...(message.options.envelopeId ? [`  Envelope id: ${oneLine(message.options.envelopeId)}`] : []),
    `  Queue id: ${message.id} (the administrator sees the whole story with "posthorn trace ${message.id}")`,
  ].join('\n');
  return `This is the mail server ${hostname}.\n\n${[...sections, about].join('\n\n')}\n`;
}

function section(told: Told, entries: readonly NoticeEntry[], input: NoticeTextInput): string[] {
  if (entries.length === 0) return [];
  return [HEADINGS[told], ...entries.map((entry) => describe(entry, input).join('\n'))];
}

function describe(entry: NoticeEntry, input: NoticeTextInput): string[] {
  const lines = [`  ${shownAddress(entry.recipient)}`];
  if (entry.state === 'expanded') return lines;
  if (entry.state === 'delivered') {
    if (entry.attempt.mx !== undefined) lines.push(...wrap(`${peer(entry.attempt)} took it, and does not tell what becomes of it there: whether it is in the mailbox is not known`, '    '));
    return lines;
  }
  const explanation = explained(entry);
  lines.push(...wrap(explanation.meaning, '    '));
  if (entry.state === 'delayed') lines.push(...delay(entry.recipient, input).flatMap((sentence) => wrap(sentence, '    ')));
  else lines.push(...wrap(`What to do: ${nextStepAfterwards(explanation)}`, '    '));
  if (entry.state !== 'delayed' && explanation.reference !== undefined) lines.push(`    Their page: ${explanation.reference}`);
  if (explanation.rule === 'own.refused-by-recipient') return [...lines, ...recipientWords(entry.reply)];
  const said = isPeerReply(entry.reply, entry.attempt) ? `${peer(entry.attempt)} said` : 'Technical reason';
  lines.push(...wrap(`${said}: ${replyLine(entry.reply)}`, '    '));
  const others = triedText(entry.attempt, OTHERS_NAMED);
  if (others !== undefined) lines.push(...wrap(oneLine(others), '    '));
  return lines;
}

/** Of what was concluded from other mail the sender is told the outline, not whom else it hit. */
function explained({ recipient, reply, attempt }: NoticeEntry): Explanation {
  const explanation = explainReply(reply, attemptContext(attempt));
  if (recipient.rule === REFUSED_ALIKE) return { ...explanation, ...REFUSED_ALIKE_MEANING };
  return recipient.rule === REFUSED_UNCLEAR && explanation.rule !== WANTS_LOGIN ? { ...explanation, ...REFUSED_UNCLEAR_MEANING } : explanation;
}

/** What the recipient wrote, line by line (RFC 5429 §2.2). */
function recipientWords({ text }: Reply): string[] {
  const words = text.slice(REFUSED_BY_RECIPIENT.length, RECIPIENT_CHARS_MAX).split('\n');
  return ['    The recipient says:', ...words.flatMap((line) => (line.trim() === '' ? [''] : wrap(oneLine(line), '      ')))];
}

/** Since when, how often it was tried, what happens next, and when it ends. */
function delay(recipient: QueueRecipient, { message, now }: NoticeTextInput): string[] {
  const { attempts, nextAttemptAt, state, notify, rule } = recipient;
  const tried = attempts === 0 ? 'and was not tried yet' : `and was tried ${attempts === 1 ? 'once' : `${attempts} times`}`;
  const due = nextAttemptAt > now ? `The next attempt is due at ${formatDate(nextAttemptAt)}.` : 'The next attempt is due now.';
  // Final by its own word: it does not wait until the message expires.
  const ends = rule === REFUSED_UNCLEAR ? 'It is tried a few times more. If the answer stays the same,' : `If it cannot be delivered by ${formatDate(message.expiresAt)},`;
  const next = state === 'held' ? 'The administrator of this server has put it on hold.' : due;
  return [
    `It has waited since ${formatDate(message.queuedAt)} ${tried}. ${next}`,
    `${ends} it is ${notify && !notify.includes('failure') ? 'given up, and as you asked you are not told' : 'returned to you'}.`,
  ];
}

function shownAddress(recipient: QueueRecipient): string {
  const original = recipient.originalRecipient?.replace(/^[^;]{1,30};/, '');
  const address = oneLine(recipient.address);
  return original === undefined || original.toLowerCase() === recipient.address.toLowerCase() ? address : `${oneLine(original)} (forwarded to ${address})`;
}

/** Did the reply come from the other side? */
export function isPeerReply(reply: Reply, attempt: AttemptFacts): boolean {
  return !isOwnReply(reply, attemptContext(attempt));
}

function peer(attempt: AttemptFacts): string {
  return `${oneLine(attempt.mx ?? '')}${attempt.address === undefined ? '' : ` [${attempt.address}]`}`;
}

/** `550 5.1.1 text` on one line. */
export function replyLine(reply: Reply): string {
  return oneLine([reply.code, reply.enhanced, reply.text].filter((part) => part !== undefined && part !== '').join(' '));
}

function oneLine(text: string): string {
  return safeForTerminal(text.replace(/[\r\n\t]+/g, ' ')).slice(0, 2000);
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/)) {
    if (line.length > indent.length && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = `${indent}  `;
    }
    line += line.trim() === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
