/** What a look at something published gives: sentences for people, each with what mends it. The doctor's findings have the same shape. */
export interface DeploymentFinding {
  /** `unknown` is never `fail`. `skip`: it is not there, and need not be. */
  readonly level: 'pass' | 'warn' | 'fail' | 'unknown' | 'skip';
  /** A sentence. */
  readonly text: string;
  /** What to do. */
  readonly remedy?: string;
  /** The record to publish, as a zone file writes it. */
  readonly record?: string;
}

const ORDER: readonly DeploymentFinding['level'][] = ['fail', 'warn', 'unknown', 'pass', 'skip'];

/** The one that decides, with the others of its level told in the same breath. At least one must be given. */
export function worstOf(findings: readonly DeploymentFinding[]): DeploymentFinding {
  const level = ORDER.find((each) => findings.some((finding) => finding.level === each)) ?? 'unknown';
  const [first, ...others] = findings.filter((finding) => finding.level === level);
  if (!first) return { level: 'unknown', text: 'Nothing could be looked up.' };
  return others.length === 0 || level === 'pass' ? first : { ...first, text: [first, ...others].map(({ text }) => text).join(' ') };
}

/** 0: all is well; 1: something is to be done. */
export function isBad(findings: readonly DeploymentFinding[]): boolean {
  return findings.some(({ level }) => level === 'fail' || level === 'warn');
}
