/**
 * One job at one host: a connection (kept or new), then as many transactions as the recipients need.
 *
 * A kept connection that turns out to be gone is replaced by a new one without anybody being told. A server that takes
 * only so many recipients (LIMITS, RFC 9422, or 452 4.5.3, RFC 5321 §4.5.3.1.10) gets the rest in further transactions.
 * One that refuses the parameters of extensions which it offers (some gateways offer what the server behind them lacks)
 * is asked again without them.
 */
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { AttemptFacts, QueueRecipient } from '../../contract/queue.ts';
import { explainReply } from '../../mail/reply-meaning/explain.ts';
import type { ConnectionPool } from '../../net/connection-pool.ts';
import { openSmtp, type OpenResult, type RecipientFate, type SmtpConnection } from '../../net/smtp-client.ts';
import type { SmtpCapabilities } from '../../net/smtp-capabilities.ts';
import type { SmtpPorts, SmtpTarget } from '../../net/smtp-open.ts';
import { isCommandRefusal, type SmtpStep, type SmtpTrouble } from '../../net/smtp-trouble.ts';
import type { Attempt } from './attempt.ts';
import type { ConnectionSpans } from './connection-spans.ts';
import { fitToServer, type Fit, type SignAgain } from './fit.ts';
import type { MailHost } from './mail-hosts.ts';
import type { RememberedHosts } from './remembered-hosts.ts';
import type { TlsPlan } from './tls-policy.ts';
import { insistsOnTls } from './session-tls.ts';
import { policyFacts, problemOfTrouble } from './tls-session.ts';
import { failure, judgeTrouble, type Judgement } from './trouble.ts';

export interface HostDelivery {
  readonly ports: SmtpPorts;
  readonly pool: ConnectionPool;
  readonly host: MailHost;
  readonly target: SmtpTarget;
  /** What must be the same for a kept connection to serve. */
  readonly poolKey: string;
  /** Whose connections are counted together; absent: nobody counts. */
  readonly group?: string | undefined;
  readonly spans: ConnectionSpans;
  /** Servers that offer PIPELINING and lose what is sent together. */
  readonly unpipelined: RememberedHosts;
  /** After so many messages a connection is left; default: what the client's limits say. */
  readonly messagesMax?: number | undefined;
  /** For the administrator, should the log-in be refused: where its secret is kept. */
  readonly secretPlace?: string | undefined;
  readonly signal: AbortSignal;
  readonly signAgain?: SignAgain | undefined;
  /** Absent for smarthosts, whose configuration says all. */
  readonly plan?: TlsPlan | undefined;
  /** Told of each new connection, or why there is none. */
  readonly onOpened?: ((result: OpenResult) => void) | undefined;
  /** Told of each transaction. */
  readonly onTransaction?: ((connection: SmtpConnection, fates: readonly RecipientFate[]) => void) | undefined;
}

interface Session {
  readonly connection: SmtpConnection;
  readonly reused: boolean;
  /** Clock time when it was ready for MAIL. */
  readonly readyAt: number;
}

/** True when a server answered and was asked about recipients: these count against the sessions of an attempt. */
export async function deliverToHost(delivery: HostDelivery, attempt: Attempt): Promise<boolean> {
  const waiting = byCopy(attempt.pending);
  let batchMax: number = QUEUE_LIMITS.recipientsPerTransactionMax;
  let session = keptSession(delivery);
  let spoke = false;
  while (waiting.length > 0) {
    session ??= await openSession(delivery, attempt, waiting);
    if (!session) return spoke;
    const { capabilities } = session.connection;
    const batch = firstCopy(waiting).slice(0, Math.min(batchMax, capabilities.rcptMax ?? batchMax));
    const result = await transact(delivery, attempt, session, batch);
    if (result.kind === 'stale') {
      session.connection.destroy();
      session = await openSession(delivery, attempt, waiting);
      if (!session) return spoke;
      continue;
    }
    spoke = true;
    if (result.kind === 'plainer') {
      if (!session.connection.reusable) {
        session.connection.quit();
        session = await openSession(delivery, attempt, waiting);
      }
      if (!session) return spoke;
      session.connection.doWithoutParameters();
      continue;
    }
    waiting.splice(0, batch.length, ...result.again);
    batchMax = result.again.length > 0 ? Math.max(1, batch.length - result.again.length) : batchMax;
    session = followUp(delivery, attempt, session, result.ended, waiting);
    if (result.ended) return spoke;
  }
  return spoke;
}

