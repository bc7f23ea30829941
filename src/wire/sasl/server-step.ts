/**
 * The shape of a server's SASL mechanism: what it is told and what it answers.
 */
export type SaslServerStep =
  | { readonly kind: 'challenge'; readonly data: Buffer }
  /** Verify this and end: success or failure is the store's to say. */
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** Get the SCRAM credentials of `user` and hand them to `credentials`. */
  | { readonly kind: 'lookup'; readonly user: string }
  /** Find out whose token this is; a refusal goes to `refused`. `user` is '' when the client named nobody. */
  | { readonly kind: 'token'; readonly user: string; readonly token: string }
  /** The client has proved that it knows the password. */
  | { readonly kind: 'proven'; readonly user: string }
  | { readonly kind: 'failed'; readonly reason: SaslFailure; /** Known once the client named itself. */ readonly user?: string };

/** `credentials`: the proof is wrong, the same as a wrong password; `token`: a refusal that the client has now been told; the others are
 * faults of the protocol. */
export type SaslFailure = 'malformed' | 'credentials' | 'token' | 'channel-binding' | 'downgrade' | 'authorization';

export interface ScramSecret {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** What the client is told about a token. RFC 7628 §3.2.2. */
export interface TokenRefusal {
  readonly status: 'invalid_token' | 'insufficient_scope';
  readonly scope?: string;
  readonly openidConfiguration?: string;
}

/** Channel binding data of this connection by type, RFC 9266 and RFC 5929; empty without TLS. */
export type ChannelBindings = ReadonlyMap<'tls-exporter' | 'tls-server-end-point', Buffer>;

export interface SaslServer {
  readonly mechanism: SaslServerMechanism;
  /** `undefined` for the start of an exchange without initial response. */
  next(response: Buffer | undefined): SaslServerStep;
  /** The answer to `lookup`. */
  credentials(secret: ScramSecret): SaslServerStep;
  /** The answer to `token` when it is refused: what to send; the exchange fails at the next response. */
  refused?(refusal: TokenRefusal): SaslServerStep;
}

export const SASL_SERVER_MECHANISMS = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'OAUTHBEARER', 'XOAUTH2', 'PLAIN', 'LOGIN'] as const;
export type SaslServerMechanism = (typeof SASL_SERVER_MECHANISMS)[number];
