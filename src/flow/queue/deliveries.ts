/**
 * From a turn to its end: reads the rows again unless they are still in memory, carries the job out, gives permit and
 * place back, settles, and puts the slots where the settlement says.
 *
 * The permit goes back when the delivery has ended, before its commit: a full disk holds up this server, not the site.
 */
import { BufferSource } from '../../base/byte-source.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import type { Clock } from '../../base/clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { Config } from '../../config/config.ts';
import type { QueueId } from '../../contract/message.ts';
import type { AttemptStep, DeliveryJob, DeliveryOutcome, NewQueueItem, QueueItem, QueueMessage, QueueRecipient, QueueStore, RoutePlan } from '../../contract/queue.ts';
import type { MxSite } from '../../contract/sending.ts';
import type { SendResult, Shaper } from '../../contract/shaper.ts';
import { attemptContext, explainReply } from '../../mail/reply-meaning/explain.ts';
import type { ClockJumps } from './clock-jumps.ts';
import { CommitHealth } from './commit-health.ts';
import { deliverJob, localTrouble, settleJob } from './job.ts';
import type { JobPorts, JobResult } from './job.ts';
import type { Lines, Turn } from './lines.ts';
import { retryWaitMs } from './retry.ts';
import type { RoutedItem, RoutedItems } from './routed-items.ts';
import { lineEntry, routeName, siteOf } from './take-up.ts';
import type { NearRoute, RemoteRoute, TakeUp } from './take-up.ts';
import type { WaitingIndex } from './waiting-index.ts';

export interface DeliveriesOptions extends Omit<JobPorts, 'policy' | 'random' | 'health'> {
  readonly store: Pick<QueueStore, 'settle' | 'read' | 'content'>;
  readonly clock: Clock;
  readonly jumps: ClockJumps;
  readonly log: Log;
  readonly config: Pick<Config, 'queue'>;
  readonly random?: () => number;
  readonly shaper: Shaper;
  readonly index: WaitingIndex;
  readonly lines: Lines;
  readonly routed: RoutedItems;
  readonly takeUp: Pick<TakeUp, 'route'>;
  /** Everything under way is told, so that it can be waited for. */
  readonly track: (work: Promise<void>) => void;
  /** Follow-ups that were committed. */
  readonly admit: (items: readonly NewQueueItem[]) => void;
  /** The store takes outcomes again, or others shall show whether it does. */
  readonly canGoOn: () => void;
  /** Rows that were changed during the delivery. */
  readonly reread: (id: QueueId) => void;
}

/** A delivery that has not ended. */
export interface UnderWay {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Absent when it goes to a mailbox here. */
  readonly site?: MxSite;
  /** What it waits for; absent before the first step. */
  step?: AttemptStep;
  /** It has ended, and what came of it is being written down. */
  readonly ended?: true;
}

interface Member {
  readonly slot: number;
  readonly recipient: QueueRecipient;
}