/** Recipients whose copies are alike stand together: one transaction has one sender, and one content. */
function byCopy(recipients: readonly QueueRecipient[]): QueueRecipient[] {
  if (recipients.every((recipient) => isSameCopy(recipient, recipients[0] as QueueRecipient))) return [...recipients];
  return [...Map.groupBy(recipients, ({ reversePath, via }) => `${reversePath ?? ''} ${via ?? ''}`).values()].flat();
}

function firstCopy(waiting: readonly QueueRecipient[]): readonly QueueRecipient[] {
  const end = waiting.findIndex((recipient) => !isSameCopy(recipient, waiting[0] as QueueRecipient));
  return end < 0 ? waiting : waiting.slice(0, end);
}

function isSameCopy(a: QueueRecipient, b: QueueRecipient): boolean {
  return a.reversePath === b.reversePath && a.via === b.via;
}

/** Keeps the connection for the rest, or for other messages, or lets it go. */
function followUp(
  delivery: HostDelivery,
  attempt: Attempt,
  session: Session,
  ended: Judgement | undefined,
  waiting: readonly QueueRecipient[],
): Session | undefined {
  const { connection } = session;
  if (ended) {
    for (const recipient of waiting) attempt.troubled(recipient, ended, factsOf(delivery, attempt, session));
    connection.quit();
    return undefined;
  }
  const exhausted = connection.transactions >= messagesMaxOf(delivery);
  // From its second message on a connection may turn out to be gone without that being anybody's failure.
  if (waiting.length > 0 && connection.reusable && !exhausted) return { connection, reused: true, readyAt: delivery.ports.clock.now() };
  if (exhausted) connection.quit();
  else delivery.pool.give(delivery.poolKey, connection, delivery.group);
  return undefined;
}

function messagesMaxOf({ messagesMax = Number.POSITIVE_INFINITY, spans, poolKey }: HostDelivery): number {
  return Math.min(messagesMax, spans.limitOf(poolKey) ?? Number.POSITIVE_INFINITY);
}

function keptSession(delivery: HostDelivery): Session | undefined {
  const connection = delivery.pool.take(delivery.poolKey, messagesMaxOf(delivery));
  return connection && { connection, reused: true, readyAt: delivery.ports.clock.now() };
}

async function openSession(delivery: HostDelivery, attempt: Attempt, waiting: readonly QueueRecipient[]): Promise<Session | undefined> {
  if (delivery.group !== undefined) delivery.pool.makeRoom(delivery.group);
  const opened = await openSmtp(delivery.ports, delivery.target, delivery.signal);
  delivery.onOpened?.(opened);
  const readyAt = delivery.ports.clock.now();
  if (opened.kind === 'open') {
    if (delivery.unpipelined.has(delivery.target.address, delivery.target.port)) opened.connection.doWithoutPipelining();
    return { connection: opened.connection, reused: false, readyAt };
  }
  const judged = judgeTrouble(opened.trouble, { peer: peerName(delivery), reused: false });
  const judgement = requireTlsUnmet(attempt, saysWho(delivery.plan, judged, opened.trouble), opened.trouble.kind);
  const facts: AttemptFacts = { ...baseFacts(delivery), ...unmetPolicy(delivery.plan, opened.trouble), ...adviceOn(delivery, opened.trouble), delays: delaysOf(attempt, readyAt, readyAt) };
  for (const recipient of waiting) attempt.troubled(recipient, judgement, facts);
  attempt.gaveUp(delivery.host, judgement.reply);
  return undefined;
}

function adviceOn({ secretPlace }: HostDelivery, trouble: SmtpTrouble): Pick<AttemptFacts, 'advice'> {
  if (trouble.kind === 'local') return trouble.advice === undefined ? {} : { advice: trouble.advice };
  return trouble.kind === 'login' && secretPlace !== undefined ? { advice: secretPlace } : {};
}

/** Whoever reads the reply must see who wants the TLS that does not work. */
function saysWho(plan: TlsPlan | undefined, judgement: Judgement, trouble: SmtpTrouble): Judgement {
  if (!plan || !problemOfTrouble(trouble) || (plan.tls !== 'verify' && plan.tls !== 'encrypt')) return judgement;
  const { reply } = judgement;
  // A policy of one domain says nothing of other domains' mail to the same host.
  const { policy } = plan.facts;
  const ofHost = policy === 'dane' || policy === 'encrypt' || (trouble.kind === 'tls' && trouble.failure === undefined);
  const scope = ofHost ? judgement.scope : 'recipient';
  return { ...judgement, scope, reply: { ...reply, text: `${reply.text}; required by ${plan.facts.source}` } };
}

