/**
 * What the server knows about one session, and the few things every command does with it: answer, refuse, forget.
 */
import type { TLSSocket } from 'node:tls';
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import type { EnvelopeRecipient, Origin, Reply, TlsFacts } from '../../contract/message.ts';
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { LogEventFields, SmtpStage } from '../../mail/log-events.ts';
import type { SaslServer } from '../../wire/sasl/server-step.ts';
import type { DataDecoder, FramingCheck } from '../../wire/smtp/data-decoder.ts';
import type { MailParameters } from '../../wire/smtp/envelope-parameters.ts';
import { REPLIES } from '../../wire/smtp/replies.ts';
import { formatReply } from '../../wire/smtp/reply.ts';
import type { SmtpReply } from '../../wire/smtp/reply.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ContentMemory, IncomingMessage } from './incoming-message.ts';
import type { SmtpServerOptions } from './options.ts';

/** Who is at the other end; behind a proxy, who the proxy says. */
export interface ClientFacts {
  /** Absent on the local socket. */
  readonly address?: string;
  readonly port?: number;
  /** In networks.trusted, or on the local socket: may relay. */
  readonly trusted: boolean;
  readonly listener: string;
  /** Milliseconds, monotonic. */
  readonly connectedAt: number;
}

/** From MAIL to the reply to the content. */
export interface Transaction {
  readonly sender: string;
  readonly parameters: MailParameters;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly recipients: EnvelopeRecipient[];
  /** Where each address, in comparable form, stands in `recipients`. */
  readonly known: Map<string, number>;
  /** Aliases with several targets whose sender asked to hear of success. */
  readonly expanded: EnvelopeRecipient[];
  /** RCPT commands accepted, before expansion. */
  accepted: number;
  /** RCPT commands refused. */
  refused: number;
  /** Given with the first accepted recipient. */
  id?: string;
}

/** How the bytes of the client are read just now. */
export type Reading =
  | { readonly kind: 'commands' }
  | { readonly kind: 'auth'; readonly machine: SaslServer }
  | { readonly kind: 'data'; readonly decoder: DataDecoder; readonly message: IncomingMessage; readonly endsAt: number }
  | { readonly kind: 'chunk'; remaining: number; readonly size: number; readonly last: boolean; readonly refusal?: SmtpReply };

/** A BDAT message between its chunks. */
export interface ChunkedMessage {
  readonly message: IncomingMessage;
  /** Absent for BODY=BINARYMIME. */
  readonly framing?: FramingCheck;
  readonly endsAt: number;
  failed: boolean;
}

const COMMANDS: Reading = { kind: 'commands' };

export class SessionState {
  readonly options: SmtpServerOptions;
  readonly connection: ClientConnection;
  readonly client: ClientFacts;
  /** Shared by the sessions of a server. */
  readonly memory: ContentMemory;
  reading: Reading = COMMANDS;
  helo: string | undefined;
  esmtp = false;
  tls: TlsFacts | undefined;
  tlsSocket: TLSSocket | undefined;
  account: string | undefined;
  saslMechanism: string | undefined;
  transaction: Transaction | undefined;
  chunked: ChunkedMessage | undefined;
  /** Set once the look-up has answered. */
  clientName: string | undefined;
  /** Why there is no name; until the look-up has answered nobody knows. */
  clientNameStatus: Origin['clientNameStatus'] = 'temperror';
  /** Resolves when the look-up has answered or failed. */
  clientNameKnown: Promise<void> = Promise.resolve();
  /** What to say last; the session ends when it is set. */
  farewell: SmtpReply | undefined;
  /** The stage for logs. */
  stage: SmtpStage = 'CONNECT';
  readonly commandCounts: Record<string, [ok: number, all: number]> = {};
  errors = 0;
  commandsWithoutMail = 0;
  refusedRecipients = 0;
  excessRecipients = 0;
  authAttempts = 0;
  /** Bytes of the client that are not worked on yet; for the pipelining check of DATA. */
  hasInput: () => boolean = () => false;
  #output = '';
  #current: [ok: number, all: number] | undefined;

