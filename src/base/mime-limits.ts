/** Limits of reading messages: their header and how they are built. The rules of base/limits.ts hold. */

/** MIME parsing of hostile messages. */
export const MIME_LIMITS = {
  depthMax: 50,
  partsMax: 1000,
  headerFieldsMax: 2000,
  boundaryBytesMax: 70,
  /** What is read of the header of one part, and of all of a message: what is read is kept, and told to clients. */
  partHeaderBytesMax: 256 * 1024,
  headersBytesMax: 2 * 1024 * 1024,
  /** Of all envelopes of a message; an address takes three times as much room in From as it has there. */
  envelopeAddressesMax: 20_000,
} as const;