function unmetPolicy(plan: TlsPlan | undefined, trouble: SmtpTrouble): Pick<AttemptFacts, 'tlsPolicy'> {
  const problem = problemOfTrouble(trouble);
  return plan && problem ? { tlsPolicy: { ...plan.facts, problem: problem.detail } } : {};
}

/** RFC 8689 §4.2.1: without TLS that checks out such a message is returned, not kept. */
function requireTlsUnmet(attempt: Attempt, judgement: Judgement, kind: string): Judgement {
  if (!attempt.job.message.options.requireTls || (kind !== 'tls' && kind !== 'missing')) return judgement;
  return failure('message', 550, '5.7.30', `the sender requires TLS all the way: ${judgement.reply.text}`, 'next-host');
}

type TransactResult =
  | { readonly kind: 'stale' }
  /** To be tried again without the parameters of extensions. */
  | { readonly kind: 'plainer' }
  | { readonly kind: 'done'; readonly again: readonly QueueRecipient[]; /** The host is done with, for everybody. */ readonly ended?: Judgement };

async function transact(delivery: HostDelivery, attempt: Attempt, session: Session, batch: readonly QueueRecipient[]): Promise<TransactResult> {
  const fit = await tryToFit(delivery, attempt, session, batch);
  const { clock } = delivery.ports;
  if (fit.kind === 'unfit') {
    const facts = factsOf(delivery, attempt, session);
    for (const recipient of batch) attempt.troubled(recipient, fit.judgement, facts);
    if (fit.judgement.next === 'next-host') attempt.gaveUp(delivery.host, fit.judgement.reply);
    return { kind: 'done', again: [] };
  }
  for (const { recipient, judgement } of fit.unfit) attempt.troubled(recipient, judgement, factsOf(delivery, attempt, session));
  if (fit.recipients.length === 0) return { kind: 'done', again: [] };
  const fates = await session.connection.send(fit.transaction, delivery.signal, delivery.ports.onStep);
  delivery.onTransaction?.(session.connection, fates);
  return record(delivery, attempt, { ...session, sentAt: clock.now() }, fit.recipients, fates);
}

async function tryToFit({ signAgain }: HostDelivery, attempt: Attempt, session: Session, recipients: readonly QueueRecipient[]): Promise<Fit> {
  const { message, content } = attempt.job;
  try {
    return await fitToServer({ message, recipients, content, capabilities: session.connection.capabilities, ...(signAgain && { signAgain }) });
  } catch {
    return { kind: 'unfit', judgement: failure('local', 451, '4.3.0', 'the message could not be read from the store, or not be signed again') };
  }
}

function record(
  delivery: HostDelivery,
  attempt: Attempt,
  session: Session & { readonly sentAt: number },
  recipients: readonly QueueRecipient[],
  fates: readonly RecipientFate[],
): TransactResult {
  const judged = fates.map((fate) => (fate.kind === 'delivered' ? undefined : judgeFate(delivery, session, fate)));
  notePipelining(delivery, session.connection, fates);
  const isLost = fates.some((fate) => fate.kind === 'trouble' && fate.trouble.kind === 'lost');
  if (session.reused && isLost) delivery.spans.ended(delivery.poolKey, session.connection.transactions - 1);
  if (session.reused && judged.every((judgement) => judgement?.next === 'fresh')) return { kind: 'stale' };
  const { connection } = session;
  if (connection.offersParameters && fates.every((fate) => isExtensionRefusal(fate, connection.capabilities))) return { kind: 'plainer' };
  const facts = factsOf(delivery, attempt, session);
  const someDelivered = fates.some(({ kind }) => kind === 'delivered');
  const again: QueueRecipient[] = [];
  for (const [index, recipient] of recipients.entries()) {
    const fate = fates[index] as RecipientFate;
    const judgement = judged[index];
    if (fate.kind === 'delivered') attempt.delivered(recipient, fate.reply, facts);
    else if (someDelivered && isTooManyRecipients(fate)) again.push(recipient);
    else if (judgement) attempt.troubled(recipient, judgement, facts);
  }
  const lastWord = judged.find((judgement) => judgement && judgement.next !== 'settle');
  if (lastWord) attempt.gaveUp(delivery.host, lastWord.reply);
  const ended = judged.find((judgement) => judgement && judgement.scope !== 'recipient' && judgement.scope !== 'message');
  return ended ? { kind: 'done', again, ended: forTheRest(ended) } : { kind: 'done', again };
}

const PIPELINED: ReadonlySet<SmtpStep> = new Set(['rset', 'mail', 'rcpt', 'data']);

