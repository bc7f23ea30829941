/** Limits of the doctor. The rules of base/limits.ts hold. */

export const DOCTOR_LIMITS = {
  /** One check has to answer within this time, or nobody knows. */
  checkMs: 15_000,
} as const;
