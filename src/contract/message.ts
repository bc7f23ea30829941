/**
 * What a message is on its journey: the envelope that SMTP gave it, where it came from, and its bytes.
 * Addresses are strings in the form `local@domain`: the local part as received (case kept), the domain in lower case;
 * A-labels and U-labels both occur in SMTPUTF8 mail. The null reverse-path is the empty string.
 */
import type { ByteSource } from '../base/byte-source.ts';

/** Sortable by time of creation, [0-9a-z]+, unique per server for ever: what users see in replies, logs and trace. */
export type QueueId = string;

export type NotifyCondition = 'never' | 'success' | 'failure' | 'delay';

export interface EnvelopeRecipient {
  readonly address: string;
  /** RFC 3461 §4.2: `type;xtext-decoded address`, set by the sender or by alias expansion. */
  readonly originalRecipient?: string;
  /** RFC 3461 §4.1; absent means the default: failure (and, optionally, delay). */
  readonly notify?: readonly NotifyCondition[];
  /** The address of ours that was expanded to this one: its copy carries it as Delivered-To, which finds loops. */
  readonly via?: string;
  /** Envelope sender of this recipient's copy when it is another than the message's (SRS, VERP). */
  readonly reversePath?: string;
  /** A second copy of mail to this address, which no mailbox gets but this service (Resolution.alsoService). */
  readonly service?: string;
}

export interface Envelope {
  /** Reverse-path without angle brackets; '' is the null sender. */
  readonly sender: string;
  readonly recipients: readonly EnvelopeRecipient[];
  readonly body: '7bit' | '8bitmime' | 'binarymime';
  readonly smtpUtf8: boolean;
  /** RFC 8689. */
  readonly requireTls: boolean;
  /** RFC 3461 §4.3 and §4.4. */
  readonly returnContent?: 'full' | 'headers';
  readonly envelopeId?: string;
  /** Each recipient's copy gets a sender of its own (mail/verp.ts); the two delimiters, or '' for the usual ones. */
  readonly verp?: string;
  /** Aliases with several targets whose sender wants to hear of success: it is told now, and not by each target. */
  readonly expanded?: readonly EnvelopeRecipient[];
}

export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
  /** Outbound only: the peer's certificate was checked and matches. */
  readonly verified?: boolean;
}

/** Where a message came from, as far as we know it first hand. */
export interface Origin {
  /**
   * `inbound`: port 25 from a stranger; `lmtp`: handed over by a mail server of ours that has taken and judged it;
   * `trusted`: from networks.trusted; `submission`: logged in; `local`: sendmail drop-in; `internal`: made by ourselves.
   */
  readonly kind: 'inbound' | 'lmtp' | 'trusted' | 'submission' | 'local' | 'internal';
  readonly clientAddress?: string;
  readonly clientPort?: number;
  /** The PTR name of the client that resolves back to its address (FCrDNS); absent when there is none. */
  readonly clientName?: string;
  /** Why there is no clientName: it has none or a false one, the look-up failed or took too long (RFC 8601 §2.7.3). */
  readonly clientNameStatus?: 'fail' | 'temperror' | 'permerror';
  /** What EHLO, HELO or LHLO said. */
  readonly helo?: string;
  /** RFC 3848 and RFC 6531 §4.3 keyword for Received: `ESMTPSA`, `UTF8SMTPS` … */
  readonly protocol: string;
  readonly tls?: TlsFacts;
  /** The account that logged in. */
  readonly account?: string;
  readonly saslMechanism?: string;
  /** The listener, as `address:port`, or `internal`. */
  readonly listener?: string;
}

/** Written by somebody who is no user of ours: never signed, never mended. */
export function isFromOutside({ kind }: Pick<Origin, 'kind'>): boolean {
  return kind === 'inbound' || kind === 'lmtp';
}

/** A message as a door (SMTP, sendmail, DSN generator, API) hands it to intake; nothing is durable yet. */
export interface ReceivedMessage {
  readonly id: QueueId;
  /** Milliseconds since 1970, of the end of DATA. */
  readonly receivedAt: number;
  /** Milliseconds since 1970, of MAIL FROM: delay "a" counts from here. */
  readonly startedAt: number;
  readonly envelope: Envelope;
  readonly origin: Origin;
  /** Exactly the bytes received, dot-unstuffed, CRLF line ends; trace headers not yet added. */
  readonly content: ByteSource;
  /** SHA-256 of the body in DKIM relaxed canonical form, made while it arrived; absent when nobody made it. */
  readonly relaxedBodyHash?: Buffer;
  /** What it tells, marked as told in the commit that queues it. */
  readonly tells?: Telling;
}

/** Something that is to be told exactly once. `at`: milliseconds since 1970. */
export type Telling =
  | { readonly kind: 'guard-news'; /** All news up to this one. */ readonly upTo: number; readonly at: number }
  | { readonly kind: 'dkim-rotation'; readonly domain: string; readonly newSelector: string; /** As it was when this was written. */ readonly phase: string; readonly at: number };

/** The reply to DATA, and the same for every other door. */
export type IntakeResult =
  | { readonly kind: 'queued'; readonly id: QueueId }
  | { readonly kind: 'refused'; readonly reply: Reply };

/** One door for all mail: authenticate, judge, sign, commit. Resolves `queued` only after the commit is synced. */
export interface Intake {
  submit(message: ReceivedMessage): Promise<IntakeResult>;
}

/** An SMTP reply, ours or a peer's. */
export interface Reply {
  readonly code: number;
  /** RFC 3463, `5.7.1`; absent when the peer sent none. */
  readonly enhanced?: string;
  /** Lines joined by '\n', without codes. Text from a peer is untrusted. */
  readonly text: string;
}
