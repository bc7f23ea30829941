/** Limits of Sieve scripts and of what they may do to one message. The rules of base/limits.ts hold. */

export const SIEVE_LIMITS = {
  /** Largest script. */
  scriptBytesMax: 256 * 1024,
  /** Most scripts of one account, and bytes of all together. */
  scriptsMax: 64,
  accountBytesMax: 2 * 1024 * 1024,
  /** Characters of a script's name (RFC 5804 §1.6 asks for 128 at least). */
  scriptNameCharsMax: 256,
  /** Blocks in blocks, and tests in tests; RFC 5228 §2.10.5 asks for 15 at least. */
  nestingMax: 32,
  /** Problems told of one script; the rest would only repeat them. */
  problemsMax: 30,
  /** Largest number a script can write: RFC 5228 §2.4.1 asks for 2^31 - 1 at least. */
  numberMax: Number.MAX_SAFE_INTEGER,
  /** Commands and tests that one run may execute, included scripts and loops together. */
  stepsMax: 50_000,
  /** Work units of one run: each is about a hundred characters looked at, or a state of a regex; 0.1 to 0.4 µs. */
  workMax: 5_000_000,
  /** Work units after which a run lets others work: it shares its thread with all deliveries. */
  workBetweenPauses: 50_000,
  /** Characters of a variable's value (RFC 5229 §6 asks for 4000 at least); longer ones are cut. */
  variableCharsMax: 16 * 1024,
  /** Characters of a variable's name (RFC 5229 §6 asks for 32 at least). */
  variableNameCharsMax: 128,
  /** Variables of one run (RFC 5229 §6 asks for 128 at least), global ones included. */
  variablesMax: 1_000,
  /** Match variables kept, ${0} included (RFC 5229 §6 asks for ${0} to ${9}). */
  matchValuesMax: 33,
  /** Scripts included in scripts, the first not counted (RFC 6609 §3.2 asks for 3 at least). */
  includeDepthMax: 10,
  /** Scripts that one run may include. */
  includesMax: 64,
  /** Actions of one run; RFC 5228 §10 asks for a bound. */
  actionsMax: 32,
  /** Redirects of one run (RFC 5228 §10). */
  redirectsMax: 5,
  /** Notifications of one run, and their recipients together. */
  notificationsMax: 8,
  notifyRecipientsMax: 16,
  /** Characters of a rejection's or an automatic answer's text. */
  textCharsMax: 64 * 1024,
  /** A regex after its repetitions are written out, and its nesting. */
  regexStatesMax: 10_000,
  regexNestingMax: 50,
  /** Largest n of `{n}` in a regex (RE_DUP_MAX of POSIX). */
  regexRepeatMax: 255,
  /** Decoded bytes of one part that body and extracttext look at: what is decoded and compared without a pause. */
  partBytesMax: 512 * 1024,
  /** Messages up to this size are read whole when a test asks for the body; of larger ones, the beginning. */
  bodyBytesMax: 64 * 1024 * 1024,
  /** Loops in loops of foreverypart (RFC 5703 §3 asks for 3 at least). */
  loopNestingMax: 4,
  /** Bytes that editheader, replace and enclose may add. */
  editBytesMax: 1024 * 1024,
  /** Keys remembered for `duplicate` at the longest (RFC 7352 §3 asks for at least an hour, default a week). */
  duplicateSecondsMax: 90 * 86_400,
  duplicateSecondsDefault: 7 * 86_400,
} as const;
