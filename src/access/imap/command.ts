/**
 * What every IMAP command is, and what it may do: one command, one file in commands/, listed in registry.ts.
 *
 * A command is parsed to its end before anything is done, so that a malformed one changes nothing. Commands of a session run one after
 * another, in the order they came: RFC 9051 §5.5 then has no ambiguity left, and a client may pipeline what it likes. `run` writes untagged
 * answers to `session.out` and returns what the tagged line says; after it, the session tells the selected mailbox's news and writes that line.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Login } from '../../contract/directory.ts';
import type { FolderId, MailboxPorts, Rights } from '../../contract/mailbox.ts';
import type { FetchItem } from '../../wire/imap/fetch-items.ts';
import type { ResponseBatch } from '../../wire/imap/response-batch.ts';
import type { Outcome } from '../../wire/imap/response.ts';
import type { ImapScanner } from '../../wire/imap/scanner.ts';
import type { ClientConnection } from '../connection/client-connection.ts';
import type { LiveFolders } from '../mailbox/live-folders.ts';
import type { MailboxNames } from '../mailbox/namespace.ts';
import type { SignIn } from '../sign-in.ts';
import type { StructureTexts } from './fetch/structure-texts.ts';
import type { ThreadMails } from './search/thread-mails.ts';

/** RFC 9051 §3; the fourth, logout, accepts nothing. */
export type ImapState = 'not-authenticated' | 'authenticated' | 'selected';

export const ANY_STATE: readonly ImapState[] = ['not-authenticated', 'authenticated', 'selected'];
export const LOGGED_IN: readonly ImapState[] = ['authenticated', 'selected'];
export const SELECTED: readonly ImapState[] = ['selected'];

export interface Command<A = unknown> {
  /** In capitals; `UID FETCH` for the form that names UIDs. */
  readonly name: string;
  readonly states: readonly ImapState[];
  /**
   * Its answers name messages by sequence number, so that no EXPUNGE may be told while it runs nor right behind it: FETCH, STORE, SEARCH
   * and their like, not their UID forms (RFC 9051 §7.5.1). Default false.
   */
  readonly holdsExpunges?: boolean;
  /** Its literals are messages: they may be as large as a message, and lie in a file. Default false. */
  readonly takesMessages?: boolean;
  /**
   * With `takesMessages`: why a message of `bytes` need not be sent at all, decided from the text before its literal. Undefined: it may be sent,
   * or that text cannot be read yet.
   */
  readonly refuseMessage?: (session: ImapSession, scanner: ImapScanner, bytes: number) => Promise<Outcome | undefined>;
  /** It waits for more of the client, so that its taking long is no work (IDLE, AUTHENTICATE). Default false. */
  readonly isDialogue?: boolean;
  /** Reads the arguments, from the space behind the name (if any) to the end of the line. Throws ImapSyntaxError, which becomes a tagged BAD. */
  readonly parse: (scanner: ImapScanner, context: ParseContext) => A;
  /** A Failure that it throws becomes a tagged NO (failure-outcome.ts); any other error NO [SERVERBUG], and a line in the log. */
  readonly run: (session: ImapSession, argument: A) => Promise<Outcome> | Outcome;
}

/** Ties the type of the argument between `parse` and `run`, then forgets it. */
export function defineCommand<A>(command: Command<A>): Command {
  return command as unknown as Command;
}

/** For commands without arguments. */
export function noArguments(scanner: ImapScanner): void {
  scanner.end();
}

export interface ParseContext {
  readonly enabled: EnabledExtensions;
}

/** What the client has switched on with ENABLE (RFC 5161) or by using it. */
export interface EnabledExtensions {
  /** RFC 7162; QRESYNC switches it on as well. */
  readonly condstore: boolean;
  readonly qresync: boolean;
  /** RFC 9051: no RECENT, ESEARCH in place of SEARCH; implies `utf8`. */
  readonly rev2: boolean;
  /** UTF8=ACCEPT (RFC 9755) or IMAP4rev2: names and quoted strings are UTF-8. */
  readonly utf8: boolean;
  /** RFC 9586. */
  readonly uidOnly: boolean;
}

export type EnableName = 'CONDSTORE' | 'QRESYNC' | 'IMAP4REV2' | 'UTF8=ACCEPT' | 'UIDONLY';

