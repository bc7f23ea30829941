/**
 * DATA and BDAT: the content of the message, and the reply that makes us responsible for it. RFC 5321 §4.1.1.4, RFC 3030.
 *
 * Policy: whatever is wrong with the content, it is read to its true end first, so that none of it is ever taken for a
 * command; then it is refused as a whole. 250 only after intake has made it durable; what intake cannot say is 451.
 */
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import type { IntakeResult, Origin, ReceivedMessage } from '../../contract/message.ts';
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { LogEventFields } from '../../mail/log-events.ts';
import { DataDecoder, FramingCheck } from '../../wire/smtp/data-decoder.ts';
import type { FramingViolation } from '../../wire/smtp/data-decoder.ts';
import { REPLIES } from '../../wire/smtp/replies.ts';
import type { SmtpReply } from '../../wire/smtp/reply.ts';
import { ownsHeaderSenders } from './header-senders.ts';
import { IncomingMessage } from './incoming-message.ts';
import type { SessionState, Transaction } from './session-state.ts';

const VIOLATIONS: Readonly<Record<FramingViolation, SmtpReply>> = {
  'bare-cr': REPLIES.bareCr,
  'bare-lf': REPLIES.bareLf,
  nul: REPLIES.nul,
  'line-too-long': REPLIES.textLineTooLong,
};

export function handleData(state: SessionState, argument: string): void {
  const { transaction } = state;
  if (argument !== '') return state.protocolError(REPLIES.noArgument);
  if (!transaction) return state.protocolError(REPLIES.mailFirst);
  if (state.chunked) return state.protocolError(REPLIES.bdatStarted);
  if (transaction.parameters.body === 'binarymime') return state.protocolError(REPLIES.binaryNeedsBdat);
  if (transaction.recipients.length === 0) return state.protocolError(noRecipients(state, transaction));
  // RFC 2920 §3.1: DATA is the last of a batch. What came behind it was meant to be swallowed or executed, as we choose.
  if (state.hasInput()) {
    state.options.ports.log.info(LOG_EVENTS.smtpPipelining, { ...state.clientFields(), after: 'DATA' } satisfies LogEventFields['smtp.improper-pipelining']);
    state.farewell = REPLIES.improperPipelining;
    return;
  }
  const message = createIncoming(state, transaction);
  const decoder = new DataDecoder(SMTP_SERVER_LIMITS.textLineBytesMax, (slice) => message.append(slice));
  state.reading = { kind: 'data', decoder, message, endsAt: messageDeadline(state) };
  state.reply(REPLIES.startData);
}

/** RFC 2033 §4.2: over LMTP it is 503 in any case. */
function noRecipients(state: SessionState, transaction: Transaction): SmtpReply {
  return transaction.refused > 0 && state.options.service !== 'lmtp' ? REPLIES.noValidRecipients : REPLIES.recipientFirst;
}

function createIncoming(state: SessionState, transaction: Transaction): IncomingMessage {
  const { ports, config } = state.options;
  return new IncomingMessage({
    id: transaction.id as string,
    memory: state.memory,
    spoolDir: ports.spoolDir,
    bytesMax: config.smtp.maxMessageSize,
    // Mail from strangers is never signed.
    createBodyHasher: state.client.trusted || state.isSubmission ? ports.createBodyHasher : undefined,
  });
}

function messageDeadline(state: SessionState): number {
  return state.options.ports.clock.monotonic() + SMTP_SERVER_LIMITS.messageTimeoutMs;
}

