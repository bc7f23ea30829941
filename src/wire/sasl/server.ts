/**
 * The server's side of SASL, as pure state machines: a response in, what to do next out. PLAIN (RFC 4616), LOGIN,
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), OAUTHBEARER (RFC 7628), XOAUTH2. The caller does base64, asks the account store, and tells
 * the outcome; a machine never sees more than it needs.
 */
import { saslprep } from '../../base/saslprep.ts';
import { OauthServer } from './oauth-server.ts';
import { ScramServer } from './scram-server.ts';
import { SASL_SERVER_MECHANISMS } from './server-step.ts';
import type { ChannelBindings, SaslFailure, SaslServer, SaslServerMechanism, SaslServerStep } from './server-step.ts';

/** Those that need nothing but passwords of our own. */
export const OWN_MECHANISMS: readonly SaslServerMechanism[] = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'];

/** What to advertise of `allowed` (Login.mechanisms; default OWN_MECHANISMS): PLUS only where the channel has a binding. */
export function offeredMechanisms(bindings: ChannelBindings, allowed: readonly string[] = OWN_MECHANISMS): readonly SaslServerMechanism[] {
  return SASL_SERVER_MECHANISMS.filter((name) => allowed.includes(name) && (name !== 'SCRAM-SHA-256-PLUS' || bindings.size > 0));
}

export interface SaslServerOptions {
  /** Login.mechanisms; default OWN_MECHANISMS. */
  readonly allowed?: readonly string[];
  /** For tests with published vectors; default random. */
  readonly nonce?: string;
}

/** `undefined` for a mechanism that is not offered. */
export function createSaslServer(name: string, bindings: ChannelBindings, { allowed, nonce }: SaslServerOptions = {}): SaslServer | undefined {
  const mechanism = offeredMechanisms(bindings, allowed).find((offered) => offered === name.toUpperCase());
  switch (mechanism) {
    case 'PLAIN':
      return new PlainServer();
    case 'LOGIN':
      return new LoginServer();
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-256-PLUS':
      return new ScramServer(mechanism, bindings, nonce);
    case 'OAUTHBEARER':
    case 'XOAUTH2':
      return new OauthServer(mechanism);
    case undefined:
      return undefined;
  }
}

const failed = (reason: SaslFailure, user?: string): SaslServerStep => (user === undefined ? { kind: 'failed', reason } : { kind: 'failed', reason, user });
const noLookup = (): SaslServerStep => failed('malformed');

/** User and password in comparable form; what cannot be prepared fits no account. */
function passwordStep(user: string, password: string): SaslServerStep {
  const preparedUser = saslprep(user);
  const preparedPassword = saslprep(password);
  if (preparedUser === undefined || preparedPassword === undefined) return failed('malformed');
  return { kind: 'password', user: preparedUser, password: preparedPassword };
}

class PlainServer implements SaslServer {
  readonly mechanism = 'PLAIN';
  readonly credentials = noLookup;

  next(response: Buffer | undefined): SaslServerStep {
    if (response === undefined) return { kind: 'challenge', data: Buffer.alloc(0) };
    const parts = response.toString('utf8').split('\0');
    const [authorization, user, password] = parts;
    if (parts.length !== 3 || !user || !password) return failed('malformed');
    // Acting for somebody else is not a thing here.
    if (authorization && authorization !== user) return failed('authorization', user);
    return passwordStep(user, password);
  }
}

class LoginServer implements SaslServer {
  readonly mechanism = 'LOGIN';
  readonly credentials = noLookup;
  #user: string | undefined;

  next(response: Buffer | undefined): SaslServerStep {
    if (response === undefined) return { kind: 'challenge', data: Buffer.from('Username:') };
    const text = response.toString('utf8');
    if (text === '' || text.includes('\0')) return failed('malformed');
    if (this.#user !== undefined) return passwordStep(this.#user, text);
    this.#user = text;
    return { kind: 'challenge', data: Buffer.from('Password:') };
  }
}