interface Job extends DeliveryJob {
  readonly members: readonly Member[];
}

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #random: () => number;
  readonly #abort = new AbortController();
  readonly #nearPlaces = new Semaphore(QUEUE_LIMITS.deliveriesInFlightMax);
  readonly #delivering = new Map<number, UnderWay>();
  readonly #health: CommitHealth;
  #near = 0;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#health = new CommitHealth(options.canGoOn);
    this.#random = options.random ?? Math.random;
  }

  /** Recipients. */
  get inFlight(): number {
    return this.#delivering.size;
  }

  /** False while the store does not take what came of deliveries: nothing new goes. */
  get canSettle(): boolean {
    return this.#health.works;
  }

  /** Undefined when it is not being delivered. */
  underWay(slot: number): UnderWay | undefined {
    return this.#delivering.get(slot);
  }

  /** Milliseconds since 1970, when the longest of the deliveries to a site began. */
  oldestTo(siteKey: string): number | undefined {
    let oldest: number | undefined;
    for (const { since, site, ended } of this.#delivering.values()) {
      if (!ended && site?.key === siteKey && !(oldest !== undefined && oldest <= since)) oldest = since;
    }
    return oldest;
  }

  /** False while more waits for our own mailboxes than can be delivered soon. */
  get hasRoom(): boolean {
    return this.#near < QUEUE_LIMITS.deliveriesInFlightMax * 2;
  }

  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** A mailbox here, or an end without delivery: no limits towards other servers concern it. */
  async near(slot: number, { message }: QueueItem, recipient: QueueRecipient, route: NearRoute): Promise<void> {
    this.#near += 1;
    try {
      await this.#nearPlaces.run(async () => {
        const members = [{ slot, recipient }];
        const outcomes = this.#abort.signal.aborted ? undefined : await this.#deliver(message, members, route);
        if (outcomes) await this.#settle(...outcomes);
        else this.#sleepAll(members.map((member) => member.slot));
      });
    } finally {
      this.#near -= 1;
    }
  }

  async remote(turn: Turn): Promise<void> {
    const delivered = await this.#attempt(turn).catch((error: unknown) => {
      this.#options.log.error('queue.bug', { error: error instanceof Error ? error.stack : String(error) });
      this.#sleepAll(turn.slots);
      return undefined;
    });
    const results = this.#giveBack(turn, delivered ? explained(...delivered) : []);
    if (delivered) await this.#settle(...delivered, new Map(results.map(({ outcome, explanation }) => [outcome, explanation])));
  }

  /** Undefined: nothing was tried, and the slots are where they belong. */
  async #attempt(turn: Turn): Promise<[Job, readonly DeliveryOutcome[]] | undefined> {
    const id = this.#options.index.idOf(turn.slots[0] as number);
    const known = this.#options.routed.get(id) ?? (await this.#read(id, turn.slots));
    if (!known) return undefined;
    const [group, route] = await this.#group(turn, known);
    if (group.length === 0 || this.#abort.signal.aborted) {
      this.#sleepAll(group.map(({ slot }) => slot));
      return undefined;
    }
    return this.#deliver(known.item.message, group, route as RemoteRoute, turn);
  }

  async #read(id: QueueId, slots: readonly number[]): Promise<RoutedItem | undefined> {
    try {
      const item = await this.#options.store.read(id);
      if (item) return { item, routes: new Map() };
      for (const slot of slots) this.#options.index.remove(slot);
    } catch (error) {
      this.#options.log.error('queue.read-failed', { id, error: String(error) });
      this.#sleepAll(slots);
    }
    return undefined;
  }

  /** Those of a turn that still go together to its site; the others go back to where they belong. */
  async #group(turn: Turn, { item, routes }: RoutedItem): Promise<[Member[], RemoteRoute | undefined]> {
    const { index, clock, lines } = this.#options;
    const byIndex = new Map(item.recipients.map((recipient) => [recipient.index, recipient]));
    const recipients = turn.slots.map((slot) => byIndex.get(index.positionOf(slot)));
    const plans = await Promise.all(recipients.map((recipient) => recipient && (routes.get(recipient.index) ?? this.#options.takeUp.route(item, recipient))));
    const group: Member[] = [];
    let chosen: RemoteRoute | undefined;
    for (const [at, slot] of turn.slots.entries()) {
      const recipient = recipients[at];
      const route: RoutePlan | undefined = plans[at];
      if (index.wasTouched(slot)) index.sleep(slot, clock.now());
      else if (recipient?.state !== 'queued' || !route) index.remove(slot);
      // What its row says was not known when it joined the line, or has changed.
      else if (route.kind !== 'mx' && route.kind !== 'smarthost') this.#options.track(this.near(slot, item, recipient, route));
      else if (siteOf(route).key !== turn.line.site.key) lines.enter(slot, lineEntry(item.message, recipient, route), item.message.queuedAt);
      else if (!chosen || routeName(chosen, (group[0] as Member).recipient) === routeName(route, recipient)) {
        chosen = route;
        group.push({ slot, recipient });
      } else lines.enter(slot, lineEntry(item.message, recipient, route), item.message.queuedAt, true);
    }
    return [group.sort((a, b) => a.recipient.index - b.recipient.index), chosen];
  }

  async #deliver(message: QueueMessage, members: readonly Member[], route: RoutePlan, turn?: Turn): Promise<[Job, readonly DeliveryOutcome[]] | undefined> {
    const underWay: UnderWay = { since: this.#options.clock.now(), ...(turn ? { site: turn.line.site } : {}) };
    for (const { slot } of members) this.#delivering.set(slot, underWay);
    const [content, trouble] = await this.#content(message);
    if (this.#abort.signal.aborted) {
      this.#sleepAll(members.map(({ slot }) => slot));
      return undefined;
    }
    const recipients = members.map(({ recipient }) => recipient);
    const job: Job = { message, recipients, route, content, leasedAt: this.#options.clock.now(), members, ...(turn ? { permit: turn.permit, onStep: (step) => (underWay.step = step) } : {}) };
    if (trouble !== undefined) return [job, recipients.map(({ index }) => localTrouble(index, trouble))];
    return [job, await deliverJob(this.#options, job, this.#abort.signal)];
  }

  async #content(message: QueueMessage): Promise<[ByteSource, trouble?: string]> {
    try {
      return [await this.#options.store.content(message.contentDigest)];
    } catch (error) {
      this.#options.log.error('queue.content-failed', { id: message.id, error: String(error) });
      return [new BufferSource(Buffer.alloc(0)), 'the content of the message could not be read'];
    }
  }

  #giveBack(turn: Turn, results: readonly SendResult[]): readonly SendResult[] {
    try {
      return this.#options.shaper.finish(turn.permit, results);
    } finally {
      this.#options.lines.finish(turn);
    }
  }

  async #settle(job: Job, outcomes: readonly DeliveryOutcome[], explanations?: JobPorts['explanations']): Promise<void> {
    let result: JobResult | undefined;
    for (const { slot } of job.members) this.#delivering.set(slot, { ...(this.#delivering.get(slot) as UnderWay), ended: true });
    try {
      result = await settleJob({ ...this.#jobPorts(job), ...(explanations && { explanations }) }, job, outcomes, this.#abort.signal);
    } finally {
      this.#place(job, result);
    }
    if (result) this.#options.admit(result.followUps);
  }

  #jobPorts(job: Job): JobPorts {
    const { retryMinMs, retryMaxMs, onBlock } = this.#options.config.queue;
    const ofSite = job.permit && this.#options.shaper.retryOf(job.permit.site);
    const policy = {
      retryMinMs: ofSite?.minMs ?? retryMinMs, retryMaxMs: ofSite?.maxMs ?? retryMaxMs, unexpiring: this.#options.jumps.graceLeftMs() > 0,
      ...(onBlock && { onBlock }), ...(job.permit?.wayRound && { wayRound: true }),
    };
    return { ...this.#options, policy, random: this.#random, health: this.#health };
  }

  /** Each slot where its settlement says. */
  #place(job: Job, result: JobResult | undefined): void {
    const { index, routed } = this.#options;
    const { id } = job.message;
    const settled = new Map(result?.settled.map(({ settlement }) => [settlement.recipient, settlement]));
    const retryAt = this.#retryAt();
    let reread = false;
    for (const { slot, recipient } of job.members) {
      this.#delivering.delete(slot);
      const settlement = settled.get(recipient.index);
      if (index.wasTouched(slot)) {
        reread = true;
        index.sleep(slot, retryAt);
      } else if (!settlement) index.sleep(slot, retryAt);
      else if (settlement.state === 'queued') index.sleep(slot, settlement.nextAttemptAt);
      else index.remove(slot);
    }
    // Rows in memory are good only for recipients that were not tried since.
    if (job.members.length === 1 || reread) routed.delete(id);
    if (reread) this.#options.reread(id);
  }

  /** Nothing was tried: the rows are as they were. */
  #sleepAll(slots: readonly number[]): void {
    const retryAt = this.#retryAt();
    for (const slot of slots) {
      this.#delivering.delete(slot);
      if (this.#options.index.isTaken(slot)) this.#options.index.sleep(slot, retryAt);
    }
  }

  #retryAt(): number {
    const { retryMinMs, retryMaxMs } = this.#options.config.queue;
    return this.#options.clock.now() + retryWaitMs({ retryMinMs, retryMaxMs }, 1, this.#random());
  }
}

/** Explaining costs more than the rest of a settlement: once for shaper and settlement together. */
function explained({ message, recipients }: Job, outcomes: readonly DeliveryOutcome[]): readonly SendResult[] {
  return outcomes.map((outcome, at) => {
    const recipient = recipients[at];
    if (!recipient) return { outcome };
    const { address, attempts, rule } = recipient;
    const about = { recipient: address, content: message.contentDigest };
    if (outcome.status === 'delivered') return { outcome, about };
    return {
      outcome, about, explanation: explainReply(outcome.reply, attemptContext(outcome.attempt)), firstTry: attempts === 0, triesBefore: attempts,
      ...(rule !== undefined && { ruleBefore: rule }),
    };
  });
}
