/**
 * The one door for all mail: what happens between the last byte of a message and the reply to it.
 *
 * authenticate → judge (strangers only) → repair (our users only) → forward → quota and brake (accounts only) → trace fields → sign or seal → one durable commit.
 * Policy: a refusal is a value with the reply; anything unexpected is 451 and a log line, never a loss and never a false
 * yes. What is stored is exactly what will be sent (docs/decisions/0003).
 */
import { createHash, hash as hashWhole } from 'node:crypto';
import { BufferSource, concatenate, type ByteSource } from '../base/byte-source.ts';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import { SMTP_SERVER_LIMITS } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { AuthReport } from '../contract/auth-report.ts';
import type { Directory } from '../contract/directory.ts';
import { MESSAGE_EVENTS } from '../contract/events.ts';
import { isFromOutside, type Intake, type IntakeResult, type ReceivedMessage, type Reply } from '../contract/message.ts';
import type { MessageEvent, NewQueueItem } from '../contract/queue.ts';
import type { SendingBrake } from '../contract/sending-brake.ts';
import type { Stream } from '../contract/sending.ts';
import type { Verdict } from '../contract/verdict.ts';
import { authenticationResultsField } from '../flow/authenticate/result-fields.ts';
import type { Authenticator } from '../flow/authenticate/authenticator.ts';
import type { FeedbackService } from '../flow/feedback/feedback.ts';
import type { Forwarder, Forwarding } from '../flow/forward/forwarder.ts';
import { dmarcOutcome } from '../flow/judge/dmarc-outcome.ts';
import type { Judge } from '../flow/judge/judge.ts';
import { delayNoticeTime } from '../flow/queue/delay-notice.ts';
import type { ArcSealer } from '../flow/sign/arc-sealer.ts';
import type { Signer } from '../flow/sign/signer.ts';
import { DEFAULT_FEEDBACK } from '../config/feedback-config.ts';
import { feedbackFields } from '../mail/feedback-fields.ts';
import { forgedAuthenticationResults } from '../mail/authentication-results.ts';
import { domainOf } from '../mail/address.ts';
import { firstField, headerEnd, parseHeader, removeFields, type HeaderField, type ParsedHeader } from '../mail/header.ts';
import { LOG_EVENTS } from '../mail/log-events.ts';
import { buildReceived } from '../mail/received.ts';
import { repairSubmission } from '../mail/repair.ts';
import { alignedSigner, isStreamField, streamOf } from '../mail/stream.ts';
import { isTlsOptional } from '../mail/tls-required.ts';
import type { DmarcOutcome } from '../store/clients/reports-out.ts';
import { authorDomain } from '../verify/dmarc/author-domain.ts';
import { forwardedEvents, loopRefusal, queueRecipient, sealForwarded, withExpansionNotice } from './forwarding.ts';
import { isReport, reportOf, type ReportReader } from './returned.ts';
import { asJudged, judgeSending } from './sending-brake.ts';
import { contentKey } from '../mail/content-key.ts';

export interface IntakePorts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly authenticator: Authenticator;
  readonly judge: Judge;
  readonly signer: Signer;
  readonly isLocalDomain: Directory['isLocalDomain'];
  readonly forwarder: Forwarder;
  readonly sealer: ArcSealer;
  readonly notices: FeedbackService;
  readonly reports: ReportReader;
  readonly brake: SendingBrake;
  /** How strangers' mail fared under DMARC, for reports; returns at once. */
  readonly dmarcResults?: { record(outcome: DmarcOutcome): void };
  /** Durable when it resolves. */
  readonly enqueue: (item: NewQueueItem) => Promise<void>;
}

/** Of a header field that is kept for trace and lists. */
const KEPT_TEXT_CHARS_MAX = 998;

type Refusal = Extract<IntakeResult, { kind: 'refused' }>;

