/**
 * Reads a mail log of Postfix or of this server line by line and keeps what went wrong: for each recipient that did not get a message the
 * cause, where the time went and what became of it; what this server refused; trouble of its own. Memory is bounded by
 * MAILLOG_LIMITS, whatever the log's size.
 */
import { MAILLOG_LIMITS } from '../../base/maillog-limits.ts';
import { parseDelivery, type Delays, type DeliveryLine } from './delivery-line.ts';
import { SLOW_SECONDS, slowCause, whereTimeWent } from './delay-words.ts';
import { parseLogLine, type LogLine } from './log-line.ts';
import { causeOf, type Cause } from './outcome-cause.ts';
import { isOwnLine, parseOwnLine } from './own-log.ts';
import { parseRefusal, refusalCause } from './refusal-line.ts';
import { troubleOf } from './warning-line.ts';

/** One recipient of one message that was not reached at the first attempt. */
export interface LoggedFailure extends Cause {
  readonly queueId: string;
  readonly sender?: string;
  readonly messageId?: string;
  readonly recipient: string;
  /** As logged. */
  readonly relay: string;
  /** `bounced`, `expired`: it is over; `deferred`: it still waits where the log ends; `sent`: it arrived in the end. */
  readonly state: 'bounced' | 'expired' | 'deferred' | 'sent';
  readonly dsn: string;
  /** The words between the brackets. */
  readonly why: string;
  readonly attempts: number;
  /** Times of the first and the last attempt as the log writes them. */
  readonly first: string;
  readonly last: string;
  /** Seconds from arrival to the last attempt. */
  readonly delay: number;
  readonly delays?: Delays;
  readonly timeWent?: string;
}

/** What happened alike, counted. */
export interface LoggedGroup {
  readonly rule: string;
  readonly meaning: string;
  readonly nextStep: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** A few: clients, or lines. */
  readonly examples: readonly string[];
}

export interface MaillogStory {
  readonly lines: number;
  /** Of Postfix or of this server. */
  readonly understood: number;
  readonly first?: string;
  readonly last?: string;
  readonly recipients: { readonly sent: number; readonly bounced: number; readonly expired: number; readonly waiting: number };
  /** Those who got it, but not at the first attempt, are among them with `state` sent. */
  readonly failures: readonly LoggedFailure[];
  /** Failures beyond MAILLOG_LIMITS.failuresMax. */
  readonly untold: number;
  /** Delivered at once, but slowly. */
  readonly slow: readonly LoggedGroup[];
  readonly refusals: readonly LoggedGroup[];
  readonly troubles: readonly LoggedGroup[];
}

/** So this server says in the classic form that a message was given up. */
const EXPIRED = 'has exceeded its time in the queue: ';

interface Attempted {
  first: string;
  attempts: number;
  /** Of the last attempt that failed; its cause is looked up when it is told. */
  failed: { readonly line: DeliveryLine; readonly time: string } | undefined;
}

interface Message {
  sender?: string;
  messageId?: string;
  readonly recipients: Map<string, Attempted>;
}

interface Group {
  readonly rule: string;
  readonly meaning: string;
  readonly nextStep: string;
  count: number;
  readonly first: string;
  last: string;
  readonly examples: Set<string>;
}

export class MaillogReader {
  readonly #now: number;
  readonly #messages = new Map<string, Message>();
  readonly #failures: LoggedFailure[] = [];
  readonly #slow = new Map<string, Group>();
  readonly #refusals = new Map<string, Group>();
  readonly #troubles = new Map<string, Group>();
  readonly #counts = { sent: 0, bounced: 0, expired: 0, waiting: 0 };
  #lines = 0;
  #understood = 0;
  #untold = 0;
  #first: string | undefined;
  #last: string | undefined;

  /** `now` in milliseconds since 1970: see parseLogLine. */
  constructor(now: number) {
    this.#now = now;
  }

