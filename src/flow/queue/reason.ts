/** One sentence that says why a recipient is where it is; shown by `queue why`, `mailq` and trace. Pure. */
import type { Reply } from '../../contract/message.ts';
import type { DeliveryOutcome, QueueMessage, QueueRecipient } from '../../contract/queue.ts';
import { domainOf } from '../../mail/address.ts';
import type { Explanation } from '../../mail/reply-meaning/explain.ts';

/** Holds say how they end; when the time of a message is over, nothing does. */
const RELEASE_HINT = /(?:;| Then) `posthorn queue release` lets it go|\. It is held until released: posthorn queue release \S+/;

/** Long replies are kept whole as lastReply; the sentence is for reading. */
const REPLY_CHARS_MAX = 300;

/** Whose fault it is says more than where in the session it was said. */
export function deferralReason(outcome: DeliveryOutcome, explanation: Explanation, message: Sent): string {
  const said = replyInOneLine(outcome.reply);
  const host = hostOf(outcome);
  const whose = whoseMail(outcome, explanation, message);
  if (whose !== undefined && host !== undefined) return `${host} puts off ${whose}: ${said}`;
  if (weWillNot(outcome)) return `${notSent(outcome)} now: ${said}`;
  switch (outcome.scope) {
    case 'recipient':
      return `${host ?? 'The destination'} does not take mail for this recipient now: ${said}`;
    case 'message':
      return `${host ?? 'The destination'} does not take this message now: ${said}`;
    case 'host':
      return outcome.attempt.address === undefined ? `Nobody could be asked: ${said}${outcome.attempt.advice ? ` (${outcome.attempt.advice})` : ''}` : `${host} cannot be used now: ${said}`;
    case 'session':
      if (isPeersWord(outcome)) return `${host ?? 'The destination'} puts it off and ends the session: ${said}`;
      return `The connection${host ? ` to ${host}` : ''} failed: ${said}`;
    case 'local':
      return `This server could not try: ${said}${outcome.attempt.advice ? `; ${outcome.attempt.advice}` : ''}`;
  }
}

/** The source is refused, and the message kept. What it means and what ends it is told beside it, by the explanation. */
export function blockReason(outcome: DeliveryOutcome, explanation: Explanation, message: Sent): string {
  const { localAddress } = outcome.attempt;
  const whose = whoseMail(outcome, explanation, message) ?? (localAddress ? `mail from our address ${localAddress}` : 'mail from this server');
  return `${hostOf(outcome) ?? 'The destination'} refuses ${whose}, not this recipient: ${replyInOneLine(outcome.reply)}`;
}

/** It says that this is final, and not whom it means. */
export function unclearReason(outcome: DeliveryOutcome): string {
  return `${hostOf(outcome) ?? 'The destination'} refuses, and does not say whom it means; it is asked again: ${replyInOneLine(outcome.reply)}`;
}

type Sent = Pick<QueueMessage, 'sender' | 'dkimDomain'>;

/** Undefined where the peer complains of nothing about us, or no peer spoke. */
function whoseMail(outcome: DeliveryOutcome, { culprit }: Explanation, { sender, dkimDomain = '' }: Sent): string | undefined {
  if (!isPeersWord(outcome)) return undefined;
  const { attempt } = outcome;
  const ofSender = domainOf(sender);
  switch (culprit) {
    case 'source-ip':
      return attempt.localAddress ? `mail from our address ${attempt.localAddress}` : 'mail from this server';
    case 'our-dns':
      return 'our mail';
    case 'dkim-domain':
    case 'spf-domain': {
      const domain = culprit === 'dkim-domain' && dkimDomain !== '' ? dkimDomain : ofSender;
      return domain === '' ? undefined : `mail of ${domain}`;
    }
    default:
      return undefined;
  }
}

/** The peer refused nothing: it does not offer what the message, its sender or a policy demands. */
function weWillNot({ scope, attempt }: DeliveryOutcome): boolean {
  return attempt.ownReply === true && (scope === 'recipient' || scope === 'message');
}

function notSent(outcome: DeliveryOutcome): string {
  const host = hostOf(outcome);
  return host === undefined ? 'It cannot go out' : `It cannot go to ${host}`;
}

function isPeersWord({ attempt }: DeliveryOutcome): boolean {
  return attempt.mx !== undefined && attempt.address !== undefined && !attempt.ownReply;
}

export function failureReason(outcome: DeliveryOutcome): string {
  if (weWillNot(outcome)) return `${notSent(outcome)}: ${replyInOneLine(outcome.reply)}`;
  if (outcome.attempt.address === undefined && outcome.scope !== 'local') return `It was returned without a try: ${replyInOneLine(outcome.reply)}`;
  const host = hostOf(outcome) ?? (outcome.scope === 'local' ? 'This server' : undefined);
  // Without a host nobody was asked: the words are our own.
  return `${host === undefined ? 'It cannot be delivered' : `${host} refused it for good`}: ${replyInOneLine(outcome.reply)}`;
}

/** `last`: why the last attempt brought nothing. */
export function expiryReason(last: string, ageMs: number): string {
  const hours = Math.round(ageMs / 3_600_000);
  return `It could not be delivered for ${hours} hours; the last attempt: ${last}`;
}

/**
 * The same of what no attempt ended. `waitReason`: what kept it from going in the end, as shaping says it; absent: nothing
 * but others before it.
 */
export function waitedTooLongReason({ state, attempts, reason }: Pick<QueueRecipient, 'state' | 'attempts' | 'reason'>, waitReason: string | undefined, ageMs: number): string {
  if (state === 'queued' && attempts > 0 && reason !== undefined) return `${expiryReason(reason, ageMs)}${waitReason === undefined ? '' : ` Then it had to wait: ${waitReason}`}`;
  const hours = Math.round(ageMs / 3_600_000);
  const tried = attempts > 0 ? '' : ' and was never tried';
  const why = state === 'held' ? `it was on hold to the end. ${(reason ?? '').replace(RELEASE_HINT, '')}` : (waitReason ?? 'its turn did not come.');
  return `It could not be delivered for ${hours} hours${tried}: ${why}`.trim();
}

/** `450 4.2.1 try later`, without line ends. */
export function replyInOneLine(reply: Reply): string {
  const whole = reply.text.replace(/\s+/g, ' ').trim();
  const text = whole.length > REPLY_CHARS_MAX ? `${whole.slice(0, REPLY_CHARS_MAX)}…` : whole;
  return [String(reply.code), reply.enhanced, text].filter(Boolean).join(' ');
}

function hostOf({ attempt }: DeliveryOutcome): string | undefined {
  if (!attempt.mx) return attempt.address;
  return attempt.address && attempt.address !== attempt.mx ? `${attempt.mx} [${attempt.address}]` : attempt.mx;
}
