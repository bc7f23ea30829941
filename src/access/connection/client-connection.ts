/**
 * A client's connection as a protocol (IMAP, POP3, ManageSieve) sees it: lines and counted bytes in, text and bytes out.
 *
 * A session is one async function that reads until it is told `closed`, whether the client left, was silent for too
 * long, or the server stops (the farewell is said by the frame then). Nothing has to be cleaned up on the connection.
 *
 * Writes are gathered and leave together: when the session waits for the client, when much has come together, and at the
 * latest at the end of the turn of the event loop, so that news for a waiting client need no flush. Who writes much
 * awaits `drained` in between.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { LoginStanding } from '../../contract/directory.ts';
import type { ChannelBindings } from '../../wire/sasl/server-step.ts';

export interface ClientFacts {
  /** IPv4-mapped addresses as IPv4; behind a proxy, whom the proxy names. */
  readonly address: string;
  readonly port: number;
  /** In `networks.trusted` or `networks.cleartext-login`: may log in without TLS, and is no stranger to be counted. */
  readonly trusted: boolean;
}

/** Bytes of a client of a size told before, in memory or in a temporary file. */
export interface ReceivedBytes {
  readonly content: ByteSource;
  /** Removes the file. To be called once, when the content is stored or not wanted. */
  discard(): Promise<void>;
}

export interface ClientConnection {
  readonly client: ClientFacts;
  /** Under TLS. */
  readonly isSecure: boolean;
  /** Passwords may cross this connection as it is: TLS, or a trusted network. */
  readonly plaintextAllowed: boolean;
  /** There is a certificate, and no TLS yet. */
  readonly canStartTls: boolean;
  readonly isCompressed: boolean;
  /** For SCRAM-SHA-256-PLUS; empty without TLS. */
  readonly channelBindings: ChannelBindings;
  /** The account, once `enter` has let it in. */
  readonly account: string | undefined;

  /** More of the client is here already: what could be said at the next pause may wait. */
  readonly hasInput: boolean;
  /** Without its line end (CR LF, or LF alone). `too-long`: more than `bytesMax`; it was read to its end. */
  readLine(bytesMax: number): Promise<Buffer | 'too-long' | 'closed'>;
  /** Exactly so many, in memory: the caller bounds `size`. */
  readBytes(size: number): Promise<Buffer | 'closed'>;
  /** Exactly so many, in a temporary file when it is much. Rejects (temporary Failure) when that cannot be written; the bytes are read then. */
  receive(size: number): Promise<ReceivedBytes | 'closed'>;
  /** Reads so many and forgets them. */
  skip(size: number): Promise<'skipped' | 'closed'>;

  /** Text is sent as UTF-8. After the end of the connection it does nothing. */
  write(data: string | Uint8Array): void;
  /** Sends what was gathered now. */
  flush(): void;
  /** Resolves when the client has read enough for more to be written, at once when it has already; false when it is gone. */
  drained(): Promise<boolean>;
  /** A part of a source (default all), as fast as the client reads. False when the client is gone. Rejects when the source cannot be read. */
  writeSource(source: ByteSource, start?: number, end?: number): Promise<boolean>;

  /**
   * To be called with the positive answer to STARTTLS written: what the client sent behind the command in the clear is
   * dropped (somebody in between may have put it there), then TLS is negotiated. False: it failed and the connection is gone.
   */
  startTls(): Promise<boolean>;
  /** To be called with the positive answer to COMPRESS written (RFC 4978): both directions are compressed from here on. */
  startCompression(): void;

  /**
   * Takes a place among the sessions of the account (sign-in.ts does); false when it has too many. From here on the idle
   * deadline holds instead of that for log-in. Again for the same account it does nothing.
   */
  enter(account: string, standing?: LoginStanding): boolean;
  /** UNAUTHENTICATE (RFC 8437): gives the place back, and the deadline for log-in runs anew. */
  leaveAccount(): void;
  /** Milliseconds that a logged-in client may be silent, from here on; default: `AccessProtocol.idleTimeoutMs`. */
  setIdleTimeout(delayMs: number): void;
  /** Called once, when the connection is over for whatever reason; at once when it is. */
  onClose(then: () => void): void;
  /** Ends the connection behind what was written. `serve` returning does the same. */
  end(): void;
  /** Ends it at once; what was not sent is lost. */
  destroy(): void;
}
