/**
 * One SMTP session: takes the client's bytes apart into commands and content, runs one command after the other, and
 * writes the replies of a whole batch at once. RFC 5321 §4.1, RFC 2920.
 *
 * Policy: a command line ends in CR LF; a line with another CR, LF or NUL ends the session, because whoever sends it is
 * broken or means harm. While a command waits (directory, intake), input is kept up to a limit and then not read.
 */
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { LogEventFields, SmtpStage } from '../../mail/log-events.ts';
import { parseCommandLine } from '../../wire/smtp/command.ts';
import { REPLIES } from '../../wire/smtp/replies.ts';
import type { SmtpReply } from '../../wire/smtp/reply.ts';
import { handleAuth, handleAuthLine } from './auth.ts';
import type { ClientConnection, ConnectionListener } from './client-connection.ts';
import { finishChunk, finishData, handleBdat, handleData } from './content.ts';
import { greeting, handleEhlo, handleHelo, handleLhlo } from './hello.ts';
import { handleMail } from './mail.ts';
import { handleRcpt } from './rcpt.ts';
import type { Reading, SessionState } from './session-state.ts';
import { handleStartTls } from './start-tls.ts';

type Handler = (state: SessionState, argument: string) => void | Promise<void>;
type Step = 'more' | 'again' | Promise<void>;

const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);
/** Replies of one batch are written together up to here. */
const OUTPUT_CHARS_MAX = 32 * 1024;

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['EHLO', handleEhlo],
  ['HELO', handleHelo],
  ['LHLO', handleLhlo],
  ['MAIL', handleMail],
  ['RCPT', handleRcpt],
  ['DATA', handleData],
  ['BDAT', handleBdat],
  ['AUTH', handleAuth],
  ['RSET', handleReset],
  ['NOOP', (state) => state.reply(REPLIES.ok)],
  ['VRFY', (state, argument) => (argument === '' ? state.protocolError(REPLIES.syntax) : state.reply(REPLIES.cannotVerify))],
  ['HELP', (state) => state.reply(REPLIES.help)],
  ['QUIT', handleQuit],
  ['EXPN', (state) => state.protocolError(REPLIES.notImplemented)],
  ['ETRN', (state) => state.protocolError(REPLIES.notImplemented)],
  ['TURN', (state) => state.protocolError(REPLIES.notImplemented)],
  ['GET', handleForeign],
  ['POST', handleForeign],
  ['PUT', handleForeign],
  ['CONNECT', handleForeign],
]);

const STAGES: ReadonlySet<string> = new Set<SmtpStage>(['EHLO', 'HELO', 'LHLO', 'STARTTLS', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'BDAT', 'VRFY', 'ETRN']);
/** Commands that bring a message forward; the others are counted against the client's credit. */
const USEFUL: ReadonlySet<string> = new Set(['RCPT', 'DATA', 'BDAT']);

function handleReset(state: SessionState, argument: string): void {
  if (argument !== '') return state.protocolError(REPLIES.noArgument);
  state.resetTransaction();
  state.reply(REPLIES.ok);
}

function handleQuit(state: SessionState, argument: string): void {
  if (argument !== '') return state.protocolError(REPLIES.noArgument);
  state.farewell = REPLIES.bye;
}

/** A web client, perhaps led here by a page that wants us to take its body for commands. */
function handleForeign(state: SessionState): void {
  state.farewell = REPLIES.notSmtp;
}

export class Session implements ConnectionListener {
  readonly #state: SessionState;
  readonly #connection: ClientConnection;
  readonly #onClose: () => void;
  #input: Buffer = EMPTY;
  #busy = false;
  /** The client must read before we go on. */
  #blocked = false;
  #ended = false;
  #closed = false;
  #draining = false;
  /** Since when we wait for a whole command; bytes that trickle in do not move it. */
  #waitingSince: number | undefined;

  /** `onClose` is called once, when the session is over for whatever reason. */
  constructor(state: SessionState, onClose: () => void) {
    this.#state = state;
    this.#connection = state.connection;
    this.#onClose = onClose;
    state.hasInput = () => this.#input.length > 0;
  }

  start(): void {
    this.#connection.listener = this;
    this.#state.reply(greeting(this.#state.options));
    this.#run();
  }

