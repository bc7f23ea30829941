/** What `trace.show` answers: the timelines of messages, with the meaning of each failing reply. Plain JSON. */
import type { Reply } from '../../contract/message.ts';
import type { RecipientState } from '../../contract/queue.ts';

export interface TraceExplanation {
  readonly provider?: string;
  readonly culprit: string;
  readonly meaning: string;
  readonly nextStep: string;
  readonly source: string;
  readonly date: string;
  readonly rule: string;
  /** Class of trouble that the queue, the shaper and suppression act on. */
  readonly faultClass?: string;
  /** Milliseconds after which the reply asks us to come back. */
  readonly retryAfterMs?: number;
  /** The provider's own page about it. */
  readonly reference?: string;
}

export interface TraceRecipient {
  readonly index: number;
  readonly address: string;
  readonly originalRecipient?: string;
  readonly state: RecipientState;
  readonly attempts: number;
  /** Milliseconds since 1970; while it waits. */
  readonly nextAttemptAt?: number;
  readonly lastReply?: Reply;
  readonly reason?: string;
}

export interface TraceEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** A name of contract/events.ts. */
  readonly name: string;
  /** TraceRecipient.index; absent when it concerns the whole message. */
  readonly recipient?: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** Of the reply, when it failed. */
  readonly explanation?: TraceExplanation;
}

export interface TraceMessage {
  readonly id: string;
  readonly sender: string;
  readonly messageId?: string;
  readonly headerFrom?: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  readonly expiresAt: number;
  readonly recipients: readonly TraceRecipient[];
  readonly events: readonly TraceEvent[];
}

export interface TraceResult {
  readonly query: string;
  /** Newest first; empty when nothing is known by that name. */
  readonly messages: readonly TraceMessage[];
  /** The time of the server, whose clock runs ahead in the lab; milliseconds since 1970. */
  readonly now: number;
}
