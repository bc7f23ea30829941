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
    this.#settle(recipient, { recipient: recipient.index, status: 'delivered', scope: 'recipient', reply, attempt: facts });
  }

  /** Settles the recipient, or keeps it for the next host. */
  troubled(recipient: QueueRecipient, judgement: Judgement, facts: AttemptFacts): void {
    if (judgement.next === 'settle') this.#settle(recipient, outcomeOf(recipient, { judgement, facts }));
    else if (this.#isWorthTelling(recipient, judgement)) this.#last.set(recipient.index, { judgement, facts });
  }

  /** A host that is none: nobody is settled unless the judgement says so for all. */
  dead(mx: string, judgement: Judgement, known: Omit<AttemptFacts, 'mx' | 'tried'> = {}): void {
    const facts: AttemptFacts = this.#tried.length > 0 ? { ...known, mx, tried: [...this.#tried] } : { ...known, mx };
    for (const recipient of this.pending) this.troubled(recipient, judgement, facts);
    this.#note({ mx, error: describeReply(judgement.reply).slice(0, ERROR_CHARS_MAX) });
  }

  /** The host is behind us while recipients are left. */
  gaveUp(host: MailHost, reply: Reply): void {
    this.#note({ mx: host.mx, address: host.address, error: describeReply(reply).slice(0, ERROR_CHARS_MAX) });
  }

  /** No host is left (or no time): what was said last holds. */
  finish(): readonly DeliveryOutcome[] {
    const unknown: Last = { judgement: failure('local', 451, '4.4.1', 'no mail server was left to try'), facts: {} };
    for (const recipient of this.pending) this.#settle(recipient, outcomeOf(recipient, this.#last.get(recipient.index) ?? unknown));
    return this.job.recipients.map((recipient) => this.#outcomes.get(recipient.index) as DeliveryOutcome);
  }

  /**
   * One host's "try again" outweighs another's "never": only if all say never is it never. What a host said that
   * answered outweighs that another could not be reached.
   */
  #isWorthTelling(recipient: QueueRecipient, judgement: Judgement): boolean {
    const before = this.#last.get(recipient.index)?.judgement;
    if (before?.status !== 'deferred') return true;
    return judgement.status === 'deferred' && (isUnreachable(before) || !isUnreachable(judgement));
  }

  #note(tried: Tried): void {
    this.#tried.push(tried);
  }

  #settle(recipient: QueueRecipient, outcome: DeliveryOutcome): void {
    this.#pending.delete(recipient.index);
    this.#outcomes.set(recipient.index, outcome);
  }
}

/** RFC 3463 §3.5, X.4.1: no answer from host. */
function isUnreachable({ own, reply }: Judgement): boolean {
  return own === true && reply.enhanced === '4.4.1';
}

function outcomeOf(recipient: QueueRecipient, { judgement, facts }: Last): DeliveryOutcome {
  const { status, scope, reply, own } = judgement;
  return { recipient: recipient.index, status, scope, reply, attempt: own ? { ...facts, ownReply: true } : facts };
}
