/**
 * What a protocol is to the frame that carries its sessions (listener.ts): IMAP, POP3 and ManageSieve are each one of
 * these, and know nothing of sockets.
 */
import type { ClientConnection } from './client-connection.ts';

/** As in LoginContext of contract/directory.ts. */
export type AccessService = 'imap' | 'pop3' | 'sieve';

/** Why the server, not the session, ends a connection. */
export type FarewellReason =
  | 'shutting-down'
  /** Logged in, and silent for too long. */
  | 'idle'
  | 'login-timeout'
  /** In all, or of this client; said instead of the greeting. */
  | 'too-many-connections'
  /** The account was disabled, the password changed, or the like. */
  | 'withdrawn'
  /** `serve` rejected, which is a bug of ours. */
  | 'internal-error';

export interface AccessProtocol {
  readonly service: AccessService;
  /** Milliseconds that a logged-in client may be silent. */
  readonly idleTimeoutMs: number;
  /** One session, from the greeting to the end. The connection is ended when it resolves. */
  serve(connection: ClientConnection): Promise<void>;
  /** A whole line (with CR LF) that tells the client why. */
  farewell(reason: FarewellReason): string;
}
