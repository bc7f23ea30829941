/** Who lives here: the questions that mail in transit asks about domains, accounts and aliases. */

export type Resolution = (
  | { readonly kind: 'mailbox'; readonly account: string; /** after the `+` of plus-addressing */ readonly detail?: string; /** Nobody has the address itself. */ readonly catchAll?: true; /** A service reads along (ServiceAddress.besideOwner). */ readonly alsoService?: string }
  /** Expanded to the end, without cycles or doubles; targets may be ours or remote. */
  | { readonly kind: 'alias'; readonly targets: readonly string[]; readonly catchAll?: true; readonly alsoService?: string }
  /** The server itself reads it (contract/service-mail.ts). */
  | { readonly kind: 'service'; readonly service: string }
  /** Not ours, but a route says that mail from outside is taken for it (gateway, backup MX). */
  | { readonly kind: 'relay'; /** Ask the inner server whether the address exists. */ readonly verify: boolean }
  /** The domain is not ours. */
  | { readonly kind: 'remote' }
  /** The domain is ours, the local part is nobody's. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'disabled' }
) & {
  /** Targets of an alias that are of a domain of ours and nobody's: perhaps a service reads them. */
  readonly unresolved?: readonly string[];
};

export interface Directory {
  /** Rejects (temporary Failure) when the store does not answer. Answers from memory where it can. */
  resolve(address: string): Promise<Resolution>;
  isLocalDomain(domain: string): Promise<boolean>;
  /** An account may use its own address, that with a +detail, and every alias that leads to it. */
  maySendAs(account: string, address: string): Promise<boolean>;
}

/** `other`: a service that asks over the Dovecot protocol and is none of these. */
export type LoginService = 'smtp' | 'imap' | 'pop3' | 'sieve' | 'http' | 'control' | 'other';

export interface LoginContext {
  readonly service: LoginService;
  readonly clientAddress: string;
  /** SASL mechanism, or the command of the protocol (`LOGIN`, `USER`); for the audit. */
  readonly mechanism?: string;
}

export type LoginDenial =
  | 'unknown-account'
  | 'wrong-password'
  | 'disabled'
  | 'throttled'
  /** A mailbox that nobody logs in to. */
  | 'shared'
  /** The app password is right, but not for this service. */
  | 'scope'
  /** The main password is right, but with a second factor only app passwords are taken here. */
  | 'second-factor'
  /** Of a token: expired, revoked, never issued, of another user, or without the scope asked for. */
  | 'token';

/** What a client is told about a token that was refused (RFC 7628 §3.2.2). */
export interface OauthRefusal {
  readonly status: 'invalid_token' | 'insufficient_scope';
  readonly scope?: string;
  readonly openidConfiguration?: string;
}

/** What a log-in rests on, so that a session can end when that is gone (Login.withdrawn). */
export interface LoginStanding {
  /** Names the password or app password without telling it. */
  readonly stamp: string;
  /** DirectoryStore.version from before it was looked at. */
  readonly version: number;
}

export interface StandingSession {
  readonly account: string;
  readonly service: LoginService;
  readonly stamp: string;
}

export type LoginResult =
  | { readonly kind: 'ok'; readonly account: string; /** Its name, when one was used. */ readonly appPassword?: string; /** Absent: nothing can be withdrawn. */ readonly standing?: LoginStanding }
  | { readonly kind: 'denied'; /** for the log only */ readonly reason: LoginDenial; readonly oauth?: OauthRefusal };

/** RFC 5803; kept instead of the password. */
export interface ScramCredentials {
  readonly account: string;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export interface Login {
  /** SASL mechanisms to offer, strongest first; those that bind the channel only where it can be bound. A reload changes them. */
  readonly mechanisms: readonly string[];
  /** Takes the same time for an unknown account as for a wrong password. */
  password(user: string, password: string, context: LoginContext): Promise<LoginResult>;
  /** For an unknown account: credentials that no password fits, the same ones every time, so that nobody can tell. */
  scramSha256(user: string, context: LoginContext): Promise<ScramCredentials>;
  /** Tells the outcome of a SCRAM exchange, for throttling and audit. */
  scramFinished(user: string, ok: boolean, context: LoginContext): Promise<LoginResult>;
  /** OAUTHBEARER and XOAUTH2; `user` as the client named it, '' when it did not. Rejects when the introspection server does not answer. */
  bearer(user: string, token: string, context: LoginContext): Promise<LoginResult>;
  /** For each session: is its way in closed since (account disabled, shared or removed; password changed; app password removed)? */
  withdrawn(sessions: readonly StandingSession[]): Promise<readonly boolean[]>;
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
