/** Scripts in scripts (RFC 6609): include, return, global. */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { variableProblem } from '../compile/text.ts';
import type { Program } from '../program.ts';
import type { Machine } from '../run/machine.ts';
import { SieveFailure } from '../run/meter.ts';
import type { CommandSpec } from '../signature.ts';
import { textsOf } from './call-texts.ts';

export const INCLUDE: CommandSpec = {
  kind: 'command',
  name: 'include',
  requires: ['include'],
  tags: [{ name: 'personal', group: 'location' }, { name: 'global', group: 'location' }, { name: 'once' }, { name: 'optional' }],
  positional: [{ name: 'the name of the script', kind: 'string', constant: true }],
  check(call, report) {
    const [name] = textsOf(call, 0);
    if (name && (name.source === '' || /[\p{Cc}/]/u.test(name.source))) report.problem(name, `“${name.source}” is no name of a script`);
  },
  async execute(call, machine) {
    const name = machine.string(call.values[0]);
    const location = call.tags.has('global') ? 'global' : 'personal';
    const key = `${location}/${name}`;
    if (call.tags.has('once') && machine.included.has(key)) return undefined;
    const program = await load(machine, location, name);
    if (!program) {
      if (call.tags.has('optional')) return undefined;
      throw new SieveFailure(`there is no ${location} script “${name}” to include`);
    }
    // RFC 6609 §3.2: a script may not include itself, directly or by way of others.
    if (machine.isRunning(key)) throw new SieveFailure(`the script “${name}” includes itself`);
    if (machine.includeDepth >= SIEVE_LIMITS.includeDepthMax) throw new SieveFailure(`scripts are included deeper than ${SIEVE_LIMITS.includeDepthMax} levels`);
    machine.included.add(key);
    return machine.runScript(program, key);
  },
};

/** Work units for a character of a script that is compiled. */
const COMPILING = 3;

async function load(machine: Machine, location: 'personal' | 'global', name: string): Promise<Program | undefined> {
  const key = `${location}/${name}`;
  const known = machine.includedPrograms.get(key);
  if (known) return known;
  if (machine.includedPrograms.size >= SIEVE_LIMITS.includesMax) throw new SieveFailure(`more than ${SIEVE_LIMITS.includesMax} scripts are included`);
  const source = await machine.ports.script(location, name);
  if (source === undefined) return undefined;
  machine.meter.spend(COMPILING * source.length);
  if (machine.meter.isDue) await machine.meter.pause();
  const result = machine.language.compile(source);
  if (!result.ok) {
    const [first] = result.problems;
    throw new SieveFailure(`the included script “${name}” is wrong: line ${first?.line}: ${first?.message}`);
  }
  machine.includedPrograms.set(key, result.program);
  return result.program;
}

export const RETURN: CommandSpec = { kind: 'command', name: 'return', requires: ['include'], execute: () => 'return' };

export const GLOBAL: CommandSpec = {
  kind: 'command',
  name: 'global',
  requires: ['include'],
  positional: [{ name: 'variables', kind: 'strings', constant: true }],
  check(call, report) {
    if (!report.extensions.has('variables')) report.problem(call, '“global” needs require ["variables"]');
    for (const text of textsOf(call, 0)) {
      const problem = text.source.includes('.') ? `“${text.source}” is no name of a variable` : variableProblem(text.source, report.extensions);
      if (problem) report.problem(text, problem);
    }
  },
  execute(call, machine) {
    for (const name of machine.strings(call.values[0])) machine.variables.declareGlobal(name);
  },
};
