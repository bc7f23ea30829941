/** Limits of the web server. The rules of base/limits.ts hold. */

export const HTTP_SERVER_LIMITS = {
  /** Of the request line and all header fields together; longer ones are answered 431. */
  headBytesMax: 16 * 1024,
  headerFieldsMax: 100,
  /** A client that has not sent its header by then is answered 408. */
  headTimeoutMs: 10_000,
  /** The same for the whole request. */
  requestTimeoutMs: 30_000,
  /** How often these two are looked at. */
  timeoutCheckMs: 1000,
  /** A connection on which nothing moves for so long is closed. */
  idleTimeoutMs: 30_000,
  /** Between two requests of a connection. */
  keepAliveTimeoutMs: 5000,
  tlsHandshakeTimeoutMs: 10_000,
  /** Connections at once on all listeners together; further ones are closed unanswered. */
  connectionsMax: 512,
  /** The same from one address (IPv6: one /64), proxies that are trusted excepted. */
  connectionsPerClientMax: 20,
  requestsPerConnectionMax: 100,
  /** No route may ask for more. */
  bodyBytesMax: 64 * 1024 * 1024,
  /** Held of all bodies at once, while they come in and while routes look at them; beyond, requests are answered 503. */
  bodiesBytesMax: 64 * 1024 * 1024,
  /** A route that takes longer to answer is given up: 503. */
  answerTimeoutMs: 25_000,
  /** Entries of X-Forwarded-For that are looked at, from the right. */
  forwardedForMax: 20,
} as const;
