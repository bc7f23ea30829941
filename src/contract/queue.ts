/**
 * The queue's rows and the journey from the queue to an outcome per recipient.
 */
import type { ByteSource } from '../base/byte-source.ts';
import type { MailDetails } from '../mail/mail-facts.ts';
import type { Envelope, NotifyCondition, Origin, QueueId, Reply, Telling, TlsFacts } from './message.ts';
import type { MxSite, Permit, RelayTarget, Stream } from './sending.ts';
import type { TlsPolicyFacts } from './tls-policy.ts';

export type RecipientState = 'queued' | 'held' | 'delivered' | 'bounced' | 'expired' | 'deleted';

export interface QueueMessage {
  readonly id: QueueId;
  readonly sender: string;
  readonly options: Pick<Envelope, 'body' | 'smtpUtf8' | 'requireTls' | 'returnContent' | 'envelopeId'> & {
    /** RFC 8689 §5, `TLS-Required: No`: that it arrives matters more to its author than how TLS fares on the way. */
    readonly tlsOptional?: boolean;
  };
  readonly origin: Origin;
  /** May a DSN go to the sender: it logged in, is local or trusted, or SPF passed for it (never backscatter). */
  readonly senderBelieved: boolean;
  /** Judged to be junk: goes to the Junk folder of a local mailbox; never refused for it later. */
  readonly junk?: boolean;
  /** Default `transactional`. */
  readonly stream?: Stream;
  /** d= of the signature made for the From domain; absent when unsigned. */
  readonly dkimDomain?: string;
  /** Key of the content in the body store (mail/content-key.ts), of the bytes as stored: trace and signature fields included. */
  readonly contentDigest: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly queuedAt: number;
  readonly expiresAt: number;
  /** When the sender is to be told that the message is late; absent: never, or told already. */
  readonly delayNoticeAt?: number;
  /** From the header, for trace and lists; untrusted text, at most 998 characters each. */
  readonly messageId?: string;
  readonly headerFrom?: string;
}

export interface QueueRecipient {
  /** Position in the message, from 0: with the QueueId the recipient's key. */
  readonly index: number;
  readonly address: string;
  readonly originalRecipient?: string;
  readonly notify?: readonly NotifyCondition[];
  /** As in EnvelopeRecipient. */
  readonly via?: string;
  readonly reversePath?: string;
  readonly state: RecipientState;
  readonly attempts: number;
  /** Milliseconds since 1970; meaningful while `queued`. */
  readonly nextAttemptAt: number;
  /** When `nextAttemptAt` was written down, milliseconds since 1970; absent: as long as it was never tried, when it came. */
  readonly dueSetAt?: number;
  readonly lastReply?: Reply;
  /** One sentence: why it is where it is. */
  readonly reason?: string;
  /** MxSite.key of the last attempt; `local` for our own mailboxes. Absent before the first one. */
  readonly site?: string;
  /** Rule and culprit of what the last reply means (mail/reply-meaning). */
  readonly rule?: string;
  readonly culprit?: string;
  /** An administrator's order where it goes instead of where the router would send it. */
  readonly reroute?: Reroute;
}

/** `service`: no order, but the copy that a service reads of mail that somebody gets (EnvelopeRecipient.service). */
export type Reroute = { readonly kind: 'mx' } | { readonly kind: 'relay'; readonly host: string; readonly port: number } | { readonly kind: 'service'; readonly service: string };

/** One entry of a message's timeline. Names are stable: see contract/events.ts. */
export interface MessageEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly name: string;
  /** Absent when it concerns the message as a whole. */
  readonly recipient?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface NewQueueItem {
  readonly message: QueueMessage;
  readonly recipients: readonly QueueRecipient[];
  readonly content: ByteSource;
  readonly events: readonly MessageEvent[];
  /** Notices about it that are committed with it; they have none of their own. */
  readonly followUps?: readonly NewQueueItem[];
  /** Marked as told in the same commit. */
  readonly tells?: Telling;
}

export interface QueueItem {
  readonly message: QueueMessage;
  readonly recipients: readonly QueueRecipient[];
}

