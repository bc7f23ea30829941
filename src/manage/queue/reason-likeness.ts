/** When two reasons to wait are the same one for people. Pure. */

/** The same for reasons that differ in numbers, times and `recipient` only. */
export function likeness(reason: string, recipient?: string): string {
  return (recipient === undefined ? reason : reason.replaceAll(recipient, '@')).replaceAll(/[0-9A-Za-z]*\d[0-9A-Za-z]*/g, '#');
}
