/**
 * What an SMTP server is made with: settings, and the ports through which it asks everything it does not know itself.
 */
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Config, HostPort } from '../../config/config.ts';
import type { IprevReport } from '../../contract/auth-report.ts';
import type { Directory, Login } from '../../contract/directory.ts';
import type { ReturnPaths } from '../../contract/forwarding.ts';
import type { MailboxRoom } from '../../contract/mailbox-room.ts';
import type { Intake } from '../../contract/message.ts';
import type { CheckRecipient } from '../../contract/recipient-check.ts';
import type { ConnectionTally } from './tally.ts';

/**
 * `smtp`: port 25, mail for us from everybody; `submission`: STARTTLS, then login; `submissions`: TLS from the first
 * byte, then login; `lmtp`: mail for our mailboxes from other servers of ours (RFC 2033), which must be in
 * networks.trusted or at a Unix socket; `local`: the socket of the `sendmail` drop-in, whose clients are this machine's
 * own users.
 */
export type SmtpService = 'smtp' | 'submission' | 'submissions' | 'lmtp' | 'local';

/** Hashes the body while it arrives: SHA-256 of the DKIM relaxed canonical form. */
export interface BodyHasher {
  update(chunk: Buffer): void;
  digest(): Buffer;
}

export interface SmtpServerPorts {
  readonly intake: Intake;
  readonly directory: Directory;
  /** Where bounces of forwarded mail come back to; default: nowhere. */
  readonly returnPaths?: ReturnPaths;
  readonly login: Login;
  /** Is there room for a message of so many bytes? Default: there always is. */
  readonly mailboxRoom?: MailboxRoom;
  /** For relay domains whose inner server is to be asked; default: all addresses of them are taken. */
  readonly checkRecipient?: CheckRecipient;
  readonly clock: Clock;
  readonly log: Log;
  /** The forward-confirmed PTR name; asked once for each connection, waited for only when a message has come. */
  readonly clientName: (address: string) => Promise<Pick<IprevReport, 'result' | 'name'>>;
  /** False: new mail is answered 452 until it is true again. */
  readonly hasDiskSpace: () => boolean;
  /** Large messages wait here while they arrive; made when missing. */
  readonly spoolDir: string;
  /** Asked for each message of our own users; undefined when no hash is needed, which is also the default. */
  readonly createBodyHasher?: () => BodyHasher | undefined;
}

export interface SmtpServerOptions {
  readonly service: SmtpService;
  /** Addresses, or the path of a Unix socket. */
  readonly listen: readonly HostPort[] | string;
  /** Greeting and EHLO name. */
  readonly hostname: string;
  readonly config: Pick<Config, 'smtp' | 'networks' | 'mailbox'>;
  /** Asked for each handshake, so that a new certificate needs no restart; without one TLS is not offered. */
  readonly secureContext: () => SecureContext | undefined;
  readonly ports: SmtpServerPorts;
  /** Other servers listen on the same addresses (SO_REUSEPORT); whoever starts them made sure that they are ours. Default false. */
  readonly sharesAddresses?: boolean;
  /** Counts the connections; default: those of this server alone. */
  readonly tally?: ConnectionTally;
  /** Milliseconds that a client must wait in silence for the greeting; default 0: only what came at once is too early. */
  readonly greetingDelayMs?: number;
}