/** Where a recipient goes next. `key` groups what may share a transaction and a concurrency limit. */
export type RoutePlan =
  | { readonly kind: 'local'; readonly key: 'local'; readonly account: string; readonly folder: string }
  | { readonly kind: 'mx'; readonly key: string; readonly domain: string; readonly site?: MxSite }
  | ({ readonly kind: 'smarthost'; readonly key: string; readonly site?: MxSite } & RelayTarget)
  /** Into a Maildir of this machine; `path` as in RouteTarget. */
  | { readonly kind: 'maildir'; readonly key: 'maildir'; readonly path: string }
  /** To a part of this server that reads mail (MailService.name). */
  | { readonly kind: 'service'; readonly key: string; readonly service: string }
  | { readonly kind: 'undeliverable'; readonly key: 'undeliverable'; readonly reply: Reply };

export interface Router {
  /** `recipients`: how many the message has in all; absent when unknown. */
  route(message: QueueMessage, recipient: QueueRecipient, recipients?: number): Promise<RoutePlan>;
}

/** Whom a failure concerns: Postfix's four scopes, plus ourselves. */
export type FailureScope = 'recipient' | 'message' | 'host' | 'session' | 'local';

/** What one attempt did, for trace and log. All optional: an attempt may end before any of it is known. */
export interface AttemptFacts {
  readonly mx?: string;
  readonly address?: string;
  readonly port?: number;
  readonly localAddress?: string;
  readonly helo?: string;
  readonly tls?: TlsFacts;
  /** How the way had to be protected, on whose word, and how that was met; absent for smarthosts. */
  readonly tlsPolicy?: TlsPolicyFacts;
  /** True when the connection had carried an earlier message. */
  readonly reused?: boolean;
  /** Postfix's delays in ms: a before the queue manager, b in it, c connecting (DNS, EHLO, TLS), d transmitting. */
  readonly delays?: { readonly a: number; readonly b: number; readonly c: number; readonly d: number };
  /** The other hosts of the same attempt, in their order, each with what became of it there. */
  readonly tried?: readonly TriedHost[];
  /** So many hosts were asked that the rest, if there is one, was not. */
  readonly cutShort?: true;
  /** The peer promised the DSN itself (it offered DSN), so we need not send `success` ones. */
  readonly peerDsn?: boolean;
  /** What was wrong with the message before it left, as far as we could see. */
  readonly preflight?: PreflightFacts;
  /** The reply is our own description of what went wrong (DNS, connection, TLS, time), no words of a peer. */
  readonly ownReply?: boolean;
  /** The peer's reply answered MAIL: it had heard of the sender, and of no recipient. */
  readonly answeredMail?: true;
  /** For the administrator, beside the reply: where to mend it. Never told to senders. */
  readonly advice?: string;
}

/** A host whose word was not the one that decided. */
export interface TriedHost {
  readonly mx: string;
  readonly address?: string;
  /** Its reply; or what went wrong there, in a clause that names the host. */
  readonly error: string;
  /** The words are our own. */
  readonly own?: true;
}

/** Findings of preflight, and the reply that this receiver is known to give to one of them. */
export interface PreflightFacts {
  readonly findings: readonly { readonly id: string; readonly text: string; readonly fix: string }[];
  readonly predicted?: Reply;
}

/** A message put into a mailbox in the same commit that settles the recipient. */
export interface MailboxDeposit {
  readonly account: string;
  /** Created when missing, e.g. `INBOX`, `Junk`. */
  readonly folder: string;
  readonly contentDigest: string;
  /** Fields put before the stored content for this copy: Return-Path, Delivered-To; CRLF lines. */
  readonly prefix: Buffer;
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly flags: readonly string[];
  /** Bytes of prefix and content together. */
  readonly sizeBytes: number;
  /** MIME structure with offsets from the start of the prefix, as JSON made by mail/mime-structure.ts. */
  readonly structure: string;
  /** The bytes behind `contentDigest` when they are not those of the message delivered: a script changed it, or it is a notice. */
  readonly content?: ByteSource;
  /** Preview, date and thread (mail/mail-facts.ts); absent: what the structure tells. */
  readonly details?: MailDetails;
}

