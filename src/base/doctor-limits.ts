/** Limits of the doctor. The rules of base/limits.ts hold. */

export const DOCTOR_LIMITS = {
  /** One check has to answer within this time, or nobody knows. */
  checkMs: 10_000,
  /** When no name server has answered a command anything for so long, it waits longer for none. */
  dnsSilenceMs: 6_000,
  /** One name server that is asked by itself. */
  askServerMs: 3_000,
  /** A mail port that is tried, from the connection to the last reply. */
  probeMs: 8_000,
  /** A recipient's server that is asked by hand: long enough for those that make strangers wait before the greeting. */
  patientProbeMs: 30_000,
  /** All servers of a recipient together: none is begun later. */
  patientProbesMs: 90_000,
  /** A connection to a mail port: long enough for a first packet that was lost, and the second. */
  probeConnectMs: 4_000,
  /** A web service that is asked something. */
  fetchMs: 6_000,
  /** Checks that run at once. */
  checksAtOnceMax: 128,
  /** Mail ports that are tried at once. */
  probesAtOnceMax: 16,
  /** A prober tries the same address again after so long. */
  proberPauseMs: 10_000,
  /** Addresses that a prober remembers for that, and tries at once. */
  proberAddressesMax: 1_000,
  proberAtOnceMax: 20,
  /** The server looks for its own addresses on DNS lists so often. */
  listingsEveryMs: 86_400_000,
  /** What DNS lists said of an address is kept for two years. */
  listingsKeptMs: 730 * 86_400_000,
  listingsShownMax: 200,
  /** Lists of one look at an address. */
  dnsListsMax: 200,
  /** Addresses of one `posthorn ip check`. */
  addressesMax: 64,
} as const;
