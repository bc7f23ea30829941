/**
 * Names and fields of the log events that tell the story of a session and a message. The classic maillog lines
 * (maillog.ts) are made from these and from nothing else; whoever logs one fills the fields of its type:
 * `log.info(LOG_EVENTS.accepted, fields satisfies LogEventFields['message.accepted'])`.
 * Addresses are without angle brackets; '' is the null sender. Times are in milliseconds.
 */
export const LOG_EVENTS = {
  smtpConnected: 'smtp.connected',
  smtpDisconnected: 'smtp.disconnected',
  smtpClient: 'smtp.client',
  smtpRejected: 'smtp.rejected',
  smtpLostConnection: 'smtp.lost-connection',
  smtpTooManyErrors: 'smtp.too-many-errors',
  smtpPipelining: 'smtp.improper-pipelining',
  smtpTlsEstablished: 'smtp.tls-established',
  loginFailed: 'smtp.login-failed',
  accepted: 'message.accepted',
  queueActive: 'queue.active',
  deliveryOutcome: 'delivery.outcome',
  queueRemoved: 'queue.removed',
  dsnSent: 'dsn.sent',
  sendingBlocked: 'sending.blocked',
  accessLogin: 'access.login',
  accessLoginFailed: 'access.login-failed',
} as const;
export type LogEventName = (typeof LOG_EVENTS)[keyof typeof LOG_EVENTS];

export interface ClientFields {
  readonly clientAddress: string;
  /** Forward-confirmed PTR name; absent is logged as `unknown`. */
  readonly clientName?: string;
  /** Which listener: `smtp`, `submission`, `submissions`; default smtp. */
  readonly service?: string;
}

export interface AccessFields {
  readonly service: string;
  readonly clientAddress: string;
  /** SASL mechanism, or the command of the protocol. */
  readonly mechanism: string;
  readonly tls: boolean;
}

export type SmtpStage = 'CONNECT' | 'EHLO' | 'HELO' | 'LHLO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'BDAT' | 'END-OF-MESSAGE' | 'VRFY' | 'ETRN' | 'UNKNOWN';

export interface LogEventFields {
  'smtp.connected': ClientFields;
  'smtp.disconnected': ClientFields & {
    /** Commands seen and, behind the slash, how many there were in all when some failed: `{ehlo: [1, 1], auth: [0, 2]}`. */
    readonly commands?: Readonly<Record<string, readonly [ok: number, all: number]>>;
  };
  /** The first accepted recipient of a transaction: its id and who gave it. */
  'smtp.client': ClientFields & { readonly id: string; readonly saslMethod?: string; readonly saslUsername?: string };
  'smtp.rejected': ClientFields & {
    readonly stage: SmtpStage;
    readonly code: number;
    readonly enhanced?: string;
    /** Our own reply text. */
    readonly text: string;
    readonly from?: string;
    readonly to?: string;
    readonly helo?: string;
    /** SMTP or ESMTP. */
    readonly proto?: string;
    /** Present when the transaction had an id already. */
    readonly id?: string;
  };
  'smtp.lost-connection': ClientFields & { readonly after: SmtpStage };
  'smtp.too-many-errors': ClientFields & { readonly after: SmtpStage };
  'smtp.improper-pipelining': ClientFields & { readonly after: SmtpStage };
  'smtp.tls-established': ClientFields & { readonly version: string; readonly cipher: string };
  'smtp.login-failed': ClientFields & { readonly mechanism: string; readonly reason: string; readonly username?: string };
  /** A user logged in, or failed to, over `imap`, `pop3` or `sieve`. */
  'access.login': AccessFields & { readonly account: string; /** Its name, when one was used. */ readonly appPassword?: string };
  'access.login-failed': AccessFields & { readonly reason: string; readonly username?: string };
  'message.accepted': { readonly id: string; readonly messageId?: string };
  'queue.active': { readonly id: string; readonly from: string; readonly sizeBytes: number; readonly recipients: number };
  'delivery.outcome': {
    readonly id: string;
    readonly to: string;
    readonly originalTo?: string;
    /** Host name; absent when none was reached. */
    readonly relay?: string;
    readonly relayAddress?: string;
    readonly port?: number;
    readonly delays: { readonly a: number; readonly b: number; readonly c: number; readonly d: number };
    /** Enhanced status code, e.g. `2.0.0`. */
    readonly dsn: string;
    readonly status: 'sent' | 'deferred' | 'bounced' | 'expired';
    /** In one line. */
    readonly reply: string;
    readonly transport: 'smtp' | 'local' | 'error';
  };
  'queue.removed': { readonly id: string };
  /** A receiver refuses this server; once a day for each source, site and signing domain. */
  'sending.blocked': {
    /** The message that met it. */
    readonly id: string;
    readonly source: string;
    readonly site: string;
    readonly dkimDomain: string;
    readonly mx: string;
    readonly reply: string;
    readonly rule: string;
    readonly culprit: string;
    readonly meaning: string;
    readonly nextStep: string;
  };
  'dsn.sent': { readonly id: string; readonly dsnId: string; readonly kind: 'failure' | 'delay' | 'success' };
}
