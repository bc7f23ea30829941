/**
 * Rules that a message hits, each with a score: what filters hold against mail, in the open. Pure.
 *
 * Policy: a rule looks at one thing, and says what it saw and why filters mind. The scores are of the size that the
 * well-known filters use (five and more is spam there), chosen so that no single habit of honest mail reaches two. A rule
 * never judges who wrote it: authentication, lists and form have checks of their own.
 */
import { HEADER_RULES } from './rules/header-rules.ts';
import { LINK_RULES } from './rules/link-rules.ts';
import { STRUCTURE_RULES } from './rules/structure-rules.ts';
import { WORD_RULES } from './rules/word-rules.ts';
import type { MessageReading } from './message-reading.ts';
import type { SpamRule } from './rules/rule.ts';

export interface RuleHit {
  readonly rule: string;
  readonly score: number;
  readonly what: string;
  readonly why: string;
}

export const SPAM_RULES: readonly SpamRule[] = [...HEADER_RULES, ...STRUCTURE_RULES, ...WORD_RULES, ...LINK_RULES];

/** Highest score first. */
export function hitRules(reading: MessageReading): readonly RuleHit[] {
  return SPAM_RULES.filter(({ hits }) => hits(reading))
    .map(({ id, score, what, why }) => ({ rule: id, score, what, why }))
    .toSorted((a, b) => b.score - a.score);
}

/** One decimal. */
export function spamScore(hits: readonly RuleHit[]): number {
  return Math.round(hits.reduce((sum, { score }) => sum + score, 0) * 10) / 10;
}
