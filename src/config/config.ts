/**
 * The configuration as the program sees it, after validation and with defaults filled in. The schema that reads, checks
 * and documents it is config/schema.ts; names there are those of posthorn.toml.
 */
import type { OauthSource } from '../base/oauth-source.ts';
import type { OwnSite } from '../mail/sites/own-sites.ts';
import type { Stream } from '../mail/sites/streams.ts';
import type { DnsPolicyConfig, DnsProviderConfig } from './dns-config.ts';
import type { DoctorConfig } from './doctor-config.ts';
import type { GuardConfig } from './guard-settings.ts';
import type { PlacementConfig } from './placement-settings.ts';
import type { FeedbackConfig } from './feedback-config.ts';
import type { DashboardConfig } from './dashboard-settings.ts';
import type { HostPort } from './host-port.ts';
import type { HttpConfig } from './http-settings.ts';
import type { LoginConfig } from './login-config.ts';
import type { MailboxConfig, RetentionConfig } from './mailbox-config.ts';
import type { ReportsConfig } from './reports-config.ts';
import type { SieveConfig } from './sieve-settings.ts';

export type { HostPort } from './host-port.ts';

export interface Listeners {
  readonly smtp: readonly HostPort[];
  readonly submission: readonly HostPort[];
  readonly submissions: readonly HostPort[];
  /** Absent: none. */
  readonly lmtp?: readonly HostPort[];
  /** Paths of Unix sockets for LMTP. Absent: none. */
  readonly lmtpSockets?: readonly string[];
  /** For users who read mail. Absent: none. */
  readonly imap?: readonly HostPort[];
  readonly imaps?: readonly HostPort[];
  readonly pop3?: readonly HostPort[];
  readonly pop3s?: readonly HostPort[];
  /** ManageSieve. */
  readonly sieve?: readonly HostPort[];
  /** The web server, in the clear and over TLS. Absent: none. */
  readonly http?: readonly HostPort[];
  readonly https?: readonly HostPort[];
  /** Loopback endpoints and paths of Unix sockets of the Dovecot protocol. Absent: none. */
  readonly auth?: readonly (HostPort | string)[];
}

export interface OutboundIp {
  /** Of this machine. */
  readonly address: string;
  /** What others see instead (NAT). */
  readonly publicAddress?: string;
  /** EHLO name for connections from this address; default: hostname. */
  readonly helo?: string;
  /** Default `default`. */
  readonly pool?: string;
  /** Default 1. */
  readonly weight?: number;
  /** Sends only while the others of its pool rest. Default false. */
  readonly standby?: boolean;
  /** Needs no warm-up. Default false. */
  readonly warm?: boolean;
}

/** Which mail leaves from which source addresses. */
export interface OutboundPool {
  readonly name: string;
  /** Empty: all. */
  readonly streams: readonly Stream[];
  /** Addresses and domains, lower case. Empty: all. */
  readonly senders: readonly string[];
}

/** A smarthost for the mail of some sites while our own addresses rest there. */
export interface FallbackConfig extends RelayConfig {
  readonly sites: readonly string[];
}

export interface ShapingConfig {
  /** False: nothing is learnt, only connections are bounded. Default true. */
  readonly enabled: boolean;
  /** Default true. */
  readonly warmUp: boolean;
  /** Messages a day below which an address sends one after the other; 0: never. Default 200. */
  readonly lowVolume: number;
}

/** What an administrator says about a site. */
export type SiteConfig = OwnSite;

export interface RelayConfig {
  readonly host: string;
  /** Default 25. */
  readonly port: number;
  readonly username?: string;
  readonly passwordFile?: string;
  /** Default `verify` when a username is set, else `opportunistic`. */
  readonly tls: 'verify' | 'opportunistic' | 'none';
  /** Default: no token. */
  readonly oauth?: OauthSource;
}

/** What an administrator demands of the way to some domains. */
export interface TlsRule {
  /** Lower case; `.example.net` is every domain below. */
  readonly domains: readonly string[];
  readonly level: 'none' | 'opportunistic' | 'encrypt' | 'verify' | 'dane';
  /** With `verify`: names, `.example.net`, `hostname`, `nexthop`. Default: hostname. */
  readonly match?: readonly string[];
}

export interface OutboundTlsConfig {
  readonly dane: boolean;
  readonly mtaSts: boolean;
  /** 443 outside of rehearsals. */
  readonly mtaStsPort: number;
  readonly rules: readonly TlsRule[];
}

/** A setting that was read but does nothing in this version. */
export interface ConfigWarning {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly message: string;
}

