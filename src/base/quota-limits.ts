/** What a site takes within a window of time, as shaping finds it out (flow/shape/window-quota.ts). */
export const QUOTA_LIMITS = {
  /** What was taken is remembered for so long. */
  lookBackMs: 26 * 3_600_000,
  /** Fewer messages taken within a window teach nothing about it. */
  tookMin: 10,
  /** So many messages were refused, and nothing taken, for so long: where it is about us, and where it may be a hiccup. */
  sureMessages: 3,
  sureNamedMs: 600_000,
  sureMs: 1_200_000,
  /** Refused so soon after it took mail again, it is the same figure; and so many messages taken between refusals, or this part of an hour's up to the last, are what fell out of a window that slides. */
  relapseMs: 1_800_000,
  slipsMin: 2,
  slipsShare: 0.1,
  slipsMax: 10,
  /** Between probes, at least; and this part of the time since the first refusal, up to the last: where it is about us, and where it may be an outage. */
  probeMinMs: 600_000,
  probeShareNamed: 0.5,
  probeMaxNamedMs: 14_400_000,
  probeShare: 0.4,
  probeMaxMs: 7_200_000,
  /** Used, and without a refusal for so many windows, within these bounds, a figure grows by this share; twice as much each time that this went well, up to the last. */
  patienceWindows: 3,
  patienceMinMs: 21_600_000,
  patienceMaxMs: 86_400_000,
  growth: 0.25,
  growthMax: 1,
  /** The patience doubles, so often at most and to no more than a day, each time that it was too much. */
  patienceDoublings: 3,
  /** Of one site at a time. */
  rulesMax: 3,
  /** Without a refusal for so long it is forgotten. */
  memoryMs: 1_209_600_000,
} as const;
