/**
 * App passwords: one for each program or device, good for some services only, made here and shown once.
 *
 * Kept is an HMAC under a secret of the store, no argon2id: there are 99 random bits in one, which nobody guesses, and an
 * account with thirty of them must not cost thirty hashes for each log-in (docs/decisions/0185). Spaces, dashes and
 * capitals do not matter when it is typed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { LoginService } from '../contract/directory.ts';
import type { StoredAppPassword } from '../store/ops/app-passwords.ts';

/** What an app password may open. */
export const APP_PASSWORD_SCOPES = ['imap', 'pop3', 'smtp', 'sieve'] as const;
export type AppPasswordScope = (typeof APP_PASSWORD_SCOPES)[number];

/** Name of the secret in the store. */
export const APP_PASSWORD_SECRET = 'app-passwords';
/** Longer ones are none of ours. */
const CHARS_MAX = 64;

export function appPasswordDigest(secret: Buffer, account: string, password: string): Buffer {
  const plain = password.slice(0, CHARS_MAX + 1).toLowerCase().replaceAll(/[\s-]/g, '');
  return createHmac('sha256', secret).update(`${account}\0${plain}`).digest();
}

/** The one with this digest; compares with all, in constant time each. */
export function findAppPassword(digest: Buffer, stored: readonly StoredAppPassword[]): StoredAppPassword | undefined {
  let found: StoredAppPassword | undefined;
  for (const one of stored) if (one.digest.length === digest.length && timingSafeEqual(one.digest, digest)) found = one;
  return found;
}

/** `other` services (Dovecot protocol) have no scope of their own: only one that is good for all fits. */
export function fitsService({ scopes }: Pick<StoredAppPassword, 'scopes'>, service: LoginService): boolean {
  const given = scopes.split(' ');
  if (service === 'other') return APP_PASSWORD_SCOPES.every((scope) => given.includes(scope));
  return given.includes(service);
}
