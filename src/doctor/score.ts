/** Ten, less the weights of what fails, half of those for warnings; some failures allow no more than their cap; consequences weigh nothing. */
import type { Level } from './check.ts';

export interface Scored {
  readonly level: Level;
  readonly weight: number;
  readonly cap?: number;
  /** Set: it follows from another finding (causes.ts). */
  readonly causedBy?: string | undefined;
}

/** From 0 to 10, one decimal. */
export function scoreOf(findings: readonly Scored[]): number {
  let score = 10;
  let cap = 10;
  for (const { level, weight, cap: own, causedBy } of findings) {
    if (causedBy !== undefined) continue;
    if (level === 'fail') {
      score -= weight;
      cap = Math.min(cap, own ?? 10);
    } else if (level === 'warn') score -= weight / 2;
  }
  return Math.round(Math.max(0, Math.min(score, cap)) * 10) / 10;
}
