/**
 * A mail port as a stranger finds it: greeting, EHLO, STARTTLS with the certificate, which old TLS versions are taken, and
 * whether it would relay. No message is ever sent: the question for relaying ends behind RCPT TO.
 */
import { connect as tlsConnect } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { DOCTOR_LIMITS } from '../base/doctor-limits.ts';
import { Failure } from '../base/errors.ts';
import { Semaphore } from '../base/semaphore.ts';
import type { MailProbe, MailProbeAnswer, MailProbeRequest, ProbedStep, ProbedTls } from '../contract/doctor-network.ts';
import type { Connector } from './connector.ts';
import { peerIdentity } from './peer-identity.ts';
import { SmtpChannel, type ReceivedReply } from './smtp-channel.ts';
import { parseCapabilities } from './smtp-capabilities.ts';
import { SmtpError, type SmtpStep } from './smtp-trouble.ts';
import type { ClientTls } from './tls.ts';

export interface MailProbePorts {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly clientTls: () => Promise<ClientTls>;
}

type Failed = Extract<MailProbeAnswer, { kind: 'failure' }>;
type Answered = Extract<MailProbeAnswer, { kind: 'answer' }>;

export function createMailProbe(ports: MailProbePorts): MailProbe {
  const places = new Semaphore(DOCTOR_LIMITS.probesAtOnceMax);
  return (request) => places.run(() => probe(ports, request));
}

async function probe(ports: MailProbePorts, request: MailProbeRequest): Promise<MailProbeAnswer> {
  const channel = await dial(ports, request);
  if ('kind' in channel) return channel;
  if (request.connectionOnly) {
    channel.destroy('done');
    return { kind: 'answer', startTls: false, steps: [] };
  }
  const patienceMs = request.patienceMs ?? DOCTOR_LIMITS.probeMs;
  const dialogue: Dialogue = { channel, clock: ports.clock, patienceMs, steps: [], said: '' };
  const limit = channel.limit(patienceMs);
  try {
    const answer = await talk(ports, request, dialogue);
    if (!request.oldTls || !answer.tls) return answer;
    const oldTls = await takesOldTls(ports, request);
    return oldTls === undefined ? answer : { ...answer, tls: { ...answer.tls, oldTls } };
  } catch (error) {
    return { ...failureOf(error), steps: dialogue.steps, unanswered: dialogue.said };
  } finally {
    limit.cancel();
    if (channel.usable) channel.quit();
    else channel.destroy('done');
  }
}

async function dial({ connector, clock }: MailProbePorts, { address, port, localAddress }: MailProbeRequest): Promise<SmtpChannel | Failed> {
  try {
    return new SmtpChannel(await connector.connect({ address, port, timeoutMs: DOCTOR_LIMITS.probeConnectMs, ...(localAddress === undefined ? {} : { localAddress }) }), clock);
  } catch (error) {
    if (!(error instanceof Failure)) return { kind: 'failure', step: 'connect', reason: 'local', detail: String(error) };
    const reason = error.code === 'connect-timeout' ? 'timeout' : error.code === 'connect-failed' ? 'refused' : 'local';
    return { kind: 'failure', step: 'connect', reason, detail: error.message };
  }
}

/** A connection, and what was said on it. */
interface Dialogue {
  readonly channel: SmtpChannel;
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly steps: ProbedStep[];
  /** The last command. */
  said: string;
}

async function talk(ports: MailProbePorts, request: MailProbeRequest, dialogue: Dialogue): Promise<Answered> {
  const { steps, channel } = dialogue;
  let tls: ProbedTls | undefined;
  if (request.implicitTls) {
    tls = await secure(ports, request, channel);
    // IMAP and the like speak otherwise; the certificate is all that is asked of them.
    if (!request.relay) return { kind: 'answer', startTls: false, tls, steps };
  }
  const first = await ask(dialogue, 'greeting', undefined);
  const greeting = `${first.reply.code} ${first.lines[0] ?? ''}`.trim();
  if (request.greetingOnly || first.reply.code !== 220) return { kind: 'answer', greeting, startTls: false, steps };
  const { startTls } = await hello(dialogue, request.helo);
  if (startTls && !tls && !request.clear && (await ask(dialogue, 'starttls', 'STARTTLS')).reply.code === 220) {
    tls = await secure(ports, request, channel);
    await hello(dialogue, request.helo);
  }
  const relay = request.relay && (await askToRelay(dialogue, request.relay));
  return { kind: 'answer', greeting, startTls, ...(tls ? { tls } : {}), ...(relay ? { relay } : {}), steps };
}

