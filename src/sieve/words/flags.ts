/** IMAP flags (RFC 5232): setflag, addflag, removeflag, hasflag. */
import type { AnyCall, CompiledCommand } from '../program.ts';
import type { Machine } from '../run/machine.ts';
import type { CommandSpec, Report, TestSpec } from '../signature.ts';
import { variableProblem } from '../compile/text.ts';
import { textsOf } from './call-texts.ts';

const SYSTEM_FLAGS = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'];

/** The flags in a list of strings, each of which may hold several (RFC 5232 §2), without doubles and what cannot be a flag. */
export function splitFlags(strings: readonly string[]): string[] {
  const flags = new Map<string, string>();
  for (const flag of strings.flatMap((text) => text.split(/[ \t\r\n]+/))) {
    if (isFlag(flag) && !flags.has(flag.toLowerCase())) flags.set(flag.toLowerCase(), flag);
  }
  return [...flags.values()];
}

/** As the store has them: system flags in their usual spelling. */
export function usualSpelling(flags: readonly string[]): string[] {
  return flags.map((flag) => systemFlag(flag) ?? flag);
}

function systemFlag(flag: string): string | undefined {
  return SYSTEM_FLAGS.find((known) => known.toLowerCase() === flag.toLowerCase());
}

/** RFC 9051 §9 flag: a system flag, or an atom. */
function isFlag(flag: string): boolean {
  return systemFlag(flag) !== undefined || /^[\x21-\x7e]+$/.test(flag) && !/[(){%*"\\\]]/.test(flag);
}

function checkVariables(call: AnyCall, report: Report): void {
  for (const text of textsOf(call, 0)) {
    if (!report.extensions.has('variables')) report.problem(text, 'a variable for flags needs require ["variables"]');
    const problem = text.parts ? undefined : variableProblem(text.source, report.extensions);
    if (problem) report.problem(text, problem);
  }
}

function checkFlags(call: AnyCall, report: Report): void {
  for (const text of textsOf(call, 1)) {
    if (text.parts) continue;
    const words = text.source.split(/[ \t\r\n]+/).filter((word) => word !== '');
    for (const word of words) if (splitFlags([word]).length === 0) report.warning(text, `“${word}” is no flag and is ignored`);
  }
}

function read(call: CompiledCommand, machine: Machine): readonly string[] {
  return call.values[0] === undefined ? machine.flags : splitFlags([machine.variables.get(machine.string(call.values[0]))]);
}

function flagCommand(name: string, change: (old: readonly string[], given: readonly string[]) => readonly string[]): CommandSpec {
  return {
    kind: 'command',
    name,
    requires: ['imap4flags'],
    positional: [{ name: 'the variable', kind: 'string', optional: true }, { name: 'flags', kind: 'strings' }],
    check(call, report) {
      checkVariables(call, report);
      checkFlags(call, report);
    },
    execute(call, machine) {
      const flags = splitFlags(change(read(call, machine), splitFlags(machine.strings(call.values[1]))));
      if (call.values[0] === undefined) machine.flags = flags;
      else machine.variables.set(machine.string(call.values[0]), flags.join(' '));
    },
  };
}

export const SETFLAG = flagCommand('setflag', (_, given) => given);
export const ADDFLAG = flagCommand('addflag', (old, given) => [...old, ...given]);
export const REMOVEFLAG = flagCommand('removeflag', (old, given) => {
  const doomed = new Set(given.map((flag) => flag.toLowerCase()));
  return old.filter((flag) => !doomed.has(flag.toLowerCase()));
});

/** RFC 5232 §4: each flag is a value; keys that hold several flags are several keys. */
export const HASFLAG: TestSpec = {
  kind: 'test',
  name: 'hasflag',
  requires: ['imap4flags'],
  matches: true,
  positional: [{ name: 'variables', kind: 'strings', optional: true }, { name: 'flags', kind: 'strings' }],
  check: checkVariables,
  evaluate(call, machine) {
    const names = call.values[0];
    const flags = names === undefined ? machine.flags : machine.strings(names).flatMap((name) => splitFlags([machine.variables.get(name)]));
    const keys = machine.strings(call.values[1]);
    const isCount = call.match.type === 'count' || call.match.type === 'value';
    return machine.matches(call.match, flags, isCount ? keys : keys.flatMap((key) => key.trim().split(/[ \t\r\n]+/)));
  },
};
