/** Limits of moving mail in and out: import, export, backup, verification. The rules of base/limits.ts hold. */

export const TRANSFER_LIMITS = {
  /** Messages that go into one commit. */
  batchMessagesMax: 200,
} as const;
