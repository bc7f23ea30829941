/** What compiling and running tell. */
import type { SieveAction } from './action.ts';
import type { Program } from './program.ts';

/** One thing that is wrong, in words. Line and column count from 1, columns in characters. */
export interface SieveProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The included script it stands in; absent for the script itself. */
  readonly script?: string;
}

export interface CompileOptions {
  /** Extensions that may be required; default all of capabilities.ts. */
  readonly extensions?: ReadonlySet<string>;
}

export type CompileResult =
  | { readonly ok: true; readonly program: Program; readonly warnings: readonly SieveProblem[] }
  | { readonly ok: false; readonly problems: readonly SieveProblem[]; readonly warnings: readonly SieveProblem[] };

export interface RunResult {
  /** In order. When something went wrong: the implicit keep of the message as received, and nothing else. */
  readonly actions: readonly SieveAction[];
  /** Empty when all went well (RFC 5228 §2.10.6). */
  readonly problems: readonly SieveProblem[];
  /** Things that were passed over, e.g. a header field that may not be deleted. */
  readonly warnings: readonly SieveProblem[];
  /** Steps and work units used, for tuning. */
  readonly steps: number;
  readonly work: number;
}

/** Bounds of one run; default SIEVE_LIMITS. */
export interface SieveBudget {
  /** Commands and tests. */
  readonly stepsMax: number;
  /** Units of about a hundred characters compared, or one regex state. */
  readonly workMax: number;
}
