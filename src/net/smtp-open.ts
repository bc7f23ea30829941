/**
 * The opening of an SMTP connection: connect, greeting, EHLO (HELO for servers from before 1995), STARTTLS, AUTH.
 *
 * Policy
 * - `opportunistic`: TLS when it is offered and works; a handshake that fails is followed by one new connection in the
 *   clear (RFC 3207 §4.1 leaves it to us; mail that the old peer would have got in 1999 still gets through).
 * - `encrypt`: TLS or nothing, with whomever.
 * - `verify`: TLS with a certificate that the judge accepts, or nothing; by default one of a known authority for the host
 *   asked for. Elsewhere the judge is heard for the record.
 * - Log-in: see net/smtp-login.ts.
 * - After STARTTLS everything learned before is forgotten (RFC 3207 §4.2).
 */
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import { SMTP_CLIENT_LIMITS } from '../base/limits.ts';
import type { PeerJudge, PeerVerdict, TlsProblem } from '../contract/tls-policy.ts';
import type { Connector } from './connector.ts';
import { NO_CAPABILITIES, parseCapabilities, type SmtpCapabilities } from './smtp-capabilities.ts';
import { SmtpChannel, type ReceivedReply } from './smtp-channel.ts';
import { logIn, type SmtpLogin } from './smtp-login.ts';
import { asTrouble, isYes, SmtpError, type SmtpStep, type StepWatcher } from './smtp-trouble.ts';
import { peerIdentity, pkixJudge } from './peer-identity.ts';
import type { ClientTls } from './tls.ts';

export interface SmtpTarget {
  /** IP address, or the path of a Unix socket. */
  readonly address: string;
  readonly port: number;
  /** The name to ask for in SNI and to find in the certificate. */
  readonly host: string;
  readonly localAddress?: string;
  /** EHLO name. */
  readonly helo: string;
  readonly tls: 'none' | 'opportunistic' | 'encrypt' | 'verify';
  /** Of the certificate; default: pkixJudge for `host`. */
  readonly judge?: PeerJudge;
  /** TLS from the first byte (RFC 8314 §3.3, port 465). Default false. */
  readonly implicitTls?: boolean;
  readonly login?: SmtpLogin;
  /** Default `smtp`. */
  readonly protocol?: 'smtp' | 'lmtp';
  /** To wait for the TCP connection; default SMTP_CLIENT_LIMITS.connectTimeoutMs. */
  readonly connectTimeoutMs?: number;
}

export interface SmtpPorts {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly clientTls: ClientTls;
  /** Told of each step of the opening. */
  readonly onStep?: StepWatcher | undefined;
}

export interface OpenedChannel {
  readonly channel: SmtpChannel;
  readonly capabilities: SmtpCapabilities;
  /** What the judge said, when there is TLS. */
  readonly verdict?: PeerVerdict;
  /** LMTP: a reply for each recipient behind the content. */
  readonly answersEach: boolean;
  /** Why TLS was given up, when it was tried. */
  readonly tlsProblem?: TlsProblem;
}

/** Throws SmtpError. */
export async function openChannel(ports: SmtpPorts, target: SmtpTarget, signal?: AbortSignal): Promise<OpenedChannel> {
  try {
    return await openOnce(ports, target, signal);
  } catch (error) {
    const mayGoPlain = target.tls === 'opportunistic' && !target.implicitTls && !target.login;
    if (!mayGoPlain || !(error instanceof SmtpError) || error.trouble.kind !== 'tls') throw error;
    const opened = await openOnce(ports, { ...target, tls: 'none' }, signal);
    return { ...opened, tlsProblem: { failure: error.trouble.failure ?? 'validation-failure', detail: error.trouble.detail } };
  }
}