/** What a session needs of the program around it. */
export interface ImapPorts {
  readonly mailboxes: MailboxPorts;
  /** One for all sessions of the thread. */
  readonly liveFolders: LiveFolders;
  /** The same. */
  readonly structures: StructureTexts;
  /** The same. */
  readonly threadMails: ThreadMails;
  readonly login: Login;
  readonly clock: Clock;
  readonly log: Log;
  /** Told in the greeting. */
  readonly hostname: string;
  /** Largest message of APPEND, in bytes; told as APPENDLIMIT. */
  readonly messageBytesMax: number;
}

/** What a command sees of its session. */
export interface ImapSession {
  readonly ports: ImapPorts;
  readonly state: ImapState;
  /** Who logged in, as addressKey. Before log-in a bug. */
  readonly account: string;
  /** Names as this user sees them. Before log-in a bug. */
  readonly names: MailboxNames;
  readonly enabled: EnabledExtensions;
  enable(name: EnableName): void;
  /** Aborted when the connection is gone or the server ends. */
  readonly signal: AbortSignal;
  /** For what is about the connection itself: TLS, compression, time limits. Answers go through `out`. */
  readonly connection: ClientConnection;
  /** The capabilities as they are now, as CAPABILITY tells them. */
  readonly capabilities: string;
  /** Runs `task` once the tagged line is written: TLS and compression begin behind it. */
  afterReply(task: () => Promise<void> | void): void;
  /** Checks who somebody is (LOGIN, AUTHENTICATE). */
  readonly signIn: SignIn;
  /** From here on the session is that of `account`, which `signIn` has let in. */
  enter(account: string): void;
  /** UNAUTHENTICATE (RFC 8437): as it was before log-in. */
  forgetLogin(): void;
  /** The session ends behind the tagged line. */
  leave(): void;

  readonly selected: SelectedMailbox | undefined;
  /** Takes the place of the one before, which is closed; undefined: none. */
  select(mailbox: SelectedMailbox | undefined): void;

  /** Of the command that runs: ESEARCH names it (RFC 4731 §3.1). */
  readonly tag: string;
  /** NOTIFY, when it is in force; who replaces it stops it. The session stops it at its end. */
  notification: SessionNotification | undefined;

  /** Answers are collected here; whole lines, except around `sendLiteral`. */
  readonly out: ResponseBatch;
  /** Hands what is collected to the socket, and waits while the client reads too slowly. Rejects when the connection is gone. */
  flush(): Promise<void>;
  /** The same when a batch is full; undefined when there is nothing to wait for, so that loops need not await. */
  flushWhenFull(): Promise<void> | undefined;
  /** A literal of any size, with its announcement; `end` exclusive, default the whole. */
  sendLiteral(content: ByteSource, options?: { readonly start?: number; readonly end?: number; readonly binary?: boolean }): Promise<void>;
  /** Long commands call this now and then, at the start of a line: tells INPROGRESS (RFC 9585) when it is time. */
  progress(done?: number, total?: number): void;

  /** `+ text`, then the client's next line, as bytes without CRLF (IDLE, AUTHENTICATE). Rejects when the connection ends or `timeoutMs` is over. */
  ask(text: string, timeoutMs: number): Promise<Buffer>;
  /**
   * Runs `task` when no command is being read or run (NOTIFY, RFC 5465 §5), or at once within `ask`; its output is flushed. One that waits
   * already is not queued twice when it is the same function.
   */
  whenQuiet(task: () => Promise<void> | void): void;
}

/** What the client has asked for with NOTIFY (RFC 5465). */
export interface SessionNotification {
  /** Undefined: as without NOTIFY. */
  readonly selected: { readonly flags: boolean; readonly fetch: readonly FetchItem[] } | undefined;
  stop(): void;
}

/** The selected mailbox, as the session and commands without machinery of their own see it (I2's live folder behind it). */
export interface SelectedMailbox {
  readonly folder: FolderId;
  /** As this user sees it. */
  readonly name: string;
  readonly readOnly: boolean;
  readonly rights: Rights;
  /** The client knows of every change up to this one. */
  readonly toldModseq: number;
  /** Writes what is new to `session.out`: EXISTS, RECENT, FETCH of flags, and, when `expunges` are told, EXPUNGE or VANISHED (RFC 9051 §5.2, §7.5.1). */
  sync(session: ImapSession, options: { readonly expunges: 'told' | 'held' }): Promise<void>;
  /** Resolves when changes up to that MODSEQ are known, so that `sync` tells them: for commands that put something into it by themselves. */
  reach(modseq: number): Promise<void>;
  /** Resolves when all changes that were heard of are known. */
  settle(): Promise<void>;
  /** Lets go of what it holds; writes nothing. */
  close(): void;
}