/** What the stages have made of a message so far. */
interface Draft {
  readonly header: Buffer;
  readonly parsed: ParsedHeader;
  /** The message from the end of `header` on. */
  readonly rest: ByteSource;
  readonly events: readonly MessageEvent[];
  readonly traceFields: readonly Buffer[];
  /** What was found out about a stranger's message. */
  readonly standing?: { readonly report: AuthReport; readonly authenticationResults: Buffer };
  /** False when a header was made for a message without one: the hash made while it arrived is of another body. */
  readonly bodyAsReceived: boolean;
  readonly senderBelieved: boolean;
  readonly junk: boolean;
  readonly stream: Stream;
}

export function createIntake(ports: IntakePorts): Intake {
  return {
    async submit(message) {
      try {
        return await take(ports, message);
      } catch (error) {
        return { kind: 'refused', reply: temporaryReply(ports.log, message, error) };
      }
    },
  };
}

async function take(ports: IntakePorts, message: ReceivedMessage): Promise<IntakeResult> {
  const header = await readHeader(message.content);
  const made = await drafted(ports, message, header);
  if ('kind' in made) return made;
  const draft = await withFeedbackFields(ports, message, made);
  const forwarding = await ports.forwarder.forward(message.envelope, draft.parsed.fields, !isFromOutside(message.origin) && draft.stream === 'bulk');
  const loop = loopRefusal(forwarding);
  if (loop) return refuse(ports, message, { action: 'reject', rule: 'loop', explanation: loop.text }, loop);
  const sending = await judgeSending(ports.brake, message, forwarding.recipients);
  if (sending.kind === 'refuse') return refuse(ports, message, { action: 'reject', rule: sending.rule, explanation: sending.reply.text }, sending.reply);
  const plain = await queueItem(ports, message, draft, forwarding, await finish(ports, message, draft, forwarding));
  const item = await withExpansionNotice(ports.notices, plain, message.envelope);
  await ports.enqueue(asJudged(item, sending));
  ports.log.info(LOG_EVENTS.accepted, { id: message.id, messageId: item.message.messageId, from: message.envelope.sender, sizeBytes: plain.message.sizeBytes });
  if (draft.standing && isReport(message, draft.parsed)) ports.reports.read(reportOf(message, draft.standing.report));
  return { kind: 'queued', id: message.id };
}

function drafted(ports: IntakePorts, message: ReceivedMessage, header: Buffer): Promise<Draft | Refusal> | Draft | Refusal {
  switch (message.origin.kind) {
    case 'inbound':
      return judgeInbound(ports, message, header);
    case 'lmtp':
      return takeHandedOver(message, header);
    default:
      return repairOwn(ports, message, header);
  }
}

/**
 * Mail that another server of ours took from wherever: it was judged there. Nothing here vouches for its sender, so that
 * no report goes to one who may be forged.
 */
function takeHandedOver(message: ReceivedMessage, header: Buffer): Draft {
  const parsed = parseHeader(header);
  return {
    header,
    parsed,
    rest: tail(message.content, header.length),
    events: [],
    traceFields: [],
    bodyAsReceived: true,
    senderBelieved: false,
    junk: false,
    stream: streamOf({ fields: parsed.fields, recipients: message.envelope.recipients.length, own: false }),
  };
}

async function readHeader(content: ByteSource): Promise<Buffer> {
  const head = content.inMemory ?? (await content.read(0, Math.min(content.size, SMTP_SERVER_LIMITS.headerBytesMax)));
  const end = headerEnd(head);
  return end < 0 ? head : head.subarray(0, end);
}

