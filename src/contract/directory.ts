/** Who lives here: the questions that mail in transit asks about domains, accounts and aliases. */

export type Resolution =
  | { readonly kind: 'mailbox'; readonly account: string; /** after the `+` of plus-addressing */ readonly detail?: string }
  /** Expanded to the end, without cycles or doubles; targets may be ours or remote. */
  | { readonly kind: 'alias'; readonly targets: readonly string[] }
  /** Not ours, but a route says that mail from outside is taken for it (gateway, backup MX). */
  | { readonly kind: 'relay'; /** Ask the inner server whether the address exists. */ readonly verify: boolean }
  /** The domain is not ours. */
  | { readonly kind: 'remote' }
  /** The domain is ours, the local part is nobody's. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'disabled' };

export interface Directory {
  /** Rejects (temporary Failure) when the store does not answer. Answers from memory where it can. */
  resolve(address: string): Promise<Resolution>;
  isLocalDomain(domain: string): Promise<boolean>;
  /** An account may use its own address, that with a +detail, and every alias that leads to it. */
  maySendAs(account: string, address: string): Promise<boolean>;
}

export interface LoginContext {
  readonly service: 'smtp' | 'imap' | 'pop3' | 'sieve' | 'http' | 'control';
  readonly clientAddress: string;
}

export type LoginResult =
  | { readonly kind: 'ok'; readonly account: string }
  | { readonly kind: 'denied'; /** for the log only */ readonly reason: 'unknown-account' | 'wrong-password' | 'disabled' | 'throttled' };

/** RFC 5803; kept instead of the password. */
export interface ScramCredentials {
  readonly account: string;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export interface Login {
  /** Takes the same time for an unknown account as for a wrong password. */
  password(user: string, password: string, context: LoginContext): Promise<LoginResult>;
  /** For an unknown account: credentials that no password fits, the same ones every time, so that nobody can tell. */
  scramSha256(user: string, context: LoginContext): Promise<ScramCredentials>;
  /** Tells the outcome of a SCRAM exchange, for throttling and audit. */
  scramFinished(user: string, ok: boolean, context: LoginContext): Promise<LoginResult>;
}

/** One DKIM key of a domain; the private key never leaves the process. */
export interface SigningKey {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly privateKey: import('node:crypto').KeyObject;
}

export interface SigningKeys {
  /** True when it is known that there is no active key at all: hot paths then spare what only signing needs. */
  readonly none: boolean;
  /** Active keys for exactly this domain, RSA first; empty when it has none. Answers from memory. */
  forDomain(domain: string): Promise<readonly SigningKey[]>;
}
