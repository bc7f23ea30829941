/** Limits of services that read mail (contract/service-mail.ts). The rules of base/limits.ts hold. */

export const SERVICE_LIMITS = {
  /** A service that has not taken a message by then is told to stop, and the message is tried again. */
  takeMs: 120_000,
} as const;
