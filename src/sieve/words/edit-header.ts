/** `addheader` and `deleteheader` (RFC 5293). */
import type { AnyCall } from '../program.ts';
import { isFieldName, type HeaderEntry } from '../run/header-state.ts';
import { SieveFailure } from '../run/meter.ts';
import type { CommandSpec, Report } from '../signature.ts';
import { textsOf } from './call-texts.ts';

/** RFC 5293 §6: what tells the message's way, and that it is automatic, stays. */
const PROTECTED: readonly string[] = ['received', 'auto-submitted'];

function checkName(call: AnyCall, report: Report): void {
  const [name] = textsOf(call, 0);
  if (name && !name.parts && !isFieldName(name.source)) report.problem(name, `“${name.source}” is no name of a header field`);
}

function fieldName(name: string): string {
  if (!isFieldName(name)) throw new SieveFailure(`“${name}” is no name of a header field`);
  return name;
}

export const ADDHEADER: CommandSpec = {
  kind: 'command',
  name: 'addheader',
  requires: ['editheader'],
  tags: [{ name: 'last' }],
  positional: [{ name: 'the field name', kind: 'string' }, { name: 'the value', kind: 'string' }],
  check(call, report) {
    checkName(call, report);
    for (const text of textsOf(call, 1)) if (text.source.includes('\0')) report.problem(text, 'the value of a header field may not hold NUL');
  },
  execute(call, machine) {
    machine.message.addField(fieldName(machine.string(call.values[0])), machine.string(call.values[1]), call.tags.has('last'));
  },
};

export const DELETEHEADER: CommandSpec = {
  kind: 'command',
  name: 'deleteheader',
  requires: ['editheader'],
  matches: true,
  tags: [{ name: 'index', value: 'number' }, { name: 'last' }],
  positional: [{ name: 'the field name', kind: 'string' }, { name: 'patterns', kind: 'strings', optional: true }],
  check(call, report) {
    checkName(call, report);
    if (call.tags.has('last') && !call.tags.has('index')) report.problem(call, '“:last” stands only with “:index”');
    if (call.tags.get('index') === 0) report.problem(call, '“:index” counts from 1');
    if (call.match.type === 'count') report.problem(call, '“:count” cannot choose fields to delete');
    const isGiven = ['comparator', 'contains', 'is', 'matches', 'regex', 'value'].some((tag) => call.tags.has(tag)) || call.match.type !== 'is';
    if (isGiven && call.values[1] === undefined) report.problem(call, 'a match type needs patterns to match');
  },
  async execute(call, machine) {
    const name = fieldName(machine.string(call.values[0]));
    if (PROTECTED.includes(name.toLowerCase()) || machine.environment.protectedHeaders?.includes(name.toLowerCase())) {
      machine.warn(`the field ${name} may not be deleted`);
      return;
    }
    const { header } = machine.message;
    const all = header.all(name);
    const index = call.tags.get('index');
    const at = typeof index === 'number' ? all.at(call.tags.has('last') ? -index : index - 1) : undefined;
    // RFC 5293 §5: with both, the one at that place goes, if it matches.
    const candidates = index === undefined ? all : at ? [at] : [];
    const patterns = call.values[1] === undefined ? undefined : machine.strings(call.values[1]);
    const doomed = new Set<HeaderEntry>();
    for (const field of candidates) {
      if (!patterns || (await machine.matches(call.match, [header.text(field)], patterns, { silent: true }))) doomed.add(field);
    }
    machine.meter.spend(0.1 * header.fields.length);
    machine.message.removeFields(doomed);
  },
};
