/** Limits of reading classic mail logs. The rules of base/limits.ts hold. */

export const MAILLOG_LIMITS = {
  /** Longer lines are cut: syslog itself cuts at 2 or 8 KB. */
  lineCharsMax: 8192,
  /** Messages that are under way at one point of the log; the one heard of longest ago is forgotten first. */
  messagesMax: 200_000,
  /** Recipients of one message that are told apart. */
  recipientsMax: 5000,
  /** Failures that are told one by one; all are counted. */
  failuresMax: 20_000,
  /** Causes, sites, clients that are told apart; what comes later is counted together. */
  groupsMax: 2000,
  /** Examples kept of each group. */
  examplesMax: 5,
} as const;
