/**
 * The client's side of SASL, as pure state machines: bytes of a challenge in, bytes of a response out. Who owns the
 * connection does base64 and line framing.
 *
 * Policy: PLAIN, LOGIN and the OAuth mechanisms give the secret away; the caller offers them only over verified TLS.
 * SCRAM proves the server too: after a success reply, `serverProven` must be true, else the reply is a lie. CRAM-MD5
 * comes last: over verified TLS it protects nothing more than PLAIN does, and where it is offered it often does not work,
 * because the server would have to keep passwords in the clear (draft-ietf-sasl-crammd5-to-historic).
 */
import { randomBytes } from 'node:crypto';
import { CramMd5Client, LoginClient, PlainClient } from './client-password.ts';
import { OauthClient } from './client-oauth.ts';
import { ScramClient } from './client-scram.ts';
import { PASSWORD_MECHANISMS, TOKEN_MECHANISMS, type SaslChannel, type SaslClient, type SaslClientMechanism, type SaslCredentials } from './client-step.ts';

export type { SaslChannel, SaslClient, SaslClientMechanism, SaslCredentials } from './client-step.ts';

/** What decides between mechanisms. */
export interface MechanismQuestion {
  readonly kind: 'password' | 'token';
  /** The channel can be bound (tls-exporter is at hand). */
  readonly bindable: boolean;
}

/** The best of those the server offers (any case) and the secret fits; `undefined` when there is none. */
export function chooseMechanism(offered: readonly string[], { kind, bindable }: MechanismQuestion): SaslClientMechanism | undefined {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  const known: readonly SaslClientMechanism[] = kind === 'token' ? TOKEN_MECHANISMS : PASSWORD_MECHANISMS;
  return known.find((name) => names.has(name) && (bindable || !name.endsWith('-PLUS')));
}

/** `nonce` is for tests with published vectors; default random. Credentials of the wrong kind are a bug and throw. */
export function createSaslClient(mechanism: SaslClientMechanism, credentials: SaslCredentials, channel: SaslChannel = {}, nonce?: string): SaslClient {
  if ('token' in credentials) {
    if (mechanism !== 'OAUTHBEARER' && mechanism !== 'XOAUTH2') throw new Error(`${mechanism} needs a password`);
    return new OauthClient(mechanism, credentials, channel);
  }
  switch (mechanism) {
    case 'PLAIN':
      return new PlainClient(credentials);
    case 'LOGIN':
      return new LoginClient(credentials);
    case 'CRAM-MD5':
      return new CramMd5Client(credentials);
    case 'OAUTHBEARER':
    case 'XOAUTH2':
      throw new Error(`${mechanism} needs a token`);
    default:
      return new ScramClient(mechanism, credentials, nonce ?? randomBytes(18).toString('base64'), channel.tlsExporter);
  }
}
