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

/** The one that decides; of what is bad, the others of its level with what mends them in the same breath. At least one must be given. */
export function worstOf(findings: readonly DeploymentFinding[]): DeploymentFinding {
  const level = ORDER.find((each) => findings.some((finding) => finding.level === each)) ?? 'unknown';
  const [first, ...others] = findings.filter((finding) => finding.level === level);
  if (!first) return { level: 'unknown', text: 'Nothing could be looked up.' };
  if (others.length === 0 || level === 'pass') return first;
  const all = [first, ...others];
  const [remedies, records] = [differing(all.map(({ remedy }) => remedy)), differing(all.map(({ record }) => record))];
  return { level, text: all.map(({ text }) => text).join(' '), ...(remedies.length > 0 ? { remedy: remedies.join(' ') } : {}), ...(records.length > 0 ? { record: records.join('\n') } : {}) };
}

function differing(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}

/** 0: all is well; 1: something is to be done. */
export function isBad(findings: readonly DeploymentFinding[]): boolean {
  return findings.some(({ level }) => level === 'fail' || level === 'warn');
}