async function hello(dialogue: Dialogue, helo: string): Promise<{ readonly startTls: boolean }> {
  const answer = await ask(dialogue, 'ehlo', `EHLO ${helo}`);
  // RFC 5321 §3.2: servers of before 1995.
  if (answer.reply.code === 500 || answer.reply.code === 502) await ask(dialogue, 'ehlo', `HELO ${helo}`);
  return { startTls: answer.reply.code === 250 && parseCapabilities(answer.lines).startTls };
}

async function secure({ clientTls }: MailProbePorts, { host }: MailProbeRequest, channel: SmtpChannel): Promise<ProbedTls> {
  const socket = await channel.startTls((await clientTls()).connectOptions(host, 'opportunistic'));
  return { peer: peerIdentity(socket), version: socket.getProtocol() ?? 'unknown' };
}

/** Ends before DATA, with RSET, so that no message is begun. */
async function askToRelay(dialogue: Dialogue, { from, to }: { readonly from: string; readonly to: string }): Promise<NonNullable<Answered['relay']>> {
  const mail = await ask(dialogue, 'mail', `MAIL FROM:<${from}>`);
  const answer = mail.reply.code === 250 ? await ask(dialogue, 'rcpt', `RCPT TO:<${to}>`) : mail;
  const digit = Math.floor(answer.reply.code / 100);
  if (mail.reply.code === 250) await ask(dialogue, 'rset', 'RSET');
  return { outcome: digit === 2 ? 'taken' : digit === 4 ? 'later' : 'refused', reply: `${answer.reply.code} ${answer.lines.join(' ')}`.slice(0, 300) };
}

async function ask(dialogue: Dialogue, step: SmtpStep, command: string | undefined): Promise<ReceivedReply> {
  const { channel, clock, steps, patienceMs } = dialogue;
  const since = clock.monotonic();
  dialogue.said = command ?? '';
  if (command !== undefined) channel.write(`${command}\r\n`);
  const answer = await channel.read(step, patienceMs);
  const { code, enhanced } = answer.reply;
  steps.push({ command: command ?? '', code, ...(enhanced === undefined ? {} : { enhanced }), lines: answer.lines, tookMs: Math.round(clock.monotonic() - since) });
  return answer;
}

/**
 * RFC 8996: TLS 1.0 and 1.1 must not be used. Undefined when nobody can tell: our own library may not speak them, and a
 * connection may end for other reasons than a refusal.
 */
async function takesOldTls(ports: MailProbePorts, request: MailProbeRequest): Promise<boolean | undefined> {
  const channel = await dial(ports, request);
  if ('kind' in channel) return undefined;
  const limit = channel.limit(DOCTOR_LIMITS.probeMs);
  try {
    if (!request.implicitTls) {
      const dialogue: Dialogue = { channel, clock: ports.clock, patienceMs: DOCTOR_LIMITS.probeMs, steps: [], said: '' };
      await ask(dialogue, 'greeting', undefined);
      await hello(dialogue, request.helo);
      if ((await ask(dialogue, 'starttls', 'STARTTLS')).reply.code !== 220) return undefined;
    }
    return await handshakeOld(channel);
  } catch {
    return undefined;
  } finally {
    limit.cancel();
    channel.destroy('done');
  }
}

function handshakeOld(channel: SmtpChannel): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const plain = channel.socket;
    plain.removeAllListeners();
    plain.on('error', () => resolve(undefined));
    plain.on('close', () => resolve(undefined));
    // Seclevel 0: the signatures of these versions are too weak for the library otherwise.
    const socket = tlsConnect({ socket: plain, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0', rejectUnauthorized: false });
    socket.once('secureConnect', () => resolve(true));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(/ALERT|PROTOCOL_VERSION|ECONNRESET|HANDSHAKE_FAILURE/.test(error.code ?? '') ? false : undefined));
  });
}

function failureOf(error: unknown): Failed {
  if (!(error instanceof SmtpError)) return { kind: 'failure', step: 'greeting', reason: 'local', detail: String(error) };
  const { trouble } = error;
  const step = trouble.step === 'tls' ? 'tls' : 'greeting';
  const detail = 'detail' in trouble ? trouble.detail : `${trouble.reply.code}`;
  const reason = trouble.kind === 'timeout' ? 'timeout' : trouble.kind === 'lost' ? 'lost' : trouble.kind === 'local' ? 'local' : 'protocol';
  return { kind: 'failure', step, reason, detail };
}
