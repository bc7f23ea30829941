/**
 * The age of messages, whatever state they are in: at `expiresAt` every recipient that still waits (asleep, in line, put
 * aside, held) expires with a notice; before that, once, the sender is told that the message is late (RFC 3461 §4.1).
 * One timer for the next such time that the store knows of; attempts have nothing to do with it.
 *
 * Recipients in delivery settle by themselves: their last attempt says what becomes of them. When the wall clock has just
 * jumped ahead nothing expires for a while (QUEUE_LIMITS.expiryGraceMs), because it may be put right again.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { AgedPlace, AttemptFacts, FeedbackItem, NewQueueItem, QueueItem, QueueMessage, QueueRecipient, QueueStore, Settlement } from '../../contract/queue.ts';
import type { Reply } from '../../contract/message.ts';
import type { LiveWait } from '../../contract/queue-control.ts';
import type { ClockJumps } from './clock-jumps.ts';
import { waitedTooLongReason } from './reason.ts';

/** A recipient that is late or will not be delivered any more, as feedback is told. */
export interface LateRecipient {
  readonly recipient: QueueRecipient;
  readonly reply: Reply;
  readonly attempt: AttemptFacts;
}

export interface LifetimeFeedback {
  followUps(message: QueueMessage, content: ByteSource, finals: readonly (LateRecipient & { readonly state: 'expired' })[]): Promise<readonly FeedbackItem[]>;
  delayNotice?(message: QueueMessage, content: ByteSource, entries: readonly LateRecipient[]): Promise<readonly FeedbackItem[]>;
}

export interface LifetimeOptions {
  readonly store: Pick<QueueStore, 'aged' | 'settle' | 'content' | 'events'>;
  readonly feedback: LifetimeFeedback;
  readonly clock: Clock;
  readonly jumps: ClockJumps;
  readonly log: Log;
  /** Read at each use; 0 or absent: no delay notices. */
  readonly config: { readonly queue: { readonly delayNoticeMs?: number } };
  /** What keeps a queued recipient from going this moment. */
  readonly waitOf: (message: QueueMessage, recipient: QueueRecipient) => LiveWait | undefined;
  /** Takes a queued recipient so that nobody else does; false when it is in delivery or waits no more. */
  readonly claim: (message: QueueMessage, recipient: QueueRecipient) => boolean;
  /** What was claimed: its fate is committed, or (false) it waits on. */
  readonly release: (message: QueueMessage, recipient: QueueRecipient, done: boolean) => void;
  readonly admit: (items: readonly NewQueueItem[]) => void;
}

/** Messages whose notices are made and committed together; mail in transit goes on beside them. */
const AT_ONCE = 10;
/** Without an enhanced code: feedback says X.4.7 (RFC 3463 §3.5) for what expired, X.0.0 for what is only late. */
const NEVER_TRIED: Reply = { code: 451, text: 'its turn has not come yet' };
const ON_HOLD: Reply = { code: 451, text: 'it is on hold on this server' };
const PAUSED: Reply = { code: 451, text: 'mail like it is paused on this server' };

export class Lifetime {
  readonly #options: LifetimeOptions;
  #timer: Timer | undefined;
  #nextAt = Number.POSITIVE_INFINITY;
  #running: Promise<void> | undefined;
  #stopped = true;

  constructor(options: LifetimeOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#wakeAt(this.#options.clock.now());
  }

  /** A message was committed whose age matters then. */
  note(message: QueueMessage): void {
    this.noteTime(Math.min(message.delayNoticeAt ?? message.expiresAt, message.expiresAt));
  }