/** Mail from strangers: who sent it, whether to take it, and no Authentication-Results but ours. */
async function judgeInbound(ports: IntakePorts, message: ReceivedMessage, header: Buffer): Promise<Draft | Refusal> {
  const { config, clock } = ports;
  const parsed = parseHeader(header);
  const report = await ports.authenticator.authenticate(message, parsed);
  const verdict = ports.judge.judge({ message, header: parsed, report });
  const outcome = ports.dmarcResults && dmarcOutcome({ message, header: parsed, report, verdict });
  if (outcome) ports.dmarcResults?.record(outcome);
  if (verdict.reply) return refuse(ports, message, verdict, verdict.reply);
  const forged = forgedAuthenticationResults(parsed.fields, config.hostname);
  const clean = forged.length === 0 ? header : without(header, forged);
  const authenticationResults = authenticationResultsField(config.hostname, message, report);
  return {
    header: clean,
    parsed: forged.length === 0 ? parsed : parseHeader(clean),
    rest: tail(message.content, header.length),
    events: [authenticatedEvent(clock.now(), report), judgedEvent(clock.now(), verdict, forged.length)],
    traceFields: [authenticationResults],
    standing: { report, authenticationResults },
    bodyAsReceived: true,
    // Only SPF speaks about the address that a bounce would go to.
    senderBelieved: report.spf.result === 'pass',
    junk: verdict.action === 'junk',
    stream: streamOf({ fields: parsed.fields, recipients: message.envelope.recipients.length, own: false }),
  };
}

/** Mail from our own users and machines: completed as RFC 6409 §8 allows, refused when receivers would. */
function repairOwn(ports: IntakePorts, message: ReceivedMessage, header: Buffer): Draft | Refusal {
  const { config, clock } = ports;
  const repair = repairSubmission({ header, now: clock.now(), hostname: config.hostname, sender: message.envelope.sender, id: message.id });
  const fatal = message.origin.kind === 'trusted' ? undefined : repair.problems.find((problem) => problem.refuse);
  if (fatal) {
    const reply = { code: 550, enhanced: '5.6.0', text: `Message refused: ${fatal.text}` };
    return refuse(ports, message, { action: 'reject', rule: fatal.code, explanation: fatal.text }, reply);
  }
  const own = parseHeader(repair.header);
  const clean = own.fields.some(isStreamField) ? removeFields(repair.header, isStreamField) : repair.header;
  return {
    header: clean,
    parsed: clean === repair.header ? own : parseHeader(clean),
    rest: tail(message.content, header.length),
    events: repair.repaired.length > 0 ? [{ at: clock.now(), name: MESSAGE_EVENTS.repaired, data: { fields: repair.repaired } }] : [],
    traceFields: [],
    bodyAsReceived: !repair.repaired.includes('+empty line'),
    senderBelieved: true,
    junk: false,
    stream: streamOf({ fields: own.fields, recipients: message.envelope.recipients.length, own: true }),
  };
}

/** RFC 9477: bulk mail of a domain of ours says where complaints go; without a signature that covers it, it counts for nothing (§3.1). */
async function withFeedbackFields({ config, signer, isLocalDomain }: IntakePorts, { id, envelope, origin }: ReceivedMessage, draft: Draft): Promise<Draft> {
  const { addresses, headers } = config.feedback ?? DEFAULT_FEEDBACK;
  const localPart = ['fbl', 'abuse-reports', 'abuse'].find((name) => addresses.includes(name)) ?? addresses[0];
  if (!headers || localPart === undefined || draft.stream !== 'bulk' || isFromOutside(origin) || signer.idle) return draft;
  const fromDomain = authorDomainOf(draft.parsed, envelope.sender);
  if (fromDomain === '' || !(await isLocalDomain(fromDomain))) return draft;
  const header = Buffer.concat([feedbackFields({ fields: draft.parsed.fields, id, fromDomain, localPart }), draft.header]);
  return { ...draft, header, parsed: parseHeader(header) };
}

function tail(content: ByteSource, from: number): ByteSource {
  if (content.inMemory) return new BufferSource(content.inMemory.subarray(from));
  return {
    size: content.size - from,
    inMemory: undefined,
    chunks: (start = 0, end = content.size - from) => content.chunks(start + from, end + from),
    read: (start = 0, end = content.size - from) => content.read(start + from, end + from),
  };
}

function without(header: Buffer, dropped: readonly HeaderField[]): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const field of [...dropped].sort((a, b) => a.start - b.start)) {
    pieces.push(header.subarray(at, field.start));
    at = field.end;
  }
  return Buffer.concat([...pieces, header.subarray(at)]);
}

