/**
 * Sieve (RFC 5228): the face of this folder. `compile` checks a script and tells everything that is wrong with it;
 * `run` tells what it wants done with one message. Neither touches anything.
 */
export { compile } from './compile/compiler.ts';
export { run } from './run/interpreter.ts';
export { openSieveMessage, type SieveMessage } from './message.ts';
export { EMPTY_PORTS, type SieveEnvironment, type SievePorts } from './environment.ts';
export { sieveCapabilities, notifyMethods } from './capabilities.ts';
export { editedMessage, laterEdition } from './edition.ts';
export { printScript, quoteString, type PrintArgument, type PrintCommand, type PrintTest } from '../wire/sieve/printer.ts';
export type { Program } from './program.ts';
export type { CompileOptions, CompileResult, RunResult, SieveBudget, SieveProblem } from './result.ts';
export type * from './action.ts';