export interface DeliveryOutcome {
  /** QueueRecipient.index. */
  readonly recipient: number;
  readonly status: 'delivered' | 'deferred' | 'failed';
  /** Meaningful unless delivered. */
  readonly scope: FailureScope;
  readonly reply: Reply;
  readonly attempt: AttemptFacts;
  readonly deposit?: MailboxDeposit;
  /** With `delivered`: what else a script wanted done. */
  readonly effects?: ScriptEffects;
  /** With `deferred`: put it on hold instead of trying again, for this reason. */
  readonly hold?: string;
}

/** Committed together with the outcome. */
export interface ScriptEffects {
  /** Copies beside that of the outcome. */
  readonly deposits: readonly MailboxDeposit[];
  /** Redirected copies, automatic answers, notifications. */
  readonly enqueue: readonly NewQueueItem[];
  readonly events: readonly MessageEvent[];
  readonly remember: readonly ScriptMemory[];
}

/** What a script must know when the next message comes: whom it answered, which id it saw, what its owner was told. */
export interface ScriptMemory {
  readonly account: string;
  readonly kind: 'vacation' | 'duplicate' | 'told';
  /** A digest. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface DeliveryJob {
  readonly message: QueueMessage;
  /** All share the same route. */
  readonly recipients: readonly QueueRecipient[];
  readonly route: RoutePlan;
  readonly content: ByteSource;
  /** Milliseconds since 1970 when the queue took the message up for this attempt (end of delay "b"). */
  readonly leasedAt: number;
  /** From the shaper: which source to use and how; absent for local routes. */
  readonly permit?: Permit;
  /** Told of each step that waits for others; default: nobody is. */
  readonly onStep?: (step: AttemptStep) => void;
}

/** What an attempt to deliver waits for. */
export interface AttemptStep {
  readonly doing:
    /** Mail hosts and their addresses. */
    | 'looking-up'
    /** How the way to the host must be protected: DANE, MTA-STS. */
    | 'tls-policy'
    | 'connect' | 'greeting' | 'ehlo' | 'starttls' | 'tls' | 'auth' | 'rset' | 'mail' | 'rcpt' | 'data'
    /** The text is on its way. */
    | 'body'
    /** All is sent: the answer that says whether it was taken; with LMTP one for each recipient. */
    | 'end-of-data' | 'recipient-data';
  /** As in AttemptFacts. */
  readonly mx?: string;
  readonly address?: string;
  readonly port?: number;
  /** Milliseconds since 1970: when it began, and when it is given up at the latest. */
  readonly since: number;
  readonly until: number;
}

/** Carries one job out. Exactly one outcome per recipient; never rejects for what a peer or the network did. */
export interface Deliverer {
  deliver(job: DeliveryJob, signal: AbortSignal): Promise<readonly DeliveryOutcome[]>;
}

/** What becomes of one recipient after an outcome (or an administrator's order). */
export interface Settlement {
  readonly recipient: number;
  readonly state: RecipientState;
  readonly attempts: number;
  readonly nextAttemptAt: number;
  readonly lastReply?: Reply;
  readonly reason?: string;
  /** As in QueueRecipient; what is absent stays as it was. */
  readonly site?: string;
  readonly rule?: string;
  readonly culprit?: string;
}

/** The arrow back: messages (DSNs) that the outcomes ask for. They are committed together with the settlements. */
export interface Feedback {
  followUps(message: QueueMessage, content: ByteSource, finals: readonly FinalOutcome[]): Promise<readonly FeedbackItem[]>;
}

export interface FinalOutcome {
  readonly recipient: QueueRecipient;
  readonly state: 'delivered' | 'bounced' | 'expired';
  readonly reply: Reply;
  readonly attempt: AttemptFacts;
}

/** Either a message to enqueue, or the stored reason why none is sent; `event` goes on the failed message's timeline. */
export interface FeedbackItem {
  readonly enqueue?: NewQueueItem;
  readonly event: MessageEvent;
}

/** What is left of a message after a settlement. */
export interface SettleResult {
  /** Every recipient has met its fate; the content is freed. */
  readonly finished: boolean;
  /** The message was finished before, by an administrator: nothing was written but the events. */
  readonly superseded?: true;
}

