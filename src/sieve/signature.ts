/**
 * How a command or test is written and what it does: one value of these types per word of the language. The compiler
 * reads the written form, the interpreter calls `execute` or `evaluate`; nothing else knows single commands.
 */
import type { AnyCall, Comparator, CompiledCommand, CompiledTest, Flow } from './program.ts';
import type { MaybeLater } from './environment.ts';
import type { Machine } from './run/machine.ts';

export type ValueKind = 'number' | 'string' | 'strings';

export interface TagSpec {
  /** Without colon, lower case. */
  readonly name: string;
  /** What follows the tag; absent: nothing. */
  readonly value?: ValueKind;
  /** Its strings may not contain variables. */
  readonly constant?: boolean;
  /** Any one of these extensions makes it known; absent: it always is. */
  readonly requires?: readonly string[];
  /** Tags of one group exclude each other; absent: only itself twice is wrong. */
  readonly group?: string;
}

export interface PositionalSpec {
  /** For messages: `header names`. */
  readonly name: string;
  readonly kind: ValueKind;
  readonly constant?: boolean;
  readonly optional?: boolean;
}

export interface Signature {
  readonly name: string;
  /** Any one of these extensions makes it known; absent: it is of the base language. */
  readonly requires?: readonly string[];
  readonly tags?: readonly TagSpec[];
  /** Takes a comparator and a match type (RFC 5228 §2.7). */
  readonly matches?: boolean;
  /** Without `:comparator`; default i;ascii-casemap (RFC 5228 §2.7.3). */
  readonly defaultComparator?: Comparator;
  readonly positional?: readonly PositionalSpec[];
  /** What is in brackets or behind it: tests. */
  readonly tests?: 'one' | 'many';
}

export interface TestSpec extends Signature {
  readonly kind: 'test';
  /** What the signature cannot say. */
  check?(call: CompiledTest, report: Report): void;
  /** Known before any message is: the compiler does not look into what can never run. */
  constant?(call: CompiledTest): boolean | undefined;
  evaluate(call: CompiledTest, machine: Machine): MaybeLater<boolean>;
}

export interface CommandSpec extends Signature {
  readonly kind: 'command';
  readonly block?: boolean;
  check?(call: CompiledCommand, report: Report): void;
  /** Nothing: it goes on with the next command. */
  execute(call: CompiledCommand, machine: Machine): MaybeLater<Flow | void>;
}

/** What a check may say and ask. */
export interface Report {
  readonly extensions: ReadonlySet<string>;
  /** At the call, or at an argument of it. */
  problem(at: { readonly line: number; readonly column: number }, message: string): void;
  warning(at: { readonly line: number; readonly column: number }, message: string): void;
  /** Names of the enclosing commands, innermost last, with their calls. */
  readonly enclosing: readonly AnyCall[];
}
