/** Ten, less the weights of what fails, half of those for warnings; some failures allow no more than their cap; consequences weigh nothing. */
import type { Level } from './check.ts';

export interface Scored {
  readonly level: Level;
  readonly weight: number;
  readonly cap?: number;
  /** Set: it follows from another finding (causes.ts). */
  readonly causedBy?: string | undefined;
}

/** Taken off ten for this finding; caps apart. */
export function pointsOf({ level, weight, causedBy }: Scored): number {
  if (causedBy !== undefined) return 0;
  return level === 'fail' ? weight : level === 'warn' ? weight / 2 : 0;
}

/** From 0 to 10, one decimal. */
export function scoreOf(findings: readonly Scored[]): number {
  let score = 10;
  let cap = 10;
  for (const finding of findings) {
    score -= pointsOf(finding);
    if (finding.level === 'fail' && finding.causedBy === undefined) cap = Math.min(cap, finding.cap ?? 10);
  }
  return Math.round(Math.max(0, Math.min(score, cap)) * 10) / 10;
}