  /** Without the line end. */
  read(raw: string): void {
    this.#lines += 1;
    const own = isOwnLine(raw) ? parseOwnLine(raw) : undefined;
    const lines = own?.lines ?? [parseLogLine(raw, this.#now)].filter((line) => line !== undefined);
    const time = own?.time ?? lines[0]?.time;
    if (time === undefined) return;
    this.#understood += 1;
    this.#first ??= time;
    this.#last = time;
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: LogLine): void {
    if (line.queueId === undefined) this.#readServer(line, line.text.startsWith('NOQUEUE: ') ? line.text.slice('NOQUEUE: '.length) : line.text);
    else this.#readMessage(line, line.queueId);
  }

  /** What waits now is told as waiting. */
  end(): MaillogStory {
    for (const [queueId, message] of this.#messages) this.#leave(queueId, message);
    this.#messages.clear();
    return {
      lines: this.#lines,
      understood: this.#understood,
      ...(this.#first === undefined ? {} : { first: this.#first }),
      ...(this.#last === undefined ? {} : { last: this.#last }),
      recipients: { ...this.#counts },
      failures: this.#failures,
      untold: this.#untold,
      slow: groupsOf(this.#slow),
      refusals: groupsOf(this.#refusals),
      troubles: groupsOf(this.#troubles),
    };
  }

  #readServer(line: LogLine, text: string): void {
    const refusal = parseRefusal(text);
    if (refusal) {
      const whom = `${refusal.clientName}[${refusal.clientAddress}]`;
      return count(this.#refusals, refusalCause(refusal), line.time, `${whom}: ${refusal.text}`);
    }
    const trouble = troubleOf(text, line.service);
    if (trouble) count(this.#troubles, trouble, line.time, `${line.service}: ${text}`);
  }

  #readMessage(line: LogLine, queueId: string): void {
    const { text } = line;
    const delivery = parseDelivery(text);
    if (delivery) return this.#readDelivery(line, queueId, delivery);
    if (/^(?:milter-|proxy-)?(?:reject|discard|hold): /.test(text)) return this.#readServer(line, text);
    if (text === 'removed') return this.#removed(queueId);
    const from = /^from=<([^>]*)>, (size=|status=(?:force-)?expired)/.exec(text);
    if (from) {
      const message = this.#message(queueId);
      message.sender = from[1] ?? '';
      if (from[2] !== 'size=') this.#expired(queueId, message, line.time);
      return;
    }
    const messageId = /^message-id=(.+)$/.exec(text)?.[1];
    if (messageId !== undefined) this.#message(queueId).messageId = messageId;
  }

  #readDelivery(line: LogLine, queueId: string, delivery: DeliveryLine): void {
    const message = this.#message(queueId);
    if (!message.recipients.has(delivery.recipient) && message.recipients.size >= MAILLOG_LIMITS.recipientsMax) return void (this.#untold += 1);
    const known: Attempted = message.recipients.get(delivery.recipient) ?? { first: line.time, attempts: 0, failed: undefined };
    known.attempts += 1;
    message.recipients.set(delivery.recipient, known);
    switch (delivery.status) {
      case 'sent': {
        this.#counts.sent += 1;
        if (known.failed) this.#tell(queueId, message, known, { line: { ...known.failed.line, delay: delivery.delay, ...(delivery.delays ? { delays: delivery.delays } : {}) }, time: line.time }, 'sent');
        else if (delivery.delays && delivery.delay >= SLOW_SECONDS) count(this.#slow, slowCause(delivery.delays), line.time, `${delivery.recipient} (${queueId}): ${line.text.slice(line.text.indexOf('relay='), line.text.indexOf(', dsn='))}`);
        message.recipients.delete(delivery.recipient);
        return;
      }
      case 'bounced': {
        if (delivery.why.startsWith(EXPIRED)) this.#giveUp(queueId, message, known, { line: { ...delivery, why: delivery.why.slice(EXPIRED.length) }, time: line.time });
        else {
          this.#counts.bounced += 1;
          this.#tell(queueId, message, known, { line: delivery, time: line.time }, 'bounced');
        }
        message.recipients.delete(delivery.recipient);
        return;
      }
      case 'deferred':
        known.failed = { line: delivery, time: line.time };
        return;
      default:
        // Verification probes and what we do not know.
        message.recipients.delete(delivery.recipient);
    }
  }

  /** `from=<…>, status=expired, returned to sender`: those who still wait will not get it. */
  #expired(queueId: string, message: Message, time: string): void {
    for (const known of message.recipients.values()) {
      if (known.failed) this.#giveUp(queueId, message, known, { ...known.failed, time });
    }
    message.recipients.clear();
  }

  #giveUp(queueId: string, message: Message, known: Attempted, failed: NonNullable<Attempted['failed']>): void {
    this.#counts.expired += 1;
    this.#tell(queueId, message, known, failed, 'expired');
  }

  #removed(queueId: string): void {
    // What still waits then was deleted by an administrator; nobody is waiting for it.
    this.#messages.delete(queueId);
  }

  #leave(queueId: string, message: Message): void {
    for (const known of message.recipients.values()) {
      if (!known.failed) continue;
      this.#counts.waiting += 1;
      this.#tell(queueId, message, known, known.failed, 'deferred');
    }
  }

  #tell(queueId: string, { sender, messageId }: Message, { first, attempts }: Attempted, { line, time }: { readonly line: DeliveryLine; readonly time: string }, state: LoggedFailure['state']): void {
    if (this.#failures.length >= MAILLOG_LIMITS.failuresMax) return void (this.#untold += 1);
    const { recipient, relay, dsn, why, delay, delays } = line;
    const timeWent = whereTimeWent({ delay, delays, attempts });
    this.#failures.push({
      queueId, ...(sender === undefined ? {} : { sender }), ...(messageId === undefined ? {} : { messageId }),
      recipient, relay, state, dsn, why, attempts, first, last: time, delay,
      ...(delays ? { delays } : {}), ...(timeWent === undefined ? {} : { timeWent }), ...causeOf(why, { dsn, relay }),
    });
  }

  #message(queueId: string): Message {
    const known = this.#messages.get(queueId) ?? { recipients: new Map<string, Attempted>() };
    // Heard of last: at the end.
    this.#messages.delete(queueId);
    this.#messages.set(queueId, known);
    if (this.#messages.size > MAILLOG_LIMITS.messagesMax) {
      const [oldest] = this.#messages;
      if (oldest) {
        this.#leave(...oldest);
        this.#messages.delete(oldest[0]);
      }
    }
    return known;
  }
}

function count(groups: Map<string, Group>, { id, meaning, nextStep }: { readonly id: string; readonly meaning: string; readonly nextStep: string }, time: string, example: string): void {
  const group: Group = groups.get(id) ?? { rule: id, meaning, nextStep, count: 0, first: time, last: time, examples: new Set() };
  group.count += 1;
  group.last = time;
  if (group.examples.size < MAILLOG_LIMITS.examplesMax) group.examples.add(example);
  groups.set(id, group);
}

/** The most frequent first. */
function groupsOf(map: Map<string, Group>): readonly LoggedGroup[] {
  return [...map.values()].map((group) => ({ ...group, examples: [...group.examples] })).toSorted((a, b) => b.count - a.count);
}
