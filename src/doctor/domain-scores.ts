/**
 * The score of each domain: its own findings with those that it shares with the others, of host and addresses. The score of
 * an examination is that of its worst domain, so that a server with five hundred domains is not worse than one with two.
 */
import type { Level } from './check.ts';
import { CHECKS } from './checks/all.ts';
import { scoreOf, type Scored } from './score.ts';

export interface ScoredResult extends Scored {
  readonly check: string;
  readonly subject: string;
}

export interface DomainScore {
  readonly score: number;
  readonly warned: number;
  readonly failed: number;
}

/** A message is one of its domain. */
const ABOUT_DOMAINS: ReadonlySet<string> = new Set(CHECKS.filter(({ about }) => about === 'domain' || about === 'message').map(({ id }) => id));

/** By domain; of those only that were looked at. */
export function domainScores(results: readonly ScoredResult[]): ReadonlyMap<string, DomainScore> {
  const shared = results.filter(({ check }) => !ABOUT_DOMAINS.has(check));
  const own = Map.groupBy(results.filter(({ check }) => ABOUT_DOMAINS.has(check)), ({ subject }) => subject);
  return new Map([...own].map(([domain, found]) => {
    const all = [...shared, ...found];
    const count = (level: Level): number => all.filter((result) => result.level === level && result.causedBy === undefined).length;
    return [domain, { score: scoreOf(all), warned: count('warn'), failed: count('fail') }];
  }));
}

export function wholeScore(results: readonly ScoredResult[]): number {
  const domains = [...domainScores(results).values()].map(({ score }) => score);
  return domains.length === 0 ? scoreOf(results) : Math.min(...domains);
}
