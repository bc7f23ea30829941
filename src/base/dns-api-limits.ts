/** Limits of talking to DNS providers over HTTP. The rules of base/limits.ts hold. */

export const DNS_API_LIMITS = {
  requestMs: 20_000,
  /** One listing or one application, waits for the provider's rate limit included. */
  operationMs: 120_000,
  /** After a refusal for its rate limit that names no time; doubled each time. */
  firstPauseMs: 1_000,
  attemptsMax: 8,
  /** Questions repeated after an answer 5xx or a broken connection. Changes are not. */
  questionAttemptsMax: 3,
  answerBytesMax: 8 * 1024 * 1024,
  /** Of a provider's words that we pass on. */
  explanationCharsMax: 300,
  /** Pages of one listing. */
  pagesMax: 2_000,
  /** Requests at once, where a provider has one request for each record. */
  requestsAtOnce: 4,
  /** Looking whether a change is done, where a provider makes it later. */
  actionPollMs: 500,
} as const;
