/** Limits of accounts and of finding out who logs in. The rules of base/limits.ts hold. */

export const ACCOUNT_LIMITS = {
  /** Most app passwords of one account. */
  appPasswordsMax: 50,
} as const;
