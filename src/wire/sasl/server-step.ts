/**
 * The shape of a server's SASL mechanism: what it is told and what it answers.
 */
export type SaslServerStep =
  | { readonly kind: 'challenge'; readonly data: Buffer }
  /** Verify this and end: success or failure is the store's to say. */
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** Get the SCRAM credentials of `user` and hand them to `credentials`. */
  | { readonly kind: 'lookup'; readonly user: string }
  /** The client has proved that it knows the password. */
  | { readonly kind: 'proven'; readonly user: string }
  | { readonly kind: 'failed'; readonly reason: SaslFailure; /** Known once the client named itself. */ readonly user?: string };

/** `credentials`: the proof is wrong, the same as a wrong password; the others are faults of the protocol. */
export type SaslFailure = 'malformed' | 'credentials' | 'channel-binding' | 'downgrade' | 'authorization';

export interface ScramSecret {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Channel binding data of this connection by type, RFC 9266 and RFC 5929; empty without TLS. */
export type ChannelBindings = ReadonlyMap<'tls-exporter' | 'tls-server-end-point', Buffer>;

export interface SaslServer {
  readonly mechanism: SaslServerMechanism;
  /** `undefined` for the start of an exchange without initial response. */
  next(response: Buffer | undefined): SaslServerStep;
  /** The answer to `lookup`. */
  credentials(secret: ScramSecret): SaslServerStep;
}

export const SASL_SERVER_MECHANISMS = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;
export type SaslServerMechanism = (typeof SASL_SERVER_MECHANISMS)[number];