async function openOnce(ports: SmtpPorts, target: SmtpTarget, signal?: AbortSignal): Promise<OpenedChannel> {
  const channel = await connect(ports, target, signal);
  const onAbort = (): void => channel.destroy('we are shutting down', true);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await introduce(ports, target, channel);
  } catch (error) {
    if (channel.usable) channel.quit();
    else channel.destroy('given up');
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

async function connect({ connector, clock, onStep }: SmtpPorts, target: SmtpTarget, signal?: AbortSignal): Promise<SmtpChannel> {
  const { address, port, localAddress, connectTimeoutMs = SMTP_CLIENT_LIMITS.connectTimeoutMs } = target;
  onStep?.('connect', connectTimeoutMs);
  try {
    const socket = await connector.connect({
      address,
      port,
      timeoutMs: connectTimeoutMs,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(signal === undefined ? {} : { signal }),
    });
    return new SmtpChannel(socket, clock, onStep);
  } catch (error) {
    if (!(error instanceof Failure)) throw new SmtpError({ kind: 'local', step: 'connect', detail: 'we are shutting down' });
    const kind = error.code === 'connect-timeout' ? 'timeout' : error.code === 'connect-failed' ? 'lost' : 'local';
    throw new SmtpError({ kind, step: 'connect', detail: error.message });
  }
}

async function introduce(ports: SmtpPorts, target: SmtpTarget, channel: SmtpChannel): Promise<OpenedChannel> {
  let verdict: PeerVerdict | undefined;
  if (target.implicitTls) verdict = await secure(ports, target, channel);
  expectYes(await channel.read('greeting', SMTP_CLIENT_LIMITS.greetingTimeoutMs), 'greeting');
  let capabilities = await hello(channel, target);
  if (!target.implicitTls && target.tls !== 'none' && (await agreeOnTls(channel, capabilities, target))) {
    verdict = await secure(ports, target, channel);
    capabilities = await helloOverTls(channel, target);
  }
  if (target.login) ports.onStep?.('auth', SMTP_CLIENT_LIMITS.ehloTimeoutMs);
  if (target.login) await logIn(channel, capabilities, target, target.login);
  return { channel, capabilities, answersEach: target.protocol === 'lmtp', ...(verdict ? { verdict } : {}) };
}

/** The handshake always runs to its end, so that the judge sees the certificate and can say what is wrong with it. */
async function secure({ clientTls }: SmtpPorts, target: SmtpTarget, channel: SmtpChannel): Promise<PeerVerdict> {
  const verdict = (target.judge ?? pkixJudge([target.host]))(peerIdentity(await channel.startTls(clientTls.connectOptions(target.host, 'opportunistic'))));
  if (target.tls !== 'verify' || verdict.kind === 'accepted') return verdict;
  channel.destroy(verdict.detail);
  throw new SmtpError({ kind: 'tls', step: 'tls', detail: verdict.detail, failure: verdict.failure });
}

/** A connection on which nothing comes through behind its handshake has no TLS that works. */
async function helloOverTls(channel: SmtpChannel, target: SmtpTarget): Promise<SmtpCapabilities> {
  try {
    return await hello(channel, target);
  } catch (error) {
    if (!(error instanceof SmtpError) || (error.trouble.kind !== 'lost' && error.trouble.kind !== 'timeout')) throw error;
    throw new SmtpError({ kind: 'tls', step: 'tls', detail: 'nothing came over the connection behind the TLS handshake' });
  }
}

/** A server that hangs up has said with its refusal of EHLO what it means. */
async function heloAfter(channel: SmtpChannel, ehlo: ReceivedReply): Promise<ReceivedReply> {
  try {
    return await channel.read('ehlo', SMTP_CLIENT_LIMITS.ehloTimeoutMs);
  } catch (error) {
    throw error instanceof SmtpError && error.trouble.kind === 'lost' ? refused('ehlo', ehlo) : error;
  }
}

async function hello(channel: SmtpChannel, target: SmtpTarget): Promise<SmtpCapabilities> {
  channel.expectQuiet('ehlo');
  const isLmtp = target.protocol === 'lmtp';
  channel.write(`${isLmtp ? 'LHLO' : 'EHLO'} ${target.helo}\r\n`);
  const ehlo = await channel.read('ehlo', SMTP_CLIENT_LIMITS.ehloTimeoutMs);
  if (isYes(ehlo.reply)) return parseCapabilities(ehlo.lines);
  // RFC 5321 §3.2, §4.1.1.1: HELO for whoever does not take EHLO. Some refuse it in words of policy and take HELO.
  if (isLmtp || ehlo.reply.code < 500) throw refused('ehlo', ehlo);
  channel.write(`HELO ${target.helo}\r\n`);
  const helo = await heloAfter(channel, ehlo);
  if (!isYes(helo.reply)) throw refused('ehlo', helo);
  return NO_CAPABILITIES;
}

/** False when the mail may go in the clear. */
async function agreeOnTls(channel: SmtpChannel, capabilities: SmtpCapabilities, target: SmtpTarget): Promise<boolean> {
  if (!capabilities.startTls) {
    if (target.tls === 'opportunistic') return false;
    throw new SmtpError({ kind: 'missing', step: 'starttls', detail: 'the server does not offer STARTTLS, and TLS is required' });
  }
  channel.expectQuiet('starttls');
  channel.write('STARTTLS\r\n');
  const answer = await channel.read('starttls', SMTP_CLIENT_LIMITS.ehloTimeoutMs);
  if (answer.reply.code === 220) return true;
  if (target.tls === 'opportunistic' && answer.reply.code !== 421) return false;
  throw refused('starttls', answer);
}

function expectYes(answer: ReceivedReply, step: SmtpStep): void {
  if (!isYes(answer.reply)) throw refused(step, answer);
}

function refused(step: SmtpStep, { reply }: ReceivedReply): SmtpError {
  return new SmtpError(asTrouble(step, reply));
}