  constructor(options: SmtpServerOptions, connection: ClientConnection, client: ClientFacts, memory: ContentMemory, tlsSocket: TLSSocket | undefined) {
    this.options = options;
    this.connection = connection;
    this.client = client;
    this.memory = memory;
    this.tlsSocket = tlsSocket;
  }

  get isSubmission(): boolean {
    return this.options.service === 'submission' || this.options.service === 'submissions';
  }

  /** AUTH never crosses the wire in the clear, except where the network itself is trusted; and never on port 25. */
  get offersAuth(): boolean {
    return this.isSubmission && (this.tls !== undefined || this.client.trusted);
  }

  /** May send to anywhere, and ask for what only our own users are given. LMTP ends here (RFC 2033 §3). */
  get mayRelay(): boolean {
    if (this.options.service === 'lmtp') return false;
    return this.client.trusted || this.account !== undefined;
  }

  get originKind(): Origin['kind'] {
    if (this.options.service === 'local' || this.options.service === 'lmtp') return this.options.service;
    if (this.account !== undefined) return 'submission';
    return this.client.trusted ? 'trusted' : 'inbound';
  }

  countCommand(name: string): void {
    this.#current = this.commandCounts[name] ??= [0, 0];
    this.#current[1] += 1;
  }

  reply(reply: SmtpReply): void {
    // 334 and 354 are questions, not success.
    if (reply.code < 300 && this.#current) this.#current[0] += 1;
    this.#output += formatReply(reply);
  }

  /** To the end of the content. RFC 2033 §4.2: LMTP has a reply for each RCPT that was accepted, in their order. */
  replyToContent(reply: SmtpReply, accepted: number): void {
    const times = this.options.service === 'lmtp' ? Math.max(1, accepted) : 1;
    for (let time = 0; time < times; time += 1) this.reply(reply);
  }

  /** A refusal for a reason of policy or state: logged. `protocolError` counts towards the end of our patience. */
  refuse(reply: SmtpReply, details: { readonly to?: string; readonly from?: string; readonly protocolError?: boolean } = {}): void {
    this.logRejection(reply, details);
    this.reply(reply);
    if (!details.protocolError) return;
    this.errors += 1;
    if (this.errors < SMTP_SERVER_LIMITS.errorsMax) return;
    this.options.ports.log.info(LOG_EVENTS.smtpTooManyErrors, { ...this.clientFields(), after: this.stage } satisfies LogEventFields['smtp.too-many-errors']);
    this.farewell ??= REPLIES.tooManyErrors;
  }

  /** A command that cannot be: wrong order, wrong words. */
  protocolError(reply: SmtpReply): void {
    this.refuse(reply, { protocolError: true });
  }

  logRejection(reply: Reply, details: { readonly to?: string; readonly from?: string }): void {
    const from = details.from ?? this.transaction?.sender;
    const id = this.transaction?.id;
    this.options.ports.log.info(LOG_EVENTS.smtpRejected, {
      ...this.clientFields(),
      stage: this.stage,
      code: reply.code,
      ...(reply.enhanced !== undefined && { enhanced: reply.enhanced }),
      text: reply.text,
      ...(from !== undefined && { from }),
      ...(details.to !== undefined && { to: details.to }),
      ...(this.helo !== undefined && { helo: this.helo, proto: this.esmtp ? 'ESMTP' : 'SMTP' }),
      ...(id !== undefined && { id }),
    } satisfies LogEventFields['smtp.rejected']);
  }

  clientFields(): { clientAddress: string; service: string; clientName?: string } {
    const fields = { clientAddress: this.client.address ?? 'local', service: this.options.service };
    return this.clientName === undefined ? fields : { ...fields, clientName: this.clientName };
  }

  /** Replies gathered since the last call: one write for a whole batch of pipelined commands. */
  takeOutput(): string {
    const output = this.#output;
    this.#output = '';
    return output;
  }

  get outputChars(): number {
    return this.#output.length;
  }

  readCommands(): void {
    this.reading = COMMANDS;
  }

  /** Forgets the transaction, also the content that has arrived. */
  resetTransaction(): void {
    if (this.reading.kind === 'data') this.reading.message.dispose();
    this.chunked?.message.dispose();
    this.chunked = undefined;
    this.transaction = undefined;
  }
}
