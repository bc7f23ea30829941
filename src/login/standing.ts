/**
 * What a log-in rests on, and whether it still stands: a session that lives for days must not outlive the password that
 * opened it.
 *
 * Policy: a stamp names the stored password or app password by a digest. What is kept elsewhere (a back end's password, a
 * token) has no stamp of its own: such a session ends when the account here is closed.
 */
import { createHash } from 'node:crypto';
import type { LoginConfig } from '../config/login-config.ts';
import type { LoginDenial, LoginService, StandingSession } from '../contract/directory.ts';
import type { StoredAppPassword } from '../store/ops/app-passwords.ts';
import type { StoredCredentials } from '../store/ops/directory.ts';
import { fitsService } from './app-password.ts';

const MAIL_SERVICES: readonly LoginService[] = ['smtp', 'imap', 'pop3', 'sieve', 'other'];

/** Of a token, or a password that a back end knows. */
export const STAMP_ELSEWHERE = 'elsewhere';

export function appPasswordStamp({ digest }: StoredAppPassword): string {
  return `app ${createHash('sha256').update(digest).digest('base64')}`;
}

export function passwordStamp({ hash }: Pick<StoredCredentials, 'hash'>): string {
  return `main ${createHash('sha256').update(hash).digest('base64')}`;
}

/** Why the right main password does not open; undefined when it does. */
export function refusalOf({ disabled, shared, secondFactor }: StoredCredentials, service: LoginService, settings: LoginConfig): LoginDenial | undefined {
  if (shared) return 'shared';
  if (disabled) return 'disabled';
  return secondFactor && settings.totpNeedsAppPasswords && MAIL_SERVICES.includes(service) ? 'second-factor' : undefined;
}

/** `known`: the account as it is now. */
export function isWithdrawn(known: StoredCredentials | undefined, { service, stamp }: Pick<StandingSession, 'service' | 'stamp'>, settings: LoginConfig): boolean {
  if (!known || known.disabled || known.shared) return true;
  if (stamp === STAMP_ELSEWHERE) return false;
  const appPassword = known.appPasswords.find((one) => appPasswordStamp(one) === stamp);
  if (appPassword) return !fitsService(appPassword, service);
  return stamp !== passwordStamp(known) || refusalOf(known, service, settings) !== undefined;
}
