/** What every POP3 command is, and what it sees of its session: one command, one file in commands/, listed in registry.ts. */
import type { Log } from '../../base/log.ts';
import type { MailboxPorts } from '../../contract/mailbox.ts';
import type { ClientConnection } from '../connection/client-connection.ts';
import type { SignIn, SignInPorts } from '../sign-in.ts';
import type { Maildrop } from './maildrop.ts';
import type { MaildropLocks } from './maildrop-locks.ts';

/** RFC 1939 §3; UPDATE takes no commands. */
export type Pop3State = 'authorization' | 'transaction';

export interface Pop3Ports extends SignInPorts {
  readonly mailboxes: Pick<MailboxPorts, 'folders' | 'messages' | 'mails'>;
  /** One for all sessions of the thread. */
  readonly locks: MaildropLocks;
  readonly log: Log;
  /** Told in the greeting. */
  readonly hostname: string;
}

export interface Pop3Session {
  readonly ports: Pop3Ports;
  readonly connection: ClientConnection;
  readonly signIn: SignIn;
  readonly state: Pop3State;
  /** Of the last USER; '' when there was none. */
  user: string;
  /** The locked one. Before log-in a bug. */
  readonly maildrop: Maildrop;
  /** Locks and reads the maildrop of the account that has just logged in; answers. */
  open(account: string): Promise<void>;
  /** UPDATE (RFC 1939 §6): carries out what was ordered and frees the maildrop. */
  close(): Promise<void>;
  /** The session ends behind what was answered. */
  leave(): void;
  /** `+OK text`. */
  ok(text: string): void;
  /** `-ERR [code] text`; codes of RFC 2449 and RFC 3206. */
  fail(text: string, code?: 'IN-USE' | 'AUTH' | 'SYS/TEMP' | 'SYS/PERM'): void;
  /** Behind `ok`: lines that need no stuffing, and the dot. False when the client is gone. */
  list(lines: Iterable<string>): Promise<boolean>;
}

export interface Pop3Command {
  /** In capitals. */
  readonly name: string;
  readonly states: readonly Pop3State[];
  /** A Failure that it throws becomes -ERR; any other error is a bug and ends the session. */
  readonly run: (session: Pop3Session, argument: string) => Promise<void> | void;
}

export const BEFORE_LOGIN: readonly Pop3State[] = ['authorization'];
export const LOGGED_IN: readonly Pop3State[] = ['transaction'];
export const ALWAYS: readonly Pop3State[] = ['authorization', 'transaction'];
