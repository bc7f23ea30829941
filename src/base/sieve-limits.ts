/** Limits of Sieve scripts and of what they may do to one message. The rules of base/limits.ts hold. */

export const SIEVE_LIMITS = {
  /** Largest script. */
  scriptBytesMax: 256 * 1024,
  /** Most scripts of one account. */
  scriptsMax: 64,
} as const;