export interface Config {
  /** The file this came from; '' when made by a program. */
  readonly file: string;
  readonly hostname: string;
  /** Domain for addresses without one, in the drop-ins. Default: hostname. */
  readonly origin?: string;
  readonly dataDir: string;
  readonly storage: 'sqlite';
  readonly listen: Listeners;
  /** `nextKey`: of the certificate to come, for its TLSA record. */
  readonly tls: { readonly certificate?: string; readonly key?: string; readonly nextKey?: string };
  readonly dns: {
    /** Empty: the system's (/etc/resolv.conf). */
    readonly servers: readonly HostPort[];
    /** Believe the AD bit of these servers (RFC 4035 §4.9.3). Default: only of loopback servers. */
    readonly trustAd: boolean;
    /** Absent: none. */
    readonly providers?: readonly DnsProviderConfig[];
    /** Absent: DEFAULT_DNS_POLICY. */
    readonly policy?: DnsPolicyConfig;
  };
  readonly networks: {
    /** CIDR; may relay without AUTH and log in without TLS. Default 127.0.0.0/8 and ::1/128. */
    readonly trusted: readonly string[];
    /** CIDR; may log in to IMAP, POP3 and ManageSieve without TLS, and no more than that. Default none. */
    readonly cleartextLogin: readonly string[];
    /** CIDR of proxies whose PROXY protocol header is believed and required. Default none. */
    readonly proxies: readonly string[];
  };
  readonly smtp: {
    /** Bytes; advertised by SIZE. Default 50 MiB. */
    readonly maxMessageSize: number;
    readonly maxRecipients: number;
    readonly maxConnections: number;
    readonly maxConnectionsPerClient: number;
    /** Session threads; 0: none. Default: as many as processors, at most 4. */
    readonly threads?: number;
  };
  readonly outbound: {
    readonly protocols: readonly ('ipv4' | 'ipv6')[];
    readonly port: number;
    readonly ips: readonly OutboundIp[];
    /** The first that fits is used, else the pool `default`. */
    readonly pools?: readonly OutboundPool[];
    readonly fallbacks?: readonly FallbackConfig[];
    /** PEM file of extra CAs for verified TLS (the lab's); default: Node's bundled roots. */
    readonly caFile?: string;
  };
  readonly relay?: RelayConfig;
  readonly queue: {
    /** Milliseconds a message may wait before it is returned. Default 5 days. */
    readonly lifetimeMs: number;
    /** Milliseconds a bounce may wait. Default 5 days. */
    readonly bounceLifetimeMs: number;
    /** Milliseconds: first and longest wait between attempts; between them it doubles. Default 5 min, 4 h. */
    readonly retryMinMs: number;
    readonly retryMaxMs: number;
    /** What becomes of a message when the receiver refuses the source for good. Default `requeue`. */
    readonly onBlock?: 'requeue' | 'hold' | 'bounce';
    /** Who is told of it; default postmaster@ the host name. */
    readonly notify?: string;
    /** Milliseconds after which a sender is told that a message is late; 0: never. Default 4 h. */
    readonly delayNoticeMs?: number;
  };
  /** Absent: the defaults. */
  readonly shaping?: ShapingConfig;
  readonly sites?: readonly SiteConfig[];
  readonly outboundTls: OutboundTlsConfig;
  /** Absent: the defaults (DEFAULT_LOGIN). */
  readonly login?: LoginConfig;
  /** What an account may send, unless it has limits of its own in the store. */
  readonly quota: {
    /** In a clock hour. Default 1000. */
    readonly messagesPerHour: number;
    /** In a clock hour. Default 5000. */
    readonly recipientsPerHour: number;
    /** In 24 hours. Default 20000. */
    readonly recipientsPerDay: number;
    /** Hold the mail of an account that suddenly writes to far more strangers than ever. Default true. */
    readonly brake: boolean;
  };
  /** Absent: the defaults (DEFAULT_MAILBOX, DEFAULT_RETENTION). */
  readonly mailbox?: MailboxConfig;
  readonly retention?: RetentionConfig;
  readonly dkim: {
    /** Algorithms to sign with, of those a domain has keys for. Default both. */
    readonly sign: readonly ('rsa' | 'ed25519')[];
    /** Milliseconds after which a key is replaced by itself; 0 or absent: never. */
    readonly rotateEveryMs?: number;
    /** Milliseconds that the record of an old key stays. Default 7 days. */
    readonly keepAfterRotationMs?: number;
    /** Key changes publish and withdraw their own records where a provider of ours hosts the zone. Default true. */
    readonly publish?: boolean;
  };
  /** Absent: the defaults (DEFAULT_HTTP). */
  readonly http?: HttpConfig;
  /** Absent: the defaults (DEFAULT_SIEVE). */
  readonly sieve?: SieveConfig;
  readonly forwarding: {
    /** Strangers' mail that an alias leads elsewhere gets a return path of ours (SRS). Default true. */
    readonly rewriteSender: boolean;
    /** Of these return paths, in A-labels. Default: the alias's domain. */
    readonly srsDomain?: string;
    /** Default true. */
    readonly arcSeal: boolean;
  };
  readonly bounces: {
    /** Which mail gets a sender for each copy (mail/verp.ts); `bulk`: that of our own domains besides what asks. Default `requested`. */
    readonly verp: 'requested' | 'bulk';
  };
  readonly authentication: {
    /** Refuse at SMTP time what DMARC p=reject says to reject. Default true. */
    readonly dmarcReject: boolean;
    /** d= of ARC sealers whose chain may override a DMARC failure. Default none. */
    readonly trustedSealers: readonly string[];
  };
  readonly preflight: {
    /** What to do with a message that its receiver is known to refuse. Default warn: send it, and keep the finding. */
    readonly mode: 'warn' | 'hold' | 'refuse' | 'off';
    /** Judge what it says, too: links, words, parts, domains on lists. Default false. */
    readonly content: boolean;
  };
  /** Absent: the defaults (DEFAULT_DOCTOR). */
  readonly doctor?: DoctorConfig;
  /** Absent: the defaults (DEFAULT_GUARD). */
  readonly guard?: GuardConfig;
  /** Absent: DEFAULT_PLACEMENT. */
  readonly placement?: PlacementConfig;
  /** Absent: the defaults (DEFAULT_FEEDBACK). */
  readonly feedback?: FeedbackConfig;
  /** Absent: the defaults (DEFAULT_REPORTS). */
  readonly reports?: ReportsConfig;
  /** Absent: none. */
  readonly dashboards?: readonly DashboardConfig[];
  readonly log: { readonly format: 'json' | 'postfix'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly file?: string };
  /** Milliseconds that SIGTERM waits for sessions and deliveries to finish. Default 30 s. */
  readonly shutdownTimeoutMs: number;
  /** To be logged at start as `config.warning`; absent when there are none. */
  readonly warnings?: readonly ConfigWarning[];
}
