/** Limits of publishing DNS records. */
export const DNS_PUBLISH_LIMITS = {
  /** One question or update to a name server; also one request to a provider's API. */
  requestTimeoutMs: 15_000,
  connectTimeoutMs: 10_000,
  /** Bytes of an answer of a provider's API. */
  answerBytesMax: 32 * 1024 * 1024,
  /** Questions under way on one connection to a primary name server. */
  questionsAtOnce: 16,
  /** Names whose zone is asked for at once. */
  zoneQuestionsAtOnce: 32,
  /** All of a plan or check: what is not known by then is unknown. */
  planTimeoutMs: 180_000,
  /** Domains planned at once. */
  domainsAtOnce: 24,
  /** When so many zones fail before one has worked, the provider is not asked about others. */
  zonesFailedMax: 5,
  /** Zones changed at once. */
  zonesAtOnce: 8,
  /** Domains in one call. */
  domainsMax: 10_000,
  /** Plans and applications that are kept. */
  plansKept: 50,
  appliesKept: 500,
  /** How long `dns apply` waits until all name servers of the zone answer what was published. */
  propagationTimeoutMs: 120_000,
  propagationPollMs: 2_000,
  /** One question to one name server of a zone. */
  authorityTimeoutMs: 3_000,
  /** Questions to name servers of zones under way at once. */
  authorityQuestionsAtOnce: 64,
  /** Questions that a name server leaves unanswered before it is asked no more. */
  authoritySilenceMax: 2,
  /** Name servers of a zone that are asked. */
  authoritiesMax: 16,
} as const;
