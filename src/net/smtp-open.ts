/**
 * The opening of an SMTP connection: connect, greeting, EHLO (HELO for servers from before 1995), STARTTLS, AUTH.
 *
 * Policy
 * - `opportunistic`: TLS when it is offered and works; a handshake that fails is followed by one new connection in the
 *   clear (RFC 3207 §4.1 leaves it to us; mail that the old peer would have got in 1999 still gets through).
 * - `verify`: TLS with a certificate that checks out for the host asked for, or nothing.
 * - A password is sent only over TLS that was verified, except when the configuration says `none` in so many words.
 * - After STARTTLS everything learned before is forgotten (RFC 3207 §4.2).
 */
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import { SMTP_CLIENT_LIMITS } from '../base/limits.ts';
import { chooseMechanism, createSaslClient, type SaslCredentials } from '../wire/sasl/client.ts';
import type { Connector } from './connector.ts';
import { NO_CAPABILITIES, parseCapabilities, type SmtpCapabilities } from './smtp-capabilities.ts';
import { SmtpChannel, type ReceivedReply } from './smtp-channel.ts';
import { SmtpError, type SmtpStep } from './smtp-trouble.ts';
import type { ClientTls } from './tls.ts';

export interface SmtpTarget {
  /** IP address. */
  readonly address: string;
  readonly port: number;
  /** The name to ask for in SNI and to find in the certificate. */
  readonly host: string;
  readonly localAddress?: string;
  /** EHLO name. */
  readonly helo: string;
  readonly tls: 'none' | 'opportunistic' | 'verify';
  /** TLS from the first byte (RFC 8314 §3.3, port 465). Default false. */
  readonly implicitTls?: boolean;
  /** Asked for when the connection is opened, so that a changed password file counts. */
  readonly credentials?: () => Promise<SaslCredentials>;
}

export interface SmtpPorts {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly clientTls: ClientTls;
}

export interface OpenedChannel {
  readonly channel: SmtpChannel;
  readonly capabilities: SmtpCapabilities;
  /** Why TLS was given up, when it was tried. */
  readonly tlsFailure?: string;
}

