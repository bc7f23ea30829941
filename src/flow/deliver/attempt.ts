/**
 * One attempt at a job: which recipients still wait for a host, what each was told last, and the outcomes in the end.
 * Exactly one outcome per recipient comes out, whatever happened.
 */
import type { Reply } from '../../contract/message.ts';
import type { AttemptFacts, DeliveryJob, DeliveryOutcome, QueueRecipient } from '../../contract/queue.ts';
import { describeReply } from '../../wire/smtp/reply.ts';
import type { MailHost } from './mail-hosts.ts';
import { failure, type Judgement } from './trouble.ts';

interface Last {
  readonly judgement: Judgement;
  readonly facts: AttemptFacts;
  /** The entry about it among what the recipient was told. */
  readonly told: Tried;
}

type Tried = NonNullable<AttemptFacts['tried']>[number];

/** Of a peer's words in the list of hosts tried. */
const ERROR_CHARS_MAX = 300;

export class Attempt {
  readonly job: DeliveryJob;
  readonly #pending = new Map<number, QueueRecipient>();
  readonly #last = new Map<number, Last>();
  readonly #outcomes = new Map<number, DeliveryOutcome>();
  readonly #tried: Tried[] = [];
  /** What each host did with this recipient, in their order. */
  readonly #told = new Map<number, Tried[]>();
  #cutShort = false;

  constructor(job: DeliveryJob) {
    this.job = job;
    for (const recipient of job.recipients) this.#pending.set(recipient.index, recipient);
  }

  get pending(): readonly QueueRecipient[] {
    return [...this.#pending.values()];
  }

  get done(): boolean {
    return this.#pending.size === 0;
  }

  /** The hosts given up so far, for facts. */
  get tried(): readonly Tried[] {
    return this.#tried;
  }

  delivered(recipient: QueueRecipient, reply: Reply, facts: AttemptFacts): void {
    this.#settle(recipient, { recipient: recipient.index, status: 'delivered', scope: 'recipient', reply, attempt: this.#besideOthers(recipient, facts) });
  }

  /** Settles the recipient, or keeps it for the next host. */
  troubled(recipient: QueueRecipient, judgement: Judgement, facts: AttemptFacts): void {
    const told = triedOf(judgement, facts);
    this.#told.set(recipient.index, [...(this.#told.get(recipient.index) ?? []), told]);
    if (judgement.next === 'settle') this.#settle(recipient, this.#outcomeOf(recipient, { judgement, facts, told }));
    else if (this.#isWorthTelling(recipient, judgement)) this.#last.set(recipient.index, { judgement, facts, told });
  }

  /** A host that is none: nobody is settled unless the judgement says so for all. */
  dead(mx: string, judgement: Judgement, known: Omit<AttemptFacts, 'mx' | 'tried'> = {}): void {
    for (const recipient of this.pending) this.troubled(recipient, judgement, { ...known, mx });
    this.#note({ mx, error: describeReply(judgement.reply).slice(0, ERROR_CHARS_MAX) });
  }

  /** The host is behind us while recipients are left. */
  gaveUp(host: MailHost, reply: Reply): void {
    this.#note({ mx: host.mx, address: host.address, error: describeReply(reply).slice(0, ERROR_CHARS_MAX) });
  }

  /** One attempt asks no further hosts. */
  cutShort(): void {
    this.#cutShort = true;
  }

  /** No host is left (or no time): what was found worth telling holds. */
  finish(): readonly DeliveryOutcome[] {
    const judgement = failure('local', 451, '4.4.1', 'no mail server was left to try');
    const unknown: Last = { judgement, facts: {}, told: triedOf(judgement, {}) };
    for (const recipient of this.pending) this.#settle(recipient, this.#outcomeOf(recipient, this.#last.get(recipient.index) ?? unknown));
    return this.job.recipients.map((recipient) => this.#outcomes.get(recipient.index) as DeliveryOutcome);
  }

  /**
   * One host's "try again" outweighs another's "never": only if all say never is it never. What a host said outweighs
   * that another did something wrong, and that outweighs one that was not to be found, or silent from the beginning.
   */
  #isWorthTelling(recipient: QueueRecipient, judgement: Judgement): boolean {
    const before = this.#last.get(recipient.index)?.judgement;
    if (before?.status !== 'deferred') return true;
    return judgement.status === 'deferred' && weight(judgement) >= weight(before);
  }

  #outcomeOf(recipient: QueueRecipient, { judgement, facts, told }: Last): DeliveryOutcome {
    const { status, scope, reply, own, answeredMail } = judgement;
    const attempt = this.#besideOthers(recipient, { ...facts, ...(own && { ownReply: true }), ...(answeredMail && { answeredMail }) }, told);
    return { recipient: recipient.index, status, scope, reply, attempt };
  }

  #besideOthers({ index }: QueueRecipient, facts: AttemptFacts, itself?: Tried): AttemptFacts {
    const others = (this.#told.get(index) ?? []).filter((told) => told !== itself);
    const beside = others.length === 0 ? facts : { ...facts, tried: others };
    return this.#cutShort ? { ...beside, cutShort: true } : beside;
  }

  #note(tried: Tried): void {
    this.#tried.push(tried);
  }

  #settle(recipient: QueueRecipient, outcome: DeliveryOutcome): void {
    this.#pending.delete(recipient.index);
    this.#outcomes.set(recipient.index, outcome);
  }
}

/** RFC 3463 §3.5: no answer from host, a name that is not found or not looked up, a connection that broke. */
const NOBODY_MET: ReadonlySet<string | undefined> = new Set(['4.4.1', '4.4.3', '4.4.4']);

function weight({ own, scope, reply }: Judgement): number {
  if (!own) return 3;
  // A connection that broke, or fell silent, before the server knew who we are: scope `host`.
  return NOBODY_MET.has(reply.enhanced) || (reply.enhanced === '4.4.2' && scope === 'host') || scope === 'local' ? 1 : 2;
}

function triedOf({ reply, own }: Judgement, { mx = '', address }: AttemptFacts): Tried {
  const error = (own ? reply.text : describeReply(reply)).slice(0, ERROR_CHARS_MAX);
  return { mx, ...(address === undefined ? {} : { address }), error, ...(own ? { own } : {}) };
}