  /** The same, of several: the age of one of them matters then. */
  noteTime(at: number): void {
    if (at < this.#nextAt && !this.#stopped) this.#wakeAt(at);
  }

  /** The wall clock was set: look again. */
  clockSet(): void {
    if (!this.#stopped) this.#wakeAt(this.#options.clock.now());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #wakeAt(at: number): void {
    this.#nextAt = at;
    this.#timer?.cancel();
    const inMs = Math.max(0, at - this.#options.clock.now());
    this.#timer = this.#options.clock.timer(Math.min(inMs, QUEUE_LIMITS.longestNapMs), () => this.#look());
  }

  #look(): void {
    if (this.#stopped || this.#running) return;
    const { clock, jumps } = this.#options;
    const graceLeftMs = jumps.graceLeftMs();
    if (graceLeftMs > 0) return this.#wakeAt(clock.now() + graceLeftMs);
    if (this.#nextAt > clock.now()) return this.#wakeAt(this.#nextAt);
    this.#nextAt = Number.POSITIVE_INFINITY;
    this.#running = this.#sweepAndWake();
  }

  async #sweepAndWake(): Promise<void> {
    const { clock, log } = this.#options;
    let nextAt: number;
    try {
      nextAt = await this.#sweep();
    } catch (error) {
      log.error('queue.ageing-failed', { error: String(error) });
      nextAt = clock.now() + QUEUE_LIMITS.agedAgainMs;
    }
    this.#running = undefined;
    // Meanwhile something may have come whose time is earlier.
    if (!this.#stopped) this.#wakeAt(Math.min(nextAt, this.#nextAt));
  }

  /** Returns when to look again. */
  async #sweep(): Promise<number> {
    const { store, clock } = this.#options;
    const now = clock.now();
    let after: AgedPlace | undefined;
    let leftOver = false;
    for (;;) {
      const aged = await store.aged(now, QUEUE_LIMITS.agedBatch, after);
      for (let at = 0; at < aged.items.length; at += AT_ONCE) {
        if (this.#stopped) return now;
        const some = aged.items.slice(at, at + AT_ONCE);
        const done = await Promise.all(some.map((item) => (item.message.expiresAt <= now ? this.#expire(item, now) : this.#tell(item))));
        leftOver ||= done.includes(false);
      }
      after = aged.after;
      if (!after) return Math.min(aged.nextAt ?? Number.POSITIVE_INFINITY, leftOver ? now + QUEUE_LIMITS.agedAgainMs : Number.POSITIVE_INFINITY);
    }
  }

  /** False when somebody of it must be looked at again. */
  async #expire({ message, recipients }: QueueItem, now: number): Promise<boolean> {
    const waiting = recipients.filter(({ state }) => state === 'queued' || state === 'held');
    // Whoever is claimed stands in no line any more.
    const waits = new Map(waiting.map((recipient) => [recipient.index, this.#shapedWait(message, recipient)]));
    const claimed = waiting.filter((recipient) => recipient.state === 'held' || this.#options.claim(message, recipient));
    let done = false;
    try {
      if (claimed.length > 0) await this.#commitExpiry(message, claimed, waits, now);
      done = true;
    } catch (error) {
      this.#options.log.error('queue.expiry-failed', { id: message.id, error: String(error) });
    }
    for (const recipient of claimed) if (recipient.state === 'queued') this.#options.release(message, recipient, done);
    return done && claimed.length === waiting.length;
  }

  async #commitExpiry(message: QueueMessage, claimed: readonly QueueRecipient[], waits: ReadonlyMap<number, LiveWait | undefined>, now: number): Promise<void> {
    const { store, feedback, admit, log } = this.#options;
    const ageMs = now - message.queuedAt;
    const attempts = await this.#lastAttempts(message, claimed);
    const settlements = claimed.map((recipient): Settlement => ({
      recipient: recipient.index, state: 'expired', attempts: recipient.attempts, nextAttemptAt: now,
      reason: waitedTooLongReason(recipient, waits.get(recipient.index)?.reason, ageMs),
      ...(recipient.lastReply ? { lastReply: recipient.lastReply } : {}),
    }));
    const finals = claimed.map((recipient) => ({ ...late(recipient, waits.get(recipient.index), attempts), recipient: { ...recipient, state: 'expired' as const }, state: 'expired' as const }));
    const items = await feedback.followUps(message, await store.content(message.contentDigest), finals);
    const followUps = items.flatMap(({ enqueue }) => enqueue ?? []);
    const events = finals.map(({ recipient, reply, attempt }) => ({ at: now, name: MESSAGE_EVENTS.expired, recipient: recipient.index, data: { ...whoSaid(attempt), reply, ageMs, attempts: recipient.attempts } }));
    await store.settle(message.id, settlements, [], followUps, [...events, ...items.map(({ event }) => event)]);
    log.info('queue.expired', { id: message.id, recipients: claimed.length, ageMs });
    admit(followUps);
  }

  /** What the last attempts met, by QueueRecipient.index: who said what is told now. Of those never tried nothing. */
  async #lastAttempts({ id }: QueueMessage, recipients: readonly QueueRecipient[]): Promise<ReadonlyMap<number, AttemptFacts>> {
    const { store } = this.#options;
    if (!store.events || recipients.every(({ attempts, lastReply }) => attempts === 0 || lastReply === undefined)) return new Map();
    const heard = (await store.events(id)).filter(({ name, recipient, data }) => (name === MESSAGE_EVENTS.deferred || name === MESSAGE_EVENTS.held) && recipient !== undefined && data?.['reply'] !== undefined);
    return new Map(heard.map(({ recipient, data }) => [recipient as number, (data ?? {}) as AttemptFacts]));
  }

  #shapedWait(message: QueueMessage, recipient: QueueRecipient): LiveWait | undefined {
    const wait = recipient.state === 'queued' ? this.#options.waitOf(message, recipient) : undefined;
    // Of those in line a rush alone says until when.
    return wait?.phase === 'shaped' || (wait?.phase === 'in-line' && wait.until !== undefined) ? wait : undefined;
  }

  /** The sender is told once that the message is late, committed together with the mark that it was. */
  async #tell({ message, recipients }: QueueItem): Promise<boolean> {
    const { store, feedback, config, admit, log } = this.#options;
    const waiting = recipients.filter(({ state }) => state === 'queued' || state === 'held');
    try {
      const wanted = (config.queue.delayNoticeMs ?? 0) > 0 && waiting.length > 0;
      const attempts = wanted ? await this.#lastAttempts(message, waiting) : new Map<number, AttemptFacts>();
      const entries = waiting.map((recipient) => late(recipient, this.#shapedWait(message, recipient), attempts));
      const items = wanted && feedback.delayNotice ? await feedback.delayNotice(message, await store.content(message.contentDigest), entries) : [];
      const followUps = items.flatMap(({ enqueue }) => enqueue ?? []);
      await store.settle(message.id, [], [], followUps, items.map(({ event }) => event), true);
      // What comes next was asked for before this one had a next time.
      this.noteTime(message.expiresAt);
      admit(followUps);
      return true;
    } catch (error) {
      log.error('queue.delay-notice-failed', { id: message.id, error: String(error) });
      return false;
    }
  }
}

/** What a receiver said last; as long as none was asked, what keeps it here. */
function late(recipient: QueueRecipient, wait: LiveWait | undefined, attempts: ReadonlyMap<number, AttemptFacts>): LateRecipient {
  const unasked = recipient.state === 'held' ? ON_HOLD : wait?.rule?.endsWith('-paused') ? PAUSED : NEVER_TRIED;
  const attempt = recipient.lastReply === undefined ? undefined : attempts.get(recipient.index);
  return { recipient, reply: recipient.lastReply ?? unasked, attempt: attempt ? whoSaid(attempt) : {} };
}

/** Of the facts of an attempt, what tells whose words its reply is. */
function whoSaid({ mx, address, port, localAddress, helo, ownReply, answeredMail, tried, cutShort }: AttemptFacts): AttemptFacts {
  const said = { mx, address, port, localAddress, helo, ownReply, answeredMail, tried, cutShort };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}
