/** What every ManageSieve command is, and what it sees of its session; listed in registry.ts. */
import type { Clock } from '../../base/clock.ts';
import type { ManageSieveArgument } from '../../wire/managesieve/command.ts';
import type { ScriptStore } from '../../store/clients/scripts.ts';
import type { ClientConnection } from '../connection/client-connection.ts';
import type { SignIn, SignInPorts } from '../sign-in.ts';

export interface ManageSievePorts extends SignInPorts {
  readonly scripts: ScriptStore;
  readonly clock: Pick<Clock, 'now'>;
  /** Told in the greeting. */
  readonly hostname: string;
}

/** RFC 5804 §1.3; with an argument that is a string. */
export type ResponseCode =
  | 'AUTH-TOO-WEAK' | 'ENCRYPT-NEEDED' | 'QUOTA/MAXSIZE' | 'QUOTA/MAXSCRIPTS' | 'TRYLATER' | 'ACTIVE' | 'NONEXISTENT' | 'ALREADYEXISTS' | 'WARNINGS'
  | { readonly name: 'TAG'; readonly value: string };

export interface ManageSieveSession {
  readonly ports: ManageSievePorts;
  readonly connection: ClientConnection;
  readonly signIn: SignIn;
  /** Before log-in a bug. */
  readonly account: string;
  readonly isLoggedIn: boolean;
  logOut(): void;
  ok(text: string, code?: ResponseCode): void;
  no(text: string, code?: ResponseCode): void;
  /** Lines of an answer before its `OK`. */
  write(text: string): void;
  /** A string that the client sends by itself, as in AUTHENTICATE. */
  readString(): Promise<Buffer | 'malformed' | 'closed'>;
  /** The session ends behind what was answered. */
  leave(): void;
}

export interface ManageSieveCommand {
  /** In capitals. */
  readonly name: string;
  readonly when: 'before log-in' | 'logged in' | 'always';
  /** One letter for each argument: `s` a string, `n` a number, `?` makes the last one optional. */
  readonly signature: string;
  /** A Failure that it throws becomes NO; any other error is a bug and ends the session. */
  readonly run: (session: ManageSieveSession, values: readonly ManageSieveArgument[]) => Promise<void> | void;
}

/** The argument at this place, as text; undefined when it is no UTF-8. */
export function textOf(values: readonly ManageSieveArgument[], at: number): string | undefined {
  const value = values[at];
  if (value?.kind !== 'string') return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value.bytes);
  } catch {
    return undefined;
  }
}