  /** Ends the session after the transaction that is open now, or at once. */
  shutDown(): void {
    this.#draining = true;
    if (!this.#busy) this.#run();
  }

  /** How long the client owes us a command that would bring mail forward; 0 while a message or our own work is under way. Milliseconds. */
  get idleMs(): number {
    const busy = this.#busy || this.#blocked || this.#state.transaction !== undefined;
    return busy || this.#waitingSince === undefined ? 0 : this.#state.options.ports.clock.monotonic() - this.#waitingSince;
  }

  /** From our own networks, or logged in. */
  get isTrusted(): boolean {
    return this.#state.client.trusted || this.#state.account !== undefined;
  }

  /** Leaves its place to somebody who has something to say. */
  giveWay(): void {
    this.#bye(REPLIES.idleWhenFull);
  }

  data(chunk: Buffer): void {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    if (!this.#busy && !this.#blocked) this.#run();
    else if (this.#input.length > SMTP_SERVER_LIMITS.inputBytesMax) this.#connection.pause();
  }

  end(): void {
    this.#ended = true;
    if (!this.#busy && !this.#blocked) this.#run();
  }

  drain(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (!this.#busy) this.#run();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { ports } = this.#state.options;
    if (this.#state.farewell === undefined) {
      ports.log.info(LOG_EVENTS.smtpLostConnection, { ...this.#state.clientFields(), after: this.#state.stage } satisfies LogEventFields['smtp.lost-connection']);
    }
    this.#state.resetTransaction();
    ports.log.info(LOG_EVENTS.smtpDisconnected, { ...this.#state.clientFields(), commands: this.#state.commandCounts } satisfies LogEventFields['smtp.disconnected']);
    this.#onClose();
  }

  deadline(): void {
    const late = this.#busy && this.#state.reading.kind === 'commands' && !this.#blocked;
    this.#bye(late ? REPLIES.internalError : REPLIES.timeout);
  }

  /** Works off what is there, then writes the replies. */
  #run(): void {
    while (!this.#closed && !this.#blocked && this.#state.farewell === undefined) {
      if (this.#draining && this.#state.transaction === undefined) {
        this.#state.farewell = REPLIES.shuttingDown;
        break;
      }
      const step = this.#step();
      if (step === 'more') break;
      if (step !== 'again') return this.#wait(step);
      if (this.#state.outputChars > OUTPUT_CHARS_MAX) this.#flush();
    }
    this.#pauseBetween();
  }

  /** Nothing more to do with what is there: answer, and wait for the client. */
  #pauseBetween(): void {
    if (this.#closed) return;
    const { farewell } = this.#state;
    if (farewell) return this.#bye(farewell);
    this.#flush();
    if (this.#ended && !this.#blocked) return this.#connection.end('');
    this.#connection.setDeadline(Math.max(0, this.#patienceMs() - this.#waitedMs()));
    if (!this.#blocked) this.#connection.resume();
  }

  #wait(work: Promise<void>): void {
    this.#busy = true;
    this.#connection.setDeadline(SMTP_SERVER_LIMITS.portTimeoutMs);
    work.then(
      () => this.#workDone(),
      (error: unknown) => {
        // A bug of ours is a temporary failure for the client.
        this.#state.options.ports.log.error('smtp.internal-error', { ...this.#state.clientFields(), error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
        this.#state.farewell = REPLIES.internalError;
        this.#workDone();
      },
    );
  }

  #workDone(): void {
    this.#busy = false;
    if (!this.#closed) this.#run();
  }

  #flush(): void {
    const output = this.#state.takeOutput();
    if (output === '') return;
    if (this.#connection.write(output)) return;
    this.#blocked = true;
    this.#connection.pause();
  }

  #bye(reply: SmtpReply): void {
    if (this.#closed) return;
    if (reply !== REPLIES.bye && this.#state.farewell !== REPLIES.bye) this.#state.logRejection(reply, {});
    this.#state.farewell = reply;
    this.#state.reply(reply);
    this.#connection.end(this.#state.takeOutput());
  }

  /** Milliseconds that we have waited for the command already; content has deadlines of its own. */
  #waitedMs(): number {
    const { reading, options } = this.#state;
    if (reading.kind === 'data' || reading.kind === 'chunk') return 0;
    const now = options.ports.clock.monotonic();
    this.#waitingSince ??= now;
    return now - this.#waitingSince;
  }

  /** Milliseconds that we wait for the client in all. */
  #patienceMs(): number {
    const { reading, options, account, client } = this.#state;
    if (this.#blocked) return SMTP_SERVER_LIMITS.commandTimeoutMs;
    const endsAt = reading.kind === 'data' ? reading.endsAt : this.#state.chunked?.endsAt;
    const rest = endsAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, endsAt - options.ports.clock.monotonic());
    if (reading.kind === 'data' || reading.kind === 'chunk') return Math.min(SMTP_SERVER_LIMITS.dataTimeoutMs, rest);
    const beforeLogin = this.#state.isSubmission && account === undefined && !client.trusted;
    return Math.min(beforeLogin ? SMTP_SERVER_LIMITS.loginTimeoutMs : SMTP_SERVER_LIMITS.commandTimeoutMs, rest);
  }

  #step(): Step {
    const { reading } = this.#state;
    switch (reading.kind) {
      case 'data':
        return this.#readData(reading);
      case 'chunk':
        return this.#readChunk(reading);
      case 'auth':
      case 'commands':
        return this.#readLine(reading);
    }
  }

  #readData(reading: Extract<Reading, { kind: 'data' }>): Step {
    if (this.#input.length === 0) return 'more';
    const input = this.#input;
    this.#input = EMPTY;
    const rest = reading.decoder.push(input);
    if (rest) {
      this.#input = rest;
      return finishData(this.#state, reading.message, reading.decoder.violation);
    }
    // Content that is not emitted any more still counts towards the flood.
    if (reading.decoder.violation) reading.message.receivedBytes += input.length;
    if (reading.message.isFlood) this.#state.farewell = REPLIES.tooMuchData;
    return reading.message.mustSpill ? reading.message.spill() : 'again';
  }

  #readChunk(reading: Extract<Reading, { kind: 'chunk' }>): Step {
    if (reading.remaining > 0) {
      if (this.#input.length === 0) return 'more';
      const slice = this.#input.subarray(0, reading.remaining);
      this.#input = this.#input.length === slice.length ? EMPTY : this.#input.subarray(slice.length);
      reading.remaining -= slice.length;
      const chunked = reading.refusal ? undefined : this.#state.chunked;
      chunked?.framing?.feed(slice);
      chunked?.message.append(slice);
      if (chunked?.message.isFlood) this.#state.farewell = REPLIES.tooMuchData;
      if (chunked?.message.mustSpill) return chunked.message.spill();
      if (reading.remaining > 0) return 'more';
    }
    return finishChunk(this.#state, reading) ?? 'again';
  }

  #readLine(reading: Extract<Reading, { kind: 'commands' | 'auth' }>): Step {
    const limit = reading.kind === 'auth' ? SMTP_SERVER_LIMITS.authLineBytesMax : SMTP_SERVER_LIMITS.commandLineBytesMax;
    const lf = this.#input.indexOf(LF);
    if (lf > limit || (lf < 0 && this.#input.length > limit)) return this.#hangUp(reading.kind === 'auth' ? REPLIES.authTooLong : REPLIES.lineTooLong);
    if (lf < 0) return 'more';
    this.#waitingSince = undefined;
    const line = this.#input.subarray(0, lf - 1);
    const proper = lf > 0 && this.#input[lf - 1] === CR && line.indexOf(CR) < 0 && line.indexOf(0) < 0;
    this.#input = lf + 1 === this.#input.length ? EMPTY : this.#input.subarray(lf + 1);
    if (!proper) return this.#hangUp(REPLIES.bareLineEnd);
    const text = line.toString('utf8');
    if (reading.kind === 'auth') return handleAuthLine(this.#state, reading.machine, text) ?? 'again';
    return this.#command(text) ?? 'again';
  }

  #hangUp(reply: SmtpReply): Step {
    this.#input = EMPTY;
    this.#state.farewell = reply;
    return 'again';
  }

  #command(line: string): void | Promise<void> {
    const { verb, argument } = parseCommandLine(line);
    const handler = verb === 'STARTTLS' ? this.#startTls : HANDLERS.get(verb);
    const state = this.#state;
    state.stage = STAGES.has(verb) ? (verb as SmtpStage) : 'UNKNOWN';
    state.countCommand(handler ? verb.toLowerCase() : 'unknown');
    if (!USEFUL.has(verb) && ++state.commandsWithoutMail > SMTP_SERVER_LIMITS.commandsWithoutMailMax) {
      state.farewell = REPLIES.tooManyCommands;
      return undefined;
    }
    return handler ? handler(state, argument) : state.protocolError(REPLIES.unknownCommand);
  }

  readonly #startTls: Handler = (state, argument) =>
    handleStartTls(state, argument, () => {
      this.#input = EMPTY;
    });
}
