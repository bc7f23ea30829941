/** Limits of accounts and of finding out who logs in. The rules of base/limits.ts hold. */

export const ACCOUNT_LIMITS = {
  /** Most app passwords of one account. */
  appPasswordsMax: 50,
  appPasswordNameCharsMax: 60,
  /** Rows of the audit of one account, half of them for failures; older ones go first. */
  auditRowsMax: 1000,
  /** Log-ins are written down behind, so long after they happened at most; so many kinds wait at most. */
  auditDelayMs: 2_000,
  auditWaitingMax: 5_000,
  /** An address that an account has logged in from is written down again after so long. */
  knownAddressRefreshMs: 3_600_000,
  /** From such an address one attempt is checked in so long once there were too many wrong ones; it waits, and is not refused. */
  knownAddressPaceMs: 1_000,
  /** RFC 6238 §5.2: steps of 30 seconds that a clock may be wrong, before and after. */
  totpSkewSteps: 1,
  recoveryCodes: 10,
  /** Wrong codes before the next is delayed. */
  totpFailuresBeforeThrottle: 5,
  /** What an LDAP server, a database, another Dovecot, an introspection server may take for one answer. */
  backendTimeoutMs: 10_000,
  /** Connections to one back end, and log-ins that may wait for one. */
  backendConnectionsMax: 8,
  backendWaitingMax: 500,
  /** Idle connections to a back end are closed after so long. */
  backendIdleMs: 60_000,
  /** How long it is remembered that a back end knows an address, or does not; and of how many. */
  existenceCacheMs: 60_000,
  existenceCacheEntriesMax: 10_000,
  /** Of a file of users. */
  userFileBytesMax: 16 * 1024 * 1024,
  /** Rows, entries or bytes of one answer of a back end. */
  backendRowsMax: 2,
  backendLineBytesMax: 16 * 1024,
  /** A token found good is asked about again after so long at the latest. */
  tokenCacheMs: 5 * 60_000,
  tokenCacheEntriesMax: 10_000,
  introspectionBytesMax: 64 * 1024,
  /** Cost of foreign password hashes that is still worth a log-in. */
  bcryptRoundsMax: 14,
  shaCryptRoundsMax: 1_000_000,
  pbkdf2RoundsMax: 2_000_000,
  /** Connections of other programs that ask us (Dovecot protocol), their line length, and open requests of one. */
  authClientsMax: 200,
  authLineBytesMax: 16 * 1024,
  authRequestsMax: 500,
  authHandshakeMs: 30_000,
} as const;