/**
 * QueueRecipient.nextAttemptAt of a recipient whose return an administrator ordered: the queue bounces it with its
 * lastReply instead of attempting it.
 */
export const RETURN_ORDERED_AT = 0;

/** Recipients in state `queued`, in columns: there may be a million of them. */
export interface DueRows {
  readonly ids: readonly QueueId[];
  /** QueueRecipient.index. */
  readonly positions: ArrayLike<number>;
  /** QueueRecipient.nextAttemptAt. */
  readonly times: ArrayLike<number>;
  /** When those were written down, milliseconds since 1970; 0: not known. Absent: of none. */
  readonly setTimes?: ArrayLike<number>;
}

/** Where a reading of aged messages ended. */
export interface AgedPlace {
  /** Milliseconds since 1970. */
  readonly watchAt: number;
  readonly id: QueueId;
}

/** Unfinished messages whose delay notice or expiry is due. */
export interface AgedMessages {
  readonly items: readonly QueueItem[];
  /** Where to go on; absent when this was all. */
  readonly after?: AgedPlace;
  /** The next such time, milliseconds since 1970; absent when nothing waits. */
  readonly nextAt?: number;
}

/** How a recipient stands, without what only a delivery needs. */
export interface RecipientStanding {
  readonly id: QueueId;
  readonly index: number;
  /** Milliseconds since 1970; absent unless it is queued. */
  readonly dueAt?: number;
  /** When `dueAt` was written down; absent or 0: not known. */
  readonly dueSetAt?: number;
}

export interface MessagesStanding {
  readonly recipients: readonly RecipientStanding[];
  /** When the age of one of the messages matters next, milliseconds since 1970; Infinity: never. */
  readonly watchAt: number;
}

/** Whose mail goes where: who agrees in all of it goes the same way. */
export interface WaitingKind extends Pick<QueueMessage, 'sender' | 'stream' | 'dkimDomain'> {
  /** Of the recipient, in lower case. */
  readonly domain: string;
  readonly account?: string;
}

/** Recipients in state `queued` as columns: what their places in a line depend on. Those with an order or a way of their own are not among them. */
export interface WaitingFacts {
  readonly kinds: readonly WaitingKind[];
  /** Which of the kinds. */
  readonly kindOf: Uint32Array;
  /** Which of the messages that were asked for. */
  readonly messages: Uint32Array;
  /** QueueRecipient.index. */
  readonly positions: Uint32Array;
  /** QueueRecipient.nextAttemptAt; when it was written down, 0: not known; QueueMessage.queuedAt. */
  readonly dueAt: Float64Array;
  readonly dueSetAt: Float64Array;
  readonly queuedAt: Float64Array;
}

/** The durable side of the queue. Every method that changes something resolves after the synced commit. */
export interface QueueStore {
  insert(item: NewQueueItem): Promise<void>;
  read(id: QueueId): Promise<QueueItem | undefined>;
  /** Those that there are. */
  readMany(ids: readonly QueueId[]): Promise<readonly QueueItem[]>;
  /** In the order of `ids`: costs much less than readMany. */
  waitingFacts?(ids: readonly QueueId[]): Promise<WaitingFacts>;
  content(digest: string): Promise<ByteSource>;
  /** All in one commit: recipients' new states, deposits, follow-ups, events. Frees the content when nobody is left. */
  settle(
    id: QueueId,
    settlements: readonly Settlement[],
    deposits: readonly MailboxDeposit[],
    followUps: readonly NewQueueItem[],
    events: readonly MessageEvent[],
    delayNoticeDone?: boolean,
    remember?: readonly ScriptMemory[],
  ): Promise<SettleResult>;
  /** How many recipients wait, so that room can be made for them before they come. */
  waiting?(): Promise<number>;
  /** Every recipient in state `queued`, in batches, ordered by id and position. */
  dueRows(): AsyncIterable<DueRows>;
  /** At most `limit` messages, in order of the time that is due. `after` is where the last answer ended. */
  aged(now: number, limit: number, after?: AgedPlace): Promise<AgedMessages>;
  /** The timeline of a message, in the order in which it was written. */
  events?(id: QueueId): Promise<readonly MessageEvent[]>;
}