/** Some servers, and devices before them, read one command and throw away what came with it: the next time each waits for its answer. */
function notePipelining({ unpipelined, target }: HostDelivery, { capabilities }: SmtpConnection, fates: readonly RecipientFate[]): void {
  const fellSilent = fates.some((fate) => fate.kind === 'trouble' && fate.trouble.kind === 'timeout' && PIPELINED.has(fate.trouble.step));
  if (capabilities.pipelining && fellSilent) unpipelined.note(target.address, target.port, true);
}

/** What is refused because of our own settings, or of what something on the way took out, is no fault of the recipient: it waits. */
function judgeFate(delivery: HostDelivery, { connection, reused }: Session, fate: Extract<RecipientFate, { kind: 'trouble' }>): Judgement {
  const judgement = judgeTrouble(fate.trouble, { peer: peerName(delivery), reused });
  // TLS that failed, or an offer of it that did not come through, may work the next time.
  if (!connection.tls && insistsOnTls(fate)) return { ...judgement, status: 'deferred', scope: 'session', next: 'next-host' };
  const isRelay = delivery.plan === undefined;
  const refusal = isRelay ? relayRefusal(fate) : undefined;
  if (refusal === undefined) return judgement;
  // It took mail on this connection before: the log-in has run out, and a new one may be good.
  return { ...judgement, status: 'deferred', scope: 'session', next: reused && refusal === 'any.login' ? 'fresh' : 'settle' };
}

const RELAY_REFUSALS: ReadonlySet<string> = new Set(['any.login', 'any.relay']);

/** The rule by which it wants a log-in, or does not relay for us. */
function relayRefusal({ trouble }: Extract<RecipientFate, { kind: 'trouble' }>): string | undefined {
  if (trouble.kind !== 'reply') return undefined;
  const { rule } = explainReply(trouble.reply, { own: false });
  return RELAY_REFUSALS.has(rule) ? rule : undefined;
}

/** Recipients whose turn had not come may ask another host, whatever was said to those before them. */
function forTheRest(judgement: Judgement): Judgement {
  return { ...judgement, next: judgement.scope === 'local' ? 'settle' : 'next-host' };
}

function isTooManyRecipients(fate: RecipientFate): boolean {
  if (fate.kind !== 'trouble' || fate.trouble.kind !== 'reply' || fate.trouble.step !== 'rcpt') return false;
  const { code, enhanced } = fate.trouble.reply;
  return code === 452 && (enhanced === undefined || enhanced === '4.5.3');
}

/** RFC 5321 §4.1.1.11: 555 for parameters; 504 and 501 5.5.4 are in use for the same. BDAT is a command: 500 to 504. */
function isExtensionRefusal(fate: RecipientFate, { chunking }: SmtpCapabilities): boolean {
  if (fate.kind !== 'trouble' || fate.trouble.kind !== 'reply') return false;
  const { code, enhanced } = fate.trouble.reply;
  if (fate.trouble.step === 'end-of-data') return chunking && isCommandRefusal(code);
  if (fate.trouble.step !== 'mail' && fate.trouble.step !== 'rcpt') return false;
  return code === 555 || code === 504 || (code === 501 && enhanced === '5.5.4');
}

function peerName({ host, target }: HostDelivery): string {
  return `${host.mx}[${host.address}]:${target.port}`;
}

function baseFacts({ host, target, plan }: HostDelivery): AttemptFacts {
  const facts: AttemptFacts = { mx: host.mx, address: host.address, port: target.port, helo: target.helo, ...(plan ? { tlsPolicy: plan.facts } : {}) };
  return target.localAddress === undefined ? facts : { ...facts, localAddress: target.localAddress };
}

function factsOf(delivery: HostDelivery, attempt: Attempt, session: Session & { readonly sentAt?: number }): AttemptFacts {
  const { connection, reused, readyAt } = session;
  const { tls, localAddress, capabilities } = connection;
  return {
    ...baseFacts(delivery),
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(tls === undefined ? {} : { tls }),
    ...(delivery.plan ? { tlsPolicy: policyFacts(delivery.plan, connection) } : {}),
    reused,
    peerDsn: capabilities.dsn,
    delays: delaysOf(attempt, readyAt, session.sentAt ?? delivery.ports.clock.now()),
  };
}

function delaysOf({ job }: Attempt, readyAt: number, sentAt: number): NonNullable<AttemptFacts['delays']> {
  const { message, leasedAt } = job;
  return { a: span(message.startedAt, message.queuedAt), b: span(message.queuedAt, leasedAt), c: span(leasedAt, readyAt), d: span(readyAt, sentAt) };
}

/** The wall clock may have been set back in between. */
function span(from: number, to: number): number {
  return Math.max(0, to - from);
}