interface Finished {
  readonly content: ByteSource;
  readonly events: readonly MessageEvent[];
  /** d= of the signature that receivers judge the message by. */
  readonly dkimDomain?: string;
}

/** Adds the trace fields; the signatures of mail of our own, the seal of mail that is forwarded. */
async function finish(ports: IntakePorts, message: ReceivedMessage, draft: Draft, forwarding: Forwarding): Promise<Finished> {
  const { config } = ports;
  const events = [...draft.events];
  const [onlyRecipient, another] = message.envelope.recipients;
  const received = buildReceived({
    origin: message.origin,
    byHost: config.hostname,
    id: message.id,
    date: message.receivedAt,
    // Where somebody logged in from is nobody else's business (RFC 5321 §7.6); the timeline keeps it.
    hideClient: message.origin.kind === 'submission',
    ...(onlyRecipient && !another ? { recipient: onlyRecipient.via ?? onlyRecipient.address } : {}),
  });
  const unsigned = concatenate([new BufferSource(draft.header), draft.rest]);
  const fields: Buffer[] = [];
  let dkimDomain: string | undefined;
  if (!isFromOutside(message.origin) && !ports.signer.idle) {
    const fromDomain = authorDomainOf(draft.parsed, message.envelope.sender);
    const signed = await ports.signer.sign({
      header: draft.parsed,
      content: unsigned,
      fromDomain,
      ...(message.relaxedBodyHash && draft.bodyAsReceived ? { relaxedBodyHash: message.relaxedBodyHash } : {}),
    });
    if (signed.signatures.length > 0) {
      fields.push(signed.fields);
      dkimDomain = alignedSigner(signed.signatures.map(({ domain }) => domain), fromDomain);
      events.push({ at: ports.clock.now(), name: MESSAGE_EVENTS.signed, data: { signatures: signed.signatures } });
    }
  }
  const sealed = draft.standing && (await sealForwarded(ports, { message, forwarding, header: draft.parsed, content: unsigned, arc: draft.standing.report.arc, authenticationResults: draft.standing.authenticationResults }));
  if (sealed) {
    fields.push(sealed.fields);
    events.push({ at: ports.clock.now(), name: MESSAGE_EVENTS.sealed, data: { ...sealed.data } });
  }
  fields.push(...draft.traceFields, received);
  return { content: concatenate([new BufferSource(Buffer.concat(fields)), unsigned]), events, ...(dkimDomain === undefined ? {} : { dkimDomain }) };
}

function authorDomainOf(parsed: ParsedHeader, sender: string): string {
  const author = authorDomain(parsed.fields);
  return author.kind === 'domain' ? author.domain : domainOf(sender);
}

async function queueItem(
  ports: IntakePorts,
  message: ReceivedMessage,
  draft: Draft,
  forwarding: Forwarding,
  { content, events, dkimDomain }: Finished,
): Promise<NewQueueItem> {
  const { envelope, origin } = message;
  const now = ports.clock.now();
  const { queue } = ports.config;
  const expiresAt = now + (envelope.sender === '' ? queue.bounceLifetimeMs : queue.lifetimeMs);
  const aged = { sender: envelope.sender, stream: draft.stream, senderBelieved: draft.senderBelieved, queuedAt: now, expiresAt };
  const delayNoticeAt = delayNoticeTime(aged, forwarding.recipients, queue.delayNoticeMs ?? 0);
  const messageId = firstField(draft.parsed.fields, 'message-id')?.value.slice(0, KEPT_TEXT_CHARS_MAX);
  const headerFrom = firstField(draft.parsed.fields, 'from')?.value.slice(0, KEPT_TEXT_CHARS_MAX);
  return {
    message: {
      id: message.id,
      sender: envelope.sender,
      options: optionsOf(message, draft.parsed),
      origin,
      senderBelieved: draft.senderBelieved,
      ...(draft.junk ? { junk: true } : {}),
      contentDigest: contentKey(await digestOf(content), now),
      sizeBytes: content.size,
      startedAt: message.startedAt,
      queuedAt: now,
      expiresAt,
      ...(delayNoticeAt === undefined ? {} : { delayNoticeAt }),
      stream: draft.stream,
      ...(dkimDomain === undefined ? {} : { dkimDomain }),
      ...(messageId === undefined ? {} : { messageId }),
      ...(headerFrom === undefined ? {} : { headerFrom }),
    },
    recipients: forwarding.recipients.map((recipient, index) => queueRecipient(recipient, index, now)),
    content,
    ...(message.tells ? { tells: message.tells } : {}),
    events: [acceptedEvent(message, content.size), ...events, ...forwardedEvents(forwarding, now), { at: now, name: MESSAGE_EVENTS.queued, data: { expiresAt } }],
  };
}

