/**
 * The key of a message's content in the store: when it came, then the SHA-256 of its bytes. Keys grow with time, so that the
 * rows of new messages stand beside each other, however many wait: a bare digest would touch a page of its own in a large
 * tree for each message that comes and goes (docs/decisions/0266-content-keys-grow-with-time.md). To everybody but the few
 * here a key is opaque; content that is brought in (APPEND, imports) still has its bare digest, so that copies are found.
 */
const SHA256_HEX_CHARS = 64;
const TIME_HEX_CHARS = 8;

/** `sha256` in hex; `at` in milliseconds since 1970. */
export function contentKey(sha256: string, at: number): string {
  return `${Math.max(0, Math.floor(at / 1000)).toString(16).padStart(TIME_HEX_CHARS, '0').slice(-TIME_HEX_CHARS)}${sha256}`;
}

/** The SHA-256 within a key, in hex. */
export function digestInKey(key: string): string {
  return key.slice(-SHA256_HEX_CHARS);
}

/** Of both forms. */
export function isContentKey(text: string): boolean {
  return /^(?:[0-9a-f]{8})?[0-9a-f]{64}$/.test(text);
}
