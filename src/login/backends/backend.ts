/**
 * A back end: somebody else who knows users and their passwords. A file, a directory, a database, a Dovecot.
 *
 * Policy: what cannot be answered now is thrown as a temporary Failure `login-backend-down`, and ends the log-in there:
 * never "wrong password", and never the next back end's turn, which might let somebody in who was shut out here.
 */
import { Failure } from '../../base/errors.ts';

/** The user name in the form of addressKey, with its parts. */
export interface BackendUser {
  readonly user: string;
  readonly local: string;
  readonly domain: string;
}

export type BackendAnswer =
  /** `address`: of the mailbox, where it is another than the user name. */
  | { readonly kind: 'ok'; readonly address?: string }
  /** It knows the user: nobody else is asked. */
  | { readonly kind: 'wrong' }
  | { readonly kind: 'disabled' }
  /** It does not know the user, or does not tell a wrong password from an unknown user: the next one is asked. */
  | { readonly kind: 'unknown' };

export interface LoginBackend {
  readonly name: string;
  check(user: BackendUser, password: string): Promise<BackendAnswer>;
  /** Undefined: it cannot tell without the password. */
  exists(user: BackendUser): Promise<boolean | undefined>;
  close(): Promise<void>;
}

/** `cause` goes to the log, with no secret in it. */
export function backendDown(name: string, detail: string, cause?: unknown): Failure {
  return new Failure('login-backend-down', `the log-in back end ${name} does not answer: ${detail}`, { cause });
}

export function backendUser(user: string): BackendUser {
  const at = user.lastIndexOf('@');
  return at < 0 ? { user, local: user, domain: '' } : { user, local: user.slice(0, at), domain: user.slice(at + 1) };
}
