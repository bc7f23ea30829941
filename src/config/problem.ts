/**
 * What is wrong with a configuration, as data and as the sentence a person reads:
 * `posthorn.toml:7:1: outbound.port is 0; allowed: a whole number from 1 to 65535`.
 */
import { Failure } from '../base/errors.ts';

export interface ConfigProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Dotted, `outbound.ip.0.address`; '' when the file as a whole is meant. */
  readonly key: string;
  /** As written in the file; absent when the key is missing. */
  readonly found?: string;
  /** What is allowed instead, or what to do. */
  readonly allowed: string;
  readonly didYouMean?: string;
  readonly kind: 'malformed' | 'unknown' | 'missing' | 'value' | 'relation';
}

export function formatProblem(problem: ConfigProblem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${sentence(problem)}`;
}

function sentence(problem: ConfigProblem): string {
  switch (problem.kind) {
    case 'malformed':
      return `not TOML: ${problem.allowed}`;
    case 'unknown':
      return problem.didYouMean === undefined
        ? `${problem.key} is not a setting; allowed here: ${problem.allowed}`
        : `${problem.key} is not a setting; did you mean ${problem.didYouMean}?`;
    case 'missing':
      return `${problem.key} is missing; allowed: ${problem.allowed}`;
    case 'value':
      return `${problem.key} is ${problem.found ?? 'missing'}; allowed: ${problem.allowed}`;
    case 'relation':
      return `${problem.key}: ${problem.allowed}`;
  }
}

/** Refuses a configuration; `problems` holds all that was found, `message` one line for each. */
export class ConfigError extends Failure {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super('config-wrong', problems.map(formatProblem).join('\n'), { temporary: false });
    this.problems = problems;
  }
}
