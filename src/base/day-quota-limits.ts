/** What a site takes within a day, as shaping finds it out (flow/shape/day-quota.ts). */
export const DAY_QUOTA_LIMITS = {
  /** Everything has been refused for so long, so many messages, after so many were taken: only probes go. */
  sureMs: 3_600_000,
  sureMessages: 3,
  tookMin: 10,
  /** Between probes, at least; and this part of the time since the first refusal, up to the last: where it is about us, and where it may be an outage. */
  probeMinMs: 1_800_000,
  probeShareNamed: 0.5,
  probeMaxNamedMs: 14_400_000,
  probeShare: 0.25,
  probeMaxMs: 7_200_000,
  /** Without a refusal for so long, and used, the figure grows by this share; the time doubles, so often at most, each time that it was too much. */
  patienceMs: 86_400_000,
  patienceDoublings: 2,
  growth: 0.25,
  /** Without a refusal for so long it is forgotten. */
  memoryMs: 1_209_600_000,
} as const;