function optionsOf({ envelope }: ReceivedMessage, { fields }: ParsedHeader): NewQueueItem['message']['options'] {
  const { body, smtpUtf8, requireTls, returnContent, envelopeId } = envelope;
  const tlsOptional = !requireTls && isTlsOptional(fields);
  return { body, smtpUtf8, requireTls, ...(tlsOptional ? { tlsOptional } : {}), ...(returnContent ? { returnContent } : {}), ...(envelopeId === undefined ? {} : { envelopeId }) };
}

async function digestOf(content: ByteSource): Promise<string> {
  if (content.inMemory) return hashWhole('sha256', content.inMemory);
  const hash = createHash('sha256');
  for await (const chunk of content.chunks()) hash.update(chunk);
  return hash.digest('hex');
}

function acceptedEvent({ origin, envelope, receivedAt }: ReceivedMessage, sizeBytes: number): MessageEvent {
  const { kind, clientAddress, clientName, helo, protocol, tls, account, saslMechanism, listener } = origin;
  return {
    at: receivedAt,
    name: MESSAGE_EVENTS.accepted,
    data: { kind, clientAddress, clientName, helo, protocol, tls, account, saslMechanism, listener, sizeBytes, recipients: envelope.recipients.length },
  };
}

function authenticatedEvent(at: number, report: AuthReport): MessageEvent {
  const { trace, ...spf } = report.spf;
  const helo = report.helo && { ...report.helo, trace: undefined };
  return { at, name: MESSAGE_EVENTS.authenticated, data: { report: { ...report, spf, helo }, spfTrace: trace } };
}

function judgedEvent(at: number, verdict: Verdict, forgedResults: number): MessageEvent {
  const { action, rule, explanation } = verdict;
  return { at, name: MESSAGE_EVENTS.judged, data: { action, rule, text: explanation, ...(forgedResults > 0 ? { forgedResults } : {}) } };
}

function refuse({ log }: IntakePorts, message: ReceivedMessage, verdict: Verdict, reply: Reply): Refusal {
  const { origin, envelope } = message;
  log.info('message.refused', {
    id: message.id,
    rule: verdict.rule,
    code: reply.code,
    enhanced: reply.enhanced,
    explanation: verdict.explanation,
    clientAddress: origin.clientAddress,
    from: envelope.sender,
    recipients: envelope.recipients.length,
  });
  return { kind: 'refused', reply };
}

/** RFC 3463 §3.4: a full disk is 4.3.1, anything else that went wrong on our side 4.3.0. */
function temporaryReply(log: Log, message: ReceivedMessage, error: unknown): Reply {
  const full = error instanceof Failure && error.code === 'store-full';
  log.error('message.not-queued', { id: message.id, code: error instanceof Failure ? error.code : 'bug', error: String(error), stack: error instanceof Failure ? undefined : (error as Error).stack });
  return full
    ? { code: 452, enhanced: '4.3.1', text: 'Insufficient system storage; try again later' }
    : { code: 451, enhanced: '4.3.0', text: 'The message could not be taken over just now; try again later' };
}