/** `BDAT size [LAST]`. The bytes follow in any case, and are read in any case. */
export function handleBdat(state: SessionState, argument: string): void {
  const found = /^([0-9]{1,20})(?: +(last))?$/i.exec(argument);
  const size = found ? Number(found[1]) : Number.NaN;
  // Without a size nobody knows where the next command begins.
  if (!Number.isSafeInteger(size)) {
    state.farewell = REPLIES.syntax;
    return;
  }
  const last = found?.[2] !== undefined;
  const refusal = mayReceiveChunk(state);
  if (refusal) {
    if (size > state.options.config.smtp.maxMessageSize + SMTP_SERVER_LIMITS.discardBytesMax) state.farewell = REPLIES.tooMuchData;
    state.reading = { kind: 'chunk', remaining: size, size, last, refusal };
    return;
  }
  const transaction = state.transaction as Transaction;
  state.chunked ??= {
    message: createIncoming(state, transaction),
    endsAt: messageDeadline(state),
    failed: false,
    ...(transaction.parameters.body === 'binarymime' ? {} : { framing: new FramingCheck(SMTP_SERVER_LIMITS.textLineBytesMax) }),
  };
  state.reading = { kind: 'chunk', remaining: size, size, last };
}

function mayReceiveChunk(state: SessionState): SmtpReply | undefined {
  if (!state.transaction) return REPLIES.mailFirst;
  if (state.chunked?.failed) return REPLIES.bdatFailed;
  return state.transaction.recipients.length === 0 ? noRecipients(state, state.transaction) : undefined;
}

/** After the last byte of a BDAT chunk. */
export function finishChunk(state: SessionState, chunk: { readonly size: number; readonly last: boolean; readonly refusal?: SmtpReply }): void | Promise<void> {
  state.readCommands();
  if (chunk.refusal) return refuseChunk(state, chunk.refusal, chunk.last);
  const chunked = state.chunked;
  if (!chunked) return state.protocolError(REPLIES.mailFirst);
  if (chunk.last) chunked.framing?.finish();
  const violation = chunked.framing ? chunked.framing.violation : chunk.last ? headerViolation(chunked.message.header) : undefined;
  if (violation) chunked.message.refuse(VIOLATIONS[violation]);
  const { refusal } = chunked.message;
  if (chunk.last) {
    // The message is intake's from here: a client that goes away now must not take it along.
    state.chunked = undefined;
    return finishMessage(state, chunked.message);
  }
  if (!refusal) return state.reply({ code: 250, enhanced: '2.0.0', text: `${chunk.size} octets received` });
  // RFC 3030 §2: after a failed chunk the client must start over with RSET.
  chunked.failed = true;
  state.refuse(refusal);
}

/** RFC 2033 §4.3: the answers to the last chunk are counted, whatever they say. */
function refuseChunk(state: SessionState, refusal: SmtpReply, last: boolean): void {
  state.protocolError(refusal);
  const more = last && state.options.service === 'lmtp' ? (state.transaction?.accepted ?? 0) - 1 : 0;
  for (let time = 0; time < more; time += 1) state.reply(refusal);
}

/** RFC 3030 §3: a binary message has free bytes in its body only; two readers of a bare LF in the header see two headers. */
function headerViolation(header: Buffer): FramingViolation | undefined {
  const framing = new FramingCheck(SMTP_SERVER_LIMITS.textLineBytesMax);
  framing.feed(header);
  framing.finish();
  return framing.violation;
}

/** After the end of DATA. */
export function finishData(state: SessionState, message: IncomingMessage, violation: FramingViolation | undefined): Promise<void> {
  state.readCommands();
  if (violation) message.refuse(VIOLATIONS[violation]);
  return finishMessage(state, message);
}

async function finishMessage(state: SessionState, message: IncomingMessage): Promise<void> {
  const transaction = state.transaction as Transaction;
  state.stage = 'END-OF-MESSAGE';
  try {
    message.checkHeader();
    const refusal = message.refusal ?? (await judgeHeader(state, message)) ?? (await deliverToIntake(state, transaction, message));
    if (refusal) refuseContent(state, transaction, refusal);
  } finally {
    message.dispose();
    state.transaction = undefined;
  }
}

function refuseContent(state: SessionState, { accepted }: Transaction, refusal: SmtpReply): void {
  state.logRejection(refusal, {});
  state.replyToContent(refusal, accepted);
}

