/**
 * One run of a program over one message. Whatever happens, the message is not lost: when something goes wrong the answer
 * is the implicit keep of the message as received (RFC 5228 §2.10.6), with the reason in words.
 */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { compile } from '../compile/compiler.ts';
import { COMMANDS } from '../words/commands.ts';
import { usualSpelling } from '../words/flags.ts';
import { TESTS } from '../words/tests.ts';
import { EMPTY_PORTS, type SieveEnvironment, type SievePorts } from '../environment.ts';
import type { SieveMessage } from '../message.ts';
import type { Program } from '../program.ts';
import type { RunResult, SieveBudget } from '../result.ts';
import type { CommandSpec, TestSpec } from '../signature.ts';
import { Machine, type Language } from './machine.ts';
import { SieveFailure } from './meter.ts';

/** The compiler lets no other words through. */
const LANGUAGE: Language = {
  execute: (call, machine) => (COMMANDS.get(call.name) as CommandSpec).execute(call, machine),
  evaluate: (call, machine) => (TESTS.get(call.name) as TestSpec).evaluate(call, machine),
  compile: (source) => compile(source),
};

/** Rejects only when a port does: that is no fault of the script, and the caller tries again later. */
export async function run(program: Program, message: SieveMessage, environment: SieveEnvironment, ports: SievePorts = EMPTY_PORTS, budget: SieveBudget = SIEVE_LIMITS): Promise<RunResult> {
  const machine = new Machine(message, environment, ports, budget, LANGUAGE);
  const spent = (): { steps: number; work: number } => ({ steps: machine.meter.steps, work: Math.ceil(machine.meter.work) });
  try {
    await machine.runScript(program, undefined);
    const actions = machine.outcome.finish(await machine.message.edition(), usualSpelling(machine.flags), program.commands.at(-1)?.line ?? 1);
    return { actions, problems: [], warnings: machine.warnings, ...spent() };
  } catch (error) {
    if (!(error instanceof SieveFailure)) throw error;
    const script = machine.includeDepth >= 0 ? machine.frame.name : undefined;
    const problem = { line: machine.at?.line ?? 1, column: machine.at?.column ?? 1, message: error.message, ...(script !== undefined && { script }) };
    return { actions: [{ kind: 'keep', implicit: true, flags: [], edition: undefined, line: problem.line }], problems: [problem], warnings: machine.warnings, ...spent() };
  }
}
