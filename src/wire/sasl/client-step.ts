/** The shape of a client's SASL mechanism, and what it logs in with. */
/** A password, or a bearer token of OAuth 2.0. */
export type SaslCredentials =
  | { readonly username: string; readonly password: string }
  | { readonly username: string; readonly token: string };

/** What a mechanism may want to know about the connection. */
export interface SaslChannel {
  /** Name and port that the user meant to log in at (RFC 7628 §3.1). */
  readonly host?: string;
  readonly port?: number;
  /** tls-exporter data of this connection (RFC 9266); absent without TLS 1.3. */
  readonly tlsExporter?: Buffer;
}

export type SaslClientStep =
  | { readonly kind: 'respond'; readonly data: Buffer }
  /** Cancel the exchange (`*` in SMTP): the server is wrong or not who it says. */
  | { readonly kind: 'failed'; readonly detail: string };

/** Strongest first, for a password over verified TLS; see chooseMechanism. */
export const PASSWORD_MECHANISMS = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN', 'CRAM-MD5'] as const;
export const TOKEN_MECHANISMS = ['OAUTHBEARER', 'XOAUTH2'] as const;
export type SaslClientMechanism = (typeof PASSWORD_MECHANISMS)[number] | (typeof TOKEN_MECHANISMS)[number];

export interface SaslClient {
  readonly mechanism: SaslClientMechanism;
  /** The initial response, to be sent with the AUTH command; absent when the server speaks first. */
  readonly initial: Buffer | undefined;
  step(challenge: Buffer): Promise<SaslClientStep>;
  /** False while a mechanism that authenticates the server has not done so; those that never do say true. */
  readonly serverProven: boolean;
  /** What the server said about its refusal beside its reply; a stranger's text, at most 300 characters. */
  readonly complaint?: string | undefined;
}

export const respond = (data: Buffer | string): SaslClientStep => ({ kind: 'respond', data: typeof data === 'string' ? Buffer.from(data, 'utf8') : data });
export const failed = (detail: string): SaslClientStep => ({ kind: 'failed', detail });
