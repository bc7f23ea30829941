/** One sentence that says why a recipient is where it is; shown by `queue why`, `mailq` and trace. Pure. */
import type { Reply } from '../../contract/message.ts';
import type { DeliveryOutcome } from '../../contract/queue.ts';
import type { Explanation } from '../../mail/reply-meaning/explain.ts';

/** Long replies are kept whole as lastReply; the sentence is for reading. */
const REPLY_CHARS_MAX = 300;

export function deferralReason(outcome: DeliveryOutcome): string {
  const said = replyInOneLine(outcome.reply);
  const host = hostOf(outcome);
  switch (outcome.scope) {
    case 'recipient':
      return `${host ?? 'The destination'} does not take mail for this recipient now: ${said}`;
    case 'message':
      return `${host ?? 'The destination'} does not take this message now: ${said}`;
    case 'host':
      return host ? `${host} cannot be used now: ${said}` : `No mail server of the destination could be used: ${said}`;
    case 'session':
      return `The connection${host ? ` to ${host}` : ''} failed: ${said}`;
    case 'local':
      return `This server could not try: ${said}${outcome.attempt.advice ? `; ${outcome.attempt.advice}` : ''}`;
  }
}

/** The source is refused, and the message kept: who refuses what, what was said, what ends it. */
export function blockReason(outcome: DeliveryOutcome, explanation: Explanation): string {
  const { localAddress } = outcome.attempt;
  const source = localAddress ? `mail from our address ${localAddress}` : 'mail from this server';
  const link = explanation.reference ? ` See ${explanation.reference}.` : '';
  return `${hostOf(outcome) ?? 'The destination'} refuses ${source}, not this recipient: ${replyInOneLine(outcome.reply)}. ${explanation.meaning} ${explanation.nextStep}${link}`;
}

export function failureReason(outcome: DeliveryOutcome): string {
  return `${hostOf(outcome) ?? (outcome.scope === 'local' ? 'This server' : 'The destination')} refused it for good: ${replyInOneLine(outcome.reply)}`;
}

/** `last`: why the last attempt brought nothing. */
export function expiryReason(last: string, ageMs: number): string {
  const hours = Math.round(ageMs / 3_600_000);
  return `It could not be delivered for ${hours} hours; the last attempt: ${last}`;
}

/** `450 4.2.1 try later`, without line ends. */
export function replyInOneLine(reply: Reply): string {
  const text = reply.text.replace(/\s+/g, ' ').trim().slice(0, REPLY_CHARS_MAX);
  return [String(reply.code), reply.enhanced, text].filter(Boolean).join(' ');
}

function hostOf({ attempt }: DeliveryOutcome): string | undefined {
  if (!attempt.mx) return attempt.address;
  return attempt.address && attempt.address !== attempt.mx ? `${attempt.mx} [${attempt.address}]` : attempt.mx;
}
