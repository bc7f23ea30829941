/**
 * AUTH towards a relay (RFC 4954).
 *
 * Policy: a secret is sent only over TLS that was verified, except when the target's TLS is `none` in so many words. The
 * best mechanism that both know and that the secret fits is used. A refused token is fetched anew, once. A refusal for
 * good is trouble of the kind `login`: it is about our configuration, not about the message nor the peer.
 */
import { SMTP_CLIENT_LIMITS } from '../base/limits.ts';
import { chooseMechanism, createSaslClient, type SaslChannel, type SaslClient, type SaslCredentials } from '../wire/sasl/client.ts';
import type { SmtpCapabilities } from './smtp-capabilities.ts';
import type { ReceivedReply, SmtpChannel } from './smtp-channel.ts';
import { SmtpError } from './smtp-trouble.ts';
import { tlsExporter } from './tls-exporter.ts';

/** Whom to log in as; asked at each connection, so that a changed password file counts. */
export interface SmtpLogin {
  /** Rejects when the secret cannot be had; the message is told to the administrator. */
  credentials(): Promise<SaslCredentials>;
  /** For tokens: a new one although the old seemed good. Default: there is none. */
  renew?(): Promise<SaslCredentials>;
}

export interface LoginTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: 'none' | 'opportunistic' | 'encrypt' | 'verify';
}

/** RFC 4954 §4: an initial response that would make the command line longer than this is sent when asked for. */
const COMMAND_LINE_CHARS_MAX = 510;

/** Throws SmtpError. */
export async function logIn(channel: SmtpChannel, capabilities: SmtpCapabilities, target: LoginTarget, login: SmtpLogin): Promise<void> {
  if (target.tls !== 'none' && channel.tls?.authorized !== true) {
    throw new SmtpError({ kind: 'missing', step: 'auth', detail: 'no password is sent without verified TLS; see the tls setting of the relay' });
  }
  const credentials = await obtain(() => login.credentials());
  const first = await exchange(channel, capabilities, target, credentials);
  if (first.kind === 'in') return;
  const { renew } = login;
  const renewed = renew && (await obtain(() => renew.call(login)));
  // The same token again would get the same answer.
  if (!renewed || !channel.usable || sameSecret(renewed, credentials)) throw refusal(first, credentials);
  const second = await exchange(channel, capabilities, target, renewed);
  if (second.kind === 'refused') throw refusal(second, renewed);
}

type Exchange = { readonly kind: 'in' } | { readonly kind: 'refused'; readonly answer: ReceivedReply; readonly sasl: SaslClient };

async function exchange(channel: SmtpChannel, capabilities: SmtpCapabilities, target: LoginTarget, credentials: SaslCredentials): Promise<Exchange> {
  const sasl = machineFor(channel, capabilities, target, credentials);
  let unsent = firstCommand(channel, sasl);
  for (;;) {
    const answer = await channel.read('auth', SMTP_CLIENT_LIMITS.ehloTimeoutMs);
    if (answer.reply.code === 235) {
      if (sasl.serverProven) return { kind: 'in' };
      throw new SmtpError({ kind: 'garbage', step: 'auth', detail: 'the server did not prove that it knows the password' });
    }
    if (answer.reply.code !== 334) {
      // RFC 4954 §6: 454 and the like are about the moment, not about the secret.
      if (answer.reply.code < 500) throw new SmtpError({ kind: 'reply', step: 'auth', reply: answer.reply });
      return { kind: 'refused', answer, sasl };
    }
    if (unsent) {
      channel.write(`${unsent.toString('base64')}\r\n`);
      unsent = undefined;
      continue;
    }
    const next = await sasl.step(Buffer.from(answer.lines[0] ?? '', 'base64'));
    // RFC 4954 §4: `*` takes the exchange back.
    channel.write(next.kind === 'respond' ? `${next.data.toString('base64')}\r\n` : '*\r\n');
    if (next.kind === 'failed') throw new SmtpError({ kind: 'garbage', step: 'auth', detail: next.detail });
  }
}

/** Sends AUTH, with the initial response where it fits; what did not is returned. */
function firstCommand(channel: SmtpChannel, sasl: SaslClient): Buffer | undefined {
  const command = `AUTH ${sasl.mechanism}`;
  const whole = sasl.initial && `${command} ${sasl.initial.toString('base64') || '='}`;
  const fits = whole !== undefined && whole.length <= COMMAND_LINE_CHARS_MAX;
  channel.write(`${fits ? whole : command}\r\n`);
  return fits ? undefined : sasl.initial;
}

function machineFor(channel: SmtpChannel, { auth }: SmtpCapabilities, { host, port }: LoginTarget, credentials: SaslCredentials): SaslClient {
  const binding = channel.tls && tlsExporter(channel.tls);
  const kind = 'token' in credentials ? 'token' : 'password';
  const mechanism = chooseMechanism(auth, { kind, bindable: binding !== undefined });
  if (mechanism === undefined) {
    const offered = auth.join(' ').slice(0, 200) || 'none';
    throw new SmtpError({ kind: 'missing', step: 'auth', detail: `the server offers no log-in with a ${kind} that we know (offered: ${offered})` });
  }
  const saslChannel: SaslChannel = { host, port, ...(binding === undefined ? {} : { tlsExporter: binding }) };
  return createSaslClient(mechanism, credentials, saslChannel);
}

function sameSecret(one: SaslCredentials, other: SaslCredentials): boolean {
  return 'token' in one && 'token' in other && one.token === other.token;
}

function refusal({ answer, sasl }: Extract<Exchange, { kind: 'refused' }>, { username }: SaslCredentials): SmtpError {
  const { reply } = answer;
  const text = sasl.complaint === undefined ? reply.text : `${reply.text} (${sasl.complaint})`;
  return new SmtpError({ kind: 'login', step: 'auth', reply: { ...reply, text }, username, mechanism: sasl.mechanism });
}

async function obtain(credentials: () => Promise<SaslCredentials>): Promise<SaslCredentials> {
  try {
    return await credentials();
  } catch (error) {
    const advice = error instanceof Error ? error.message : String(error);
    throw new SmtpError({ kind: 'local', step: 'auth', detail: 'the password or token for the relay is not at hand', advice });
  }
}
