/**
 * A compiled script: a tree of calls whose arguments are checked, sorted by name and ready to run. Only the compiler
 * makes one. It is plain data: it can be kept, run any number of times, and passed to another thread.
 */
export interface Program {
  readonly commands: readonly CompiledCommand[];
  /** Extensions that the script requires. */
  readonly extensions: ReadonlySet<string>;
}

/** A string argument. `parts` only with variable references (RFC 5229 §3). */
export interface Text {
  readonly line: number;
  readonly column: number;
  /** With encoded characters decoded (RFC 5228 §2.4.2.4), variables as written. */
  readonly source: string;
  readonly parts?: readonly TextPart[];
}

export type TextPart = string | { readonly variable: string } | { readonly match: number };

export type Argument = number | readonly Text[];

export type Comparator = 'i;octet' | 'i;ascii-casemap' | 'i;ascii-numeric' | 'i;unicode-casemap';

export type Relation = 'gt' | 'ge' | 'lt' | 'le' | 'eq' | 'ne';

/** How keys are compared (RFC 5228 §2.7, RFC 5231). */
export interface MatchRule {
  readonly type: 'is' | 'contains' | 'matches' | 'regex' | 'count' | 'value';
  readonly relation: Relation;
  readonly comparator: Comparator;
}

interface Call {
  /** Of the command or test, lower case. */
  readonly name: string;
  readonly line: number;
  readonly column: number;
  /** Tags by name without colon; `true` for those without a value. */
  readonly tags: ReadonlyMap<string, Argument | true>;
  /** In the order of the signature; undefined where an optional one was left out. */
  readonly values: readonly (Argument | undefined)[];
  readonly match: MatchRule;
  readonly tests: readonly CompiledTest[];
}

export interface CompiledTest extends Call {
  /** Known when the script was compiled (RFC 5463 §4). */
  readonly constant?: boolean;
}

export interface CompiledCommand extends Call {
  readonly block: readonly CompiledCommand[];
  /** Of `if`: the branches in order, the last perhaps without a test. */
  readonly branches?: readonly { readonly test: CompiledTest | undefined; readonly block: readonly CompiledCommand[] }[];
}

export type AnyCall = CompiledTest | CompiledCommand;

/** Where it goes on after a command: nowhere, behind the script, behind a loop (of that name, or the innermost). */
export type Flow = 'stop' | 'return' | { readonly breakLoop: string | undefined };
