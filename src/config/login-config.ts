/** How users log in, after validation; the settings are in config/login-settings.ts. */

export interface LoginConfig {
  /** Added to user names without one. Default: none. */
  readonly defaultDomain?: string;
  /** SASL mechanisms to offer. Default: those that can work with the back ends. */
  readonly mechanisms?: readonly string[];
  /** With one-time codes on, only app passwords open imap, pop3, smtp and sieve. Default true. */
  readonly totpNeedsAppPasswords: boolean;
  /** Milliseconds. Default 90 days. */
  readonly auditRetentionMs: number;
  /** Milliseconds that an address stays known after the last log-in from there. Default 90 days. */
  readonly knownAddressMs: number;
  readonly oauth?: OauthConfig;
  /** In order. Default: the store alone. */
  readonly backends: readonly BackendConfig[];
}

export const DEFAULT_LOGIN: LoginConfig = {
  totpNeedsAppPasswords: true,
  auditRetentionMs: 90 * 86_400_000,
  knownAddressMs: 90 * 86_400_000,
  backends: [{ kind: 'store', name: 'store' }],
};

/** Where bearer tokens are looked up (RFC 7662). */
export interface OauthConfig {
  readonly introspectionUrl: string;
  readonly clientId?: string;
  readonly clientSecretFile?: string;
  /** Default `username`. */
  readonly usernameClaim: string;
  /** A token must have it. Default: any. */
  readonly scope?: string;
  /** A token must be from there. Default: any. */
  readonly issuer?: string;
  /** Told to clients whose token was refused. */
  readonly openidConfiguration?: string;
  readonly caFile?: string;
}

interface BackendBase {
  /** Unique; what `account show` says. */
  readonly name: string;
  /** Empty: all. */
  readonly domains?: readonly string[];
  /** Make a mailbox for a user of it at first sight. Default true. */
  readonly provision?: boolean;
}

export interface FileBackendConfig extends BackendBase {
  readonly kind: 'file';
  readonly file: string;
}

export interface LdapBackendConfig extends BackendBase {
  readonly kind: 'ldap';
  /** ldap:// or ldaps://. */
  readonly url: string;
  readonly startTls: boolean;
  readonly caFile?: string;
  readonly bindDn?: string;
  readonly bindPasswordFile?: string;
  readonly base?: string;
  /** With `%u`, `%n`, `%d`. */
  readonly filter?: string;
  /** A DN with `%u`, `%n`, `%d`; then nothing is searched for. */
  readonly bindTemplate?: string;
  readonly addressAttribute?: string;
}

export interface SqlBackendConfig extends BackendBase {
  readonly kind: 'sql';
  /** postgres://, mysql:// or sqlite:/path. */
  readonly url: string;
  readonly sqlPasswordFile?: string;
  readonly caFile?: string;
  /** Gives `password`, and if it likes `address`; with `:user`, `:local`, `:domain`. */
  readonly passwordQuery: string;
  /** Gives a row when the user exists. Default: the password query. */
  readonly userQuery?: string;
}

export interface DovecotBackendConfig extends BackendBase {
  readonly kind: 'dovecot';
  /** Path of `auth-client`, or `address:port`. */
  readonly socket: string;
  /** Path of `auth-userdb`: tells who exists. */
  readonly userdbSocket?: string;
}

export type BackendConfig = (BackendBase & { readonly kind: 'store' }) | FileBackendConfig | LdapBackendConfig | SqlBackendConfig | DovecotBackendConfig;
