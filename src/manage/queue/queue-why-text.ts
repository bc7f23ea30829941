/** The sentence of `queue why` for one recipient, and who has to act. Pure. */
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { Reply } from '../../contract/message.ts';
import { RETURN_ORDERED_AT, type AttemptFacts, type MessageEvent, type QueueMessage, type QueueRecipient, type RecipientState, type Reroute } from '../../contract/queue.ts';
import type { LiveWait } from '../../contract/queue-control.ts';
import { BRAKE_REASON } from '../../contract/sending-brake.ts';

/** `nobody`: it goes on by itself, or is done. */
export type Actor = 'nobody' | 'administrator' | 'sender' | 'recipient' | 'receiver';

export interface WhyInput {
  readonly message: QueueMessage;
  readonly recipient: QueueRecipient;
  readonly events: readonly MessageEvent[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Is this asked inside a running server? */
  readonly running: boolean;
  readonly live?: LiveWait;
}

export interface ToldReason {
  /** One sentence, or two when the second names the last trouble. */
  readonly reason: string;
  readonly heldBy?: string;
  /** Milliseconds since 1970. */
  readonly heldAt?: number;
}

export function toldReason(input: WhyInput): ToldReason {
  const { recipient } = input;
  switch (recipient.state) {
    case 'queued':
      return { reason: waitingReason(input) };
    case 'held':
      return heldReason(input);
    case 'delivered':
      return { reason: deliveredReason(input) };
    case 'bounced':
    case 'expired':
      return { reason: `${sentence(recipient.reason ?? `It is ${recipient.state}.`)}${noticeText(input)}` };
    default:
      return { reason: sentence(recipient.reason ?? `It is ${recipient.state}.`) };
  }
}

function waitingReason({ message, recipient, live, running, now }: WhyInput): string {
  const { nextAttemptAt, attempts, reason, reroute } = recipient;
  if (nextAttemptAt === RETURN_ORDERED_AT) return 'An administrator ordered its return; it goes back to the sender as soon as the queue comes to it.';
  // An order to return it that a later one took back is no news.
  const last = reason === undefined || reason === RETURN_ORDERED ? '' : sentence(reason);
  if (!running) return joined('The server does not run; it is tried when the server starts.', attempts > 0 ? last : '');
  const way = reroute ? rerouteText(reroute) : relayText(live?.site ?? recipient.site);
  if (live && live.phase !== 'scheduled') return joined(sentence(live.reason), last && live.phase !== 'in-delivery' ? `Before that: ${last}` : '', lastTryText(message, live, now), way);
  if (nextAttemptAt > now) return joined(last === '' ? 'It waits for its next try.' : last, way);
  if (live) return joined(sentence(live.reason), way);
  return joined(attempts === 0 ? 'Its first try is under way, or its turn comes as soon as its destination has room.' : 'It is due, and its turn comes as soon as its destination has room.', last && attempts > 0 ? `Before that: ${last}` : '', way);
}

/** What is under way when the time of a message is over may go on for a while. */
function lastTryText({ expiresAt }: QueueMessage, { phase, endsBy = 0 }: LiveWait, now: number): string {
  if (phase !== 'in-delivery') return '';
  if (expiresAt <= now) return 'Its time in the queue is over: this attempt is the last, and ends on its own.';
  return endsBy > expiresAt ? `Its time in the queue ends at ${time(expiresAt)}: if this attempt is still under way then, it goes on to its end, and is the last.` : '';
}

function rerouteText(reroute: Reroute): string {
  switch (reroute.kind) {
    case 'mx':
      return 'An administrator sends it by its MX records.';
    case 'relay':
      return `An administrator sends it to the relay ${reroute.host}:${reroute.port}.`;
    case 'service':
      return `It is the copy that the service ${reroute.service} of this server reads.`;
  }
}

/** A relay is our own choice, and where it was made is not in the reply. */
function relayText(site: string | undefined): string {
  if (!site?.startsWith('relay:')) return '';
  return `It goes by the relay ${site.slice('relay:'.length)}, which this server was told to use (\`posthorn route list\`, [relay]); \`posthorn queue reroute\` sends it another way.`;
}

/** The reason that `queue bounce` writes, until the queue comes to it. */
export const RETURN_ORDERED = 'An administrator ordered its return to the sender.';

/** How the reason begins that `queue hold` writes. */
export const ADMINISTRATOR_HELD = 'An administrator put it on hold';

const HOLDERS: Readonly<Record<string, string>> = {
  administrator: 'an administrator',
  brake: 'the account brake',
  preflight: 'preflight',
};

function heldReason({ recipient, events }: WhyInput): ToldReason {
  const order = events.findLast(({ name, recipient: index }) => name === MESSAGE_EVENTS.held && (index === undefined || index === recipient.index));
  const by = typeof order?.data?.['by'] === 'string' ? order.data['by'] : undefined;
  if (order && by === 'administrator' && recipient.reason?.startsWith(ADMINISTRATOR_HELD)) {
    return { reason: sentence(recipient.reason.replace(ADMINISTRATOR_HELD, `${ADMINISTRATOR_HELD} at ${time(order.at)}`)), heldBy: by, heldAt: order.at };
  }
  const holder = by === undefined ? 'this server' : (HOLDERS[by] ?? by);
  const why = sentence((recipient.reason ?? 'No reason was given.').replace(BRAKE_REASON, '').trim());
  return {
    reason: `${order ? `Held since ${time(order.at)} by ${holder}` : 'Held'}: ${why}`,
    ...(by === undefined ? {} : { heldBy: by }),
    ...(order ? { heldAt: order.at } : {}),
  };
}

function deliveredReason({ recipient, events }: WhyInput): string {
  const event = lastOf(events, MESSAGE_EVENTS.delivered, recipient.index);
  if (!event) return 'It was delivered.';
  const { mx, address, reply } = event.data as AttemptFacts & { readonly reply?: Reply };
  const host = mx === undefined ? undefined : address === undefined || address === mx ? mx : `${mx} [${address}]`;
  const words = reply ? `: ${[reply.code, reply.enhanced, reply.text.replace(/\s+/g, ' ').trim()].filter(Boolean).join(' ')}` : '';
  return host === undefined ? `It was put into the mailbox at ${time(event.at)}.` : `It was delivered at ${time(event.at)}; ${host} took it over${words}`;
}

/** What its sender heard of it. */
function noticeText({ events, recipient }: WhyInput): string {
  const end = events.findLastIndex(({ name, recipient: index }) => index === recipient.index && (name === MESSAGE_EVENTS.bounced || name === MESSAGE_EVENTS.expired));
  const after = events.slice(Math.max(0, end));
  const sent = after.find(({ name }) => name === MESSAGE_EVENTS.dsnSent);
  if (sent) return ` The sender was told at ${time(sent.at)} (message ${String(sent.data?.['dsnId'] ?? '')}).`;
  const withheld = after.find(({ name }) => name === MESSAGE_EVENTS.dsnWithheld);
  return withheld ? ` The sender was not told: ${sentence(String(withheld.data?.['reason'] ?? ''))}` : '';
}

/** Of a failing reply: who can change what it complains about. */
const ACTOR_OF: Readonly<Record<string, Actor>> = {
  recipient: 'recipient',
  message: 'sender',
  content: 'sender',
  'dkim-domain': 'administrator',
  'spf-domain': 'administrator',
  'source-ip': 'administrator',
  'our-dns': 'administrator',
  policy: 'administrator',
  ours: 'administrator',
  capacity: 'receiver',
  theirs: 'receiver',
};

/** Time alone ends it. */
const PASSING: ReadonlySet<string> = new Set(['rate', 'greylist']);

/** `faultClass` as in mail/reply-meaning; `site` is MxSite.key. */
export function whoActs(state: RecipientState, culprit: string | undefined, live: LiveWait | undefined, faultClass?: string, site?: string): Actor {
  if (state === 'delivered' || state === 'deleted') return 'nobody';
  if (state === 'held') return 'administrator';
  if (live?.rule?.endsWith('-paused') || live?.rule === 'no-source') return 'administrator';
  // We chose the relay, so that it is ours to mend, or to choose another.
  const theirs = site?.startsWith('relay:') ? 'administrator' : 'receiver';
  if (live?.rule === 'site-unreachable') return theirs;
  if (culprit === undefined) return state === 'queued' ? 'nobody' : 'sender';
  if (state === 'queued' && PASSING.has(faultClass ?? '')) return 'nobody';
  // A dead address cannot act; whoever wrote to it can.
  if (state !== 'queued' && culprit === 'recipient') return 'sender';
  const actor = ACTOR_OF[culprit] ?? 'nobody';
  return actor === 'receiver' ? theirs : actor;
}

function lastOf(events: readonly MessageEvent[], name: string, index: number): MessageEvent | undefined {
  return events.findLast((event) => event.name === name && event.recipient === index);
}

/** `2026-11-20 21:00:05 UTC`. */
function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

/** Strangers' replies within end as they like. */
function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
