/** Limits of key changes, and of the search for what happened to a signed message. The rules of base/limits.ts hold. */

export const DKIM_ROTATION_LIMITS = {
  /** Domains whose keys are made, published and looked for side by side. */
  domainsAtOnce: 12,
  /** A key file that no key of the store names is deleted when it is so old. */
  unusedKeyKeptMs: 30 * 86_400_000,
} as const;

export const DKIM_DIAGNOSIS_LIMITS = {
  /** Larger bodies are hashed, but not searched. */
  bodyBytesMax: 4 * 1024 * 1024,
  /** Lines at the end that may be a footer. */
  footerLinesMax: 400,
  /** Lines at the beginning that may be a banner. */
  bannerLinesMax: 20,
  /** Footers inside of MIME parts that are looked at. */
  innerFootersMax: 20,
  /** Changed headers that are tried, alone and in pairs; each costs one hash, or one signature check for Ed25519. */
  headerTrialsMax: 4000,
  headerTrialsEd25519Max: 400,
  /** Guesses for one field. */
  guessesPerFieldMax: 12,
} as const;