async function judgeHeader(state: SessionState, message: IncomingMessage): Promise<SmtpReply | undefined> {
  if (state.account === undefined) return undefined;
  try {
    return (await ownsHeaderSenders(state.options.ports.directory, state.account, message.header)) ? undefined : REPLIES.notYourHeader;
  } catch (error) {
    state.options.ports.log.error('smtp.directory-failed', { error: String(error) });
    return REPLIES.directoryFailed;
  }
}

/** Replies 250 itself; returns the refusal otherwise. */
async function deliverToIntake(state: SessionState, transaction: Transaction, incoming: IncomingMessage): Promise<SmtpReply | undefined> {
  const { ports } = state.options;
  const content = await incoming.finish();
  if (!content) return incoming.refusal ?? REPLIES.intakeFailed;
  if (state.clientName === undefined) await state.clientNameKnown;
  const relaxedBodyHash = incoming.bodyHash();
  const message: ReceivedMessage = {
    id: transaction.id as string,
    receivedAt: ports.clock.now(),
    startedAt: transaction.startedAt,
    envelope: {
      sender: transaction.sender,
      recipients: transaction.recipients,
      ...(transaction.expanded.length > 0 && { expanded: transaction.expanded }),
      ...envelopeOptions(transaction),
    },
    origin: describeOrigin(state, transaction),
    content,
    ...(relaxedBodyHash && { relaxedBodyHash }),
  };
  let result: IntakeResult;
  try {
    result = await ports.intake.submit(message);
  } catch (error) {
    ports.log.error('smtp.intake-failed', { id: message.id, error: String(error) });
    return REPLIES.intakeFailed;
  }
  if (result.kind === 'refused') return result.reply;
  state.errors = 0;
  state.commandsWithoutMail = 0;
  state.replyToContent({ code: 250, enhanced: '2.0.0', text: `Ok: queued as ${result.id}` }, transaction.accepted);
  return undefined;
}

function envelopeOptions(transaction: Transaction): Omit<ReceivedMessage['envelope'], 'sender' | 'recipients'> {
  const { body, smtpUtf8, requireTls, returnContent, envelopeId, verp } = transaction.parameters;
  return { body, smtpUtf8, requireTls, ...(returnContent && { returnContent }), ...(envelopeId !== undefined && { envelopeId }), ...(verp !== undefined && { verp }) };
}

function describeOrigin(state: SessionState, transaction: Transaction): Origin {
  const { address, port, listener } = state.client;
  return {
    kind: state.originKind,
    ...(address !== undefined && { clientAddress: address }),
    ...(port !== undefined && { clientPort: port }),
    ...clientNameFields(state),
    ...(state.helo !== undefined && { helo: state.helo }),
    protocol: protocolKeyword(state, transaction.parameters.smtpUtf8),
    ...(state.tls && { tls: state.tls }),
    ...(state.account !== undefined && { account: state.account }),
    ...(state.saslMechanism !== undefined && { saslMechanism: state.saslMechanism }),
    listener,
  };
}

function clientNameFields({ client, clientName, clientNameStatus }: SessionState): Pick<Origin, 'clientName' | 'clientNameStatus'> {
  if (clientName !== undefined) return { clientName };
  return client.address === undefined || clientNameStatus === undefined ? {} : { clientNameStatus };
}

/** RFC 3848, RFC 6531 §4.3. */
function protocolKeyword(state: SessionState, utf8: boolean): string {
  const suffix = `${state.tls ? 'S' : ''}${state.account === undefined ? '' : 'A'}`;
  const name = state.options.service === 'lmtp' ? 'LMTP' : 'SMTP';
  if (utf8) return `UTF8${name}${suffix}`;
  if (name === 'LMTP') return `LMTP${suffix}`;
  return state.esmtp ? `ESMTP${suffix}` : 'SMTP';
}
