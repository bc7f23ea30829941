/**
 * What goes back to the sender when recipients have met their fate: one DSN for all of them together, or the stored
 * reason why there is none.
 *
 * Policy: a failure is reported unless the sender asked not to be told; a success only when asked for and nobody further
 * on reports it. A null sender is never answered (RFC 5321 §6.1), and neither is one that we have no reason to believe:
 * that would be backscatter.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { Clock } from '../../base/clock.ts';
import { silentLog, type Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { EnvelopeRecipient } from '../../contract/message.ts';
import type { Feedback, FeedbackItem, FinalOutcome, MessageEvent, NewQueueItem, QueueMessage } from '../../contract/queue.ts';
import { LOG_EVENTS, type LogEventFields } from '../../mail/log-events.ts';
import { isSrsAddress } from '../../mail/srs.ts';
import { buildNotice } from './notice.ts';
import type { NoticeEntry } from './notice-text.ts';

export interface FeedbackOptions {
  readonly hostname: string;
  readonly clock: Clock;
  readonly config: { readonly queue: Pick<Config['queue'], 'bounceLifetimeMs'> };
  /** Puts a DKIM signature on a notice; default: none. When it fails the notice goes unsigned. */
  readonly sign?: (content: ByteSource) => Promise<ByteSource>;
  /** Makes queue ids; takes milliseconds since 1970. */
  readonly queueId: (nowMs: number) => string;
  /** Whom a notice to this sender goes to: an alias of ours may lead to several. Default: the sender itself. */
  readonly recipientsOf?: (sender: string) => Promise<readonly string[]>;
  readonly log?: Log;
}

export interface FeedbackService extends Feedback {
  /**
   * A notice that a message is late (RFC 3461 §4.1 `delay`), for those of the entries whose sender wants it; the caller
   * decides when it is due. An empty answer when nobody is to be told.
   */
  delayNotice(message: QueueMessage, content: ByteSource, entries: readonly Omit<NoticeEntry, 'state'>[]): Promise<readonly FeedbackItem[]>;
  /** A notice that these aliases were expanded to several recipients (RFC 3464 §2.3.3 `expanded`); their senders asked for it. */
  expansionNotice(message: QueueMessage, content: ByteSource, aliases: readonly EnvelopeRecipient[]): Promise<readonly FeedbackItem[]>;
}

type Kind = LogEventFields['dsn.sent']['kind'];

export function createFeedback(options: FeedbackOptions): FeedbackService {
  const log = options.log ?? silentLog;
  const answer = (message: QueueMessage, content: ByteSource, entries: readonly NoticeEntry[], kind: Kind): Promise<readonly FeedbackItem[]> =>
    answerSender(options, log, { message, content, entries, kind });
  return {
    followUps: async (message, content, finals) => {
      const wanted = finals.filter((final) => isFailure(final) || wantsSuccess(final));
      const told = wanted.filter(mayTell);
      if (wanted.length > 0 && told.length === 0) return [withheld(options.clock.now(), 'the sender asked for no report')];
      return answer(message, content, told, told.some(isFailure) ? 'failure' : 'success');
    },
    delayNotice: async (message, content, entries) => {
      const told = entries.filter(({ recipient }) => recipient.notify === undefined || recipient.notify.includes('delay'));
      return answer(message, content, told.map((entry) => ({ ...entry, state: 'delayed' })), 'delay');
    },
    expansionNotice: (message, content, aliases) => answer(message, content, aliases.map((alias, index) => expandedEntry(alias, index, message.queuedAt)), 'success'),
  };
}

function expandedEntry(alias: EnvelopeRecipient, index: number, at: number): NoticeEntry {
  const recipient = { ...alias, index, state: 'delivered', attempts: 0, nextAttemptAt: at } as const;
  return { recipient, state: 'expanded', reply: { code: 250, enhanced: '2.0.0', text: 'passed on to the members of the alias' }, attempt: {} };
}

function isFailure(final: FinalOutcome): boolean {
  return final.state === 'bounced' || final.state === 'expired';
}

function wantsSuccess(final: FinalOutcome): boolean {
  return final.state === 'delivered' && final.recipient.notify?.includes('success') === true && final.attempt.peerDsn !== true;
}

/** RFC 3461 §4.1: without NOTIFY failures are reported. */
function mayTell(final: FinalOutcome): boolean {
  const { notify } = final.recipient;
  if (!isFailure(final) || notify === undefined || notify.length === 0) return true;
  return notify.includes('failure') && !notify.includes('never');
}

interface Answer {
  readonly message: QueueMessage;
  readonly content: ByteSource;
  readonly entries: readonly NoticeEntry[];
  readonly kind: Kind;
}

async function answerSender(options: FeedbackOptions, log: Log, answer: Answer): Promise<readonly FeedbackItem[]> {
  const { message, entries } = answer;
  const now = options.clock.now();
  if (entries.length === 0) return [];
  if (message.sender === '') return [withheld(now, 'the message has the null sender: it is a report itself')];
  if (!message.senderBelieved) return [withheld(now, 'the sender address may be forged: neither a log-in nor SPF vouches for it')];
  const addresses = Map.groupBy(entries, ({ recipient }) => bounceAddress(message, recipient));
  return Promise.all([...addresses].map(([to, about]) => noticeTo(to, options, log, { ...answer, entries: about })));
}

/** Of a copy with a sender of its own that one (VERP); a return path of forwarded mail only leads back to the sender. */
function bounceAddress({ sender }: QueueMessage, { reversePath }: NoticeEntry['recipient']): string {
  return reversePath === undefined || isSrsAddress(reversePath) ? sender : reversePath;
}

async function noticeTo(to: string, options: FeedbackOptions, log: Log, answer: Answer): Promise<FeedbackItem> {
  const { message, entries } = answer;
  const now = options.clock.now();
  const enqueue = await buildNotice({
    id: options.queueId(now),
    hostname: options.hostname,
    now,
    lifetimeMs: options.config.queue.bounceLifetimeMs,
    message,
    to,
    recipients: (await options.recipientsOf?.(to)) ?? [to],
    content: answer.content,
    entries,
    sign: (content) => signOrNot(options, log, message.id, content),
  });
  log.info(LOG_EVENTS.dsnSent, { id: message.id, dsnId: enqueue.message.id, kind: answer.kind } satisfies LogEventFields['dsn.sent']);
  return { enqueue, event: sent(now, enqueue, to, entries, answer.kind) };
}

/** A report without signature is better than none. */
async function signOrNot(options: FeedbackOptions, log: Log, id: string, content: ByteSource): Promise<ByteSource> {
  if (!options.sign) return content;
  try {
    return await options.sign(content);
  } catch (error) {
    log.warn('dsn.unsigned', { id, error: error instanceof Error ? error.message : String(error) });
    return content;
  }
}

function sent(at: number, notice: NewQueueItem, to: string, entries: readonly NoticeEntry[], kind: Kind): MessageEvent {
  return {
    at,
    name: MESSAGE_EVENTS.dsnSent,
    data: { dsnId: notice.message.id, to, kind, recipients: entries.map((entry) => entry.recipient.address) },
  };
}

function withheld(at: number, reason: string): FeedbackItem {
  return { event: { at, name: MESSAGE_EVENTS.dsnWithheld, data: { reason } } };
}