/** Throws SmtpError. */
export async function openChannel(ports: SmtpPorts, target: SmtpTarget, signal?: AbortSignal): Promise<OpenedChannel> {
  try {
    return await openOnce(ports, target, signal);
  } catch (error) {
    const mayGoPlain = target.tls === 'opportunistic' && !target.implicitTls && !target.credentials;
    if (!mayGoPlain || !(error instanceof SmtpError) || error.trouble.kind !== 'tls') throw error;
    const opened = await openOnce(ports, { ...target, tls: 'none' }, signal);
    return { ...opened, tlsFailure: error.trouble.detail };
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

async function connect({ connector, clock }: SmtpPorts, target: SmtpTarget, signal?: AbortSignal): Promise<SmtpChannel> {
  const { address, port, localAddress } = target;
  try {
    const socket = await connector.connect({
      address,
      port,
      timeoutMs: SMTP_CLIENT_LIMITS.connectTimeoutMs,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(signal === undefined ? {} : { signal }),
    });
    return new SmtpChannel(socket, clock);
  } catch (error) {
    if (!(error instanceof Failure)) throw new SmtpError({ kind: 'local', step: 'connect', detail: 'we are shutting down' });
    const kind = error.code === 'connect-timeout' ? 'timeout' : error.code === 'connect-failed' ? 'lost' : 'local';
    throw new SmtpError({ kind, step: 'connect', detail: error.message });
  }
}

async function introduce(ports: SmtpPorts, target: SmtpTarget, channel: SmtpChannel): Promise<OpenedChannel> {
  const tlsOptions = (): Parameters<SmtpChannel['startTls']>[0] =>
    ports.clientTls.connectOptions(target.host, target.tls === 'verify' ? 'verify' : 'opportunistic');
  if (target.implicitTls) await channel.startTls(tlsOptions());
  expect(await channel.read('greeting', SMTP_CLIENT_LIMITS.greetingTimeoutMs), 'greeting', 2);
  let capabilities = await hello(channel, target);
  if (!target.implicitTls && target.tls !== 'none' && (await agreeOnTls(channel, capabilities, target))) {
    await channel.startTls(tlsOptions());
    capabilities = await hello(channel, target);
  }
  if (target.credentials) await logIn(channel, capabilities, target, target.credentials);
  return { channel, capabilities };
}

async function hello(channel: SmtpChannel, target: SmtpTarget): Promise<SmtpCapabilities> {
  channel.write(`EHLO ${target.helo}\r\n`);
  const ehlo = await channel.read('ehlo', SMTP_CLIENT_LIMITS.ehloTimeoutMs);
  if (ehlo.reply.code === 250) return parseCapabilities(ehlo.lines);
  // RFC 5321 §3.2: only a server that does not know EHLO is asked again with HELO.
  if (![500, 502, 504].includes(ehlo.reply.code)) throw refused('ehlo', ehlo);
  channel.write(`HELO ${target.helo}\r\n`);
  expect(await channel.read('ehlo', SMTP_CLIENT_LIMITS.ehloTimeoutMs), 'ehlo', 2);
  return NO_CAPABILITIES;
}

/** False when the mail may go in the clear. */
async function agreeOnTls(channel: SmtpChannel, capabilities: SmtpCapabilities, target: SmtpTarget): Promise<boolean> {
  if (!capabilities.startTls) {
    if (target.tls === 'opportunistic') return false;
    throw new SmtpError({ kind: 'missing', step: 'starttls', detail: 'the server does not offer STARTTLS, and TLS is required' });
  }
  channel.write('STARTTLS\r\n');
  const answer = await channel.read('starttls', SMTP_CLIENT_LIMITS.ehloTimeoutMs);
  if (answer.reply.code === 220) return true;
  if (target.tls === 'opportunistic' && answer.reply.code !== 421) return false;
  throw refused('starttls', answer);
}

async function logIn(
  channel: SmtpChannel,
  capabilities: SmtpCapabilities,
  target: SmtpTarget,
  credentials: () => Promise<SaslCredentials>,
): Promise<void> {
  if (target.tls !== 'none' && channel.tls?.authorized !== true) {
    throw new SmtpError({ kind: 'missing', step: 'auth', detail: 'no password is sent without verified TLS; see relay.tls' });
  }
  const mechanism = chooseMechanism(capabilities.auth);
  if (mechanism === undefined) {
    const offered = capabilities.auth.join(' ').slice(0, 200) || 'none';
    throw new SmtpError({ kind: 'missing', step: 'auth', detail: `the server offers no log-in that we know (offered: ${offered})` });
  }
  const sasl = createSaslClient(mechanism, await readCredentials(credentials));
  channel.write(sasl.initial ? `AUTH ${mechanism} ${sasl.initial.toString('base64') || '='}\r\n` : `AUTH ${mechanism}\r\n`);
  for (;;) {
    const answer = await channel.read('auth', SMTP_CLIENT_LIMITS.ehloTimeoutMs);
    if (answer.reply.code === 235) {
      if (sasl.serverProven) return;
      throw new SmtpError({ kind: 'garbage', step: 'auth', detail: 'the server did not prove that it knows the password' });
    }
    if (answer.reply.code !== 334) throw refused('auth', answer);
    const next = await sasl.step(Buffer.from(answer.lines[0] ?? '', 'base64'));
    // RFC 4954 §4: `*` takes the exchange back.
    channel.write(next.kind === 'respond' ? `${next.data.toString('base64')}\r\n` : '*\r\n');
    if (next.kind === 'failed') throw new SmtpError({ kind: 'garbage', step: 'auth', detail: next.detail });
  }
}

async function readCredentials(credentials: () => Promise<SaslCredentials>): Promise<SaslCredentials> {
  try {
    return await credentials();
  } catch (error) {
    throw new SmtpError({ kind: 'local', step: 'auth', detail: error instanceof Error ? error.message : String(error) });
  }
}

function expect(answer: ReceivedReply, step: SmtpStep, firstDigit: number): void {
  if (Math.floor(answer.reply.code / 100) !== firstDigit) throw refused(step, answer);
}

function refused(step: SmtpStep, answer: ReceivedReply): SmtpError {
  return new SmtpError({ kind: 'reply', step, reply: answer.reply });
}
