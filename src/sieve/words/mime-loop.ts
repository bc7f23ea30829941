/** Part by part (RFC 5703): foreverypart, break, replace, enclose, extracttext. */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { textEntity } from '../run/message-state.ts';
import { SieveFailure } from '../run/meter.ts';
import { childrenOf, isReadable, readableOf, walkParts } from '../run/part-text.ts';
import type { CommandSpec, Report } from '../signature.ts';
import { isFieldName } from '../run/header-state.ts';
import { parseHeader } from '../../mail/header.ts';
import { checkAddresses } from './addresses.ts';
import { tagTexts, textsOf } from './call-texts.ts';
import { checkVariableName, modify, MODIFIER_TAGS } from './variables.ts';

function loopsAround(report: Report): string[] {
  return report.enclosing.filter((call) => call.name === 'foreverypart').map((call) => tagTexts(call, 'name')[0]?.source ?? '');
}

/** RFC 5703 §3: all parts, depth first; inside another loop those below the part it stands at. */
export const FOREVERYPART: CommandSpec = {
  kind: 'command',
  name: 'foreverypart',
  requires: ['foreverypart'],
  tags: [{ name: 'name', value: 'string', constant: true }],
  block: true,
  check(call, report) {
    if (loopsAround(report).length >= SIEVE_LIMITS.loopNestingMax) report.problem(call, `loops are nested deeper than ${SIEVE_LIMITS.loopNestingMax} levels`);
  },
  async execute(call, machine) {
    const outer = machine.loops.at(-1);
    const parts = outer ? childrenOf(outer).flatMap((child) => [...walkParts(child)]) : [...walkParts(await machine.message.root())];
    const name = machine.tagString(call, 'name');
    for (const part of parts) {
      machine.meter.step();
      machine.loops.push(part);
      const flow = await machine.block(call.block);
      machine.loops.pop();
      if (flow === undefined) continue;
      if (typeof flow === 'string') return flow;
      if (flow.breakLoop === undefined || flow.breakLoop === name) return undefined;
      return flow;
    }
    return undefined;
  },
};

export const BREAK: CommandSpec = {
  kind: 'command',
  name: 'break',
  requires: ['foreverypart'],
  tags: [{ name: 'name', value: 'string', constant: true }],
  check(call, report) {
    const [name] = tagTexts(call, 'name');
    const loops = loopsAround(report);
    if (loops.length === 0) report.problem(call, '“break” stands only inside “foreverypart”');
    else if (name && !loops.includes(name.source)) report.problem(name, `no loop around it has the name “${name.source}”`);
  },
  execute: (call, machine) => ({ breakLoop: machine.tagString(call, 'name') }),
};

export const REPLACE: CommandSpec = {
  kind: 'command',
  name: 'replace',
  requires: ['replace'],
  tags: [{ name: 'mime' }, { name: 'subject', value: 'string' }, { name: 'from', value: 'string' }],
  positional: [{ name: 'the replacement', kind: 'string' }],
  check: (call, report) => checkAddresses(tagTexts(call, 'from'), report),
  async execute(call, machine) {
    const text = machine.string(call.values[0]);
    const part = machine.loops.at(-1);
    if (part && part.headerStart > 0) {
      await machine.message.replacePart(part, call.tags.has('mime') ? Buffer.from(text) : textEntity(text));
      return;
    }
    const fields = (['subject', 'from'] as const).flatMap((tag) => {
      const value = machine.tagString(call, tag);
      return value === undefined ? [] : [[tag === 'subject' ? 'Subject' : 'From', value] as const];
    });
    machine.message.replaceWhole(call.tags.has('mime') ? text : textEntity(text).toString('utf8'), fields);
  },
};

/** RFC 5703 §6. */
export const ENCLOSE: CommandSpec = {
  kind: 'command',
  name: 'enclose',
  requires: ['enclose'],
  tags: [{ name: 'subject', value: 'string' }, { name: 'headers', value: 'strings' }],
  positional: [{ name: 'the text', kind: 'string' }],
  async execute(call, machine) {
    const fields = machine.strings(call.tags.get('headers')).map((line) => {
      const [field] = parseHeader(Buffer.from(`${line.replace(/[\r\n]+/g, ' ')}\r\n`)).fields;
      if (!field || !isFieldName(field.name)) throw new SieveFailure(`“${line}” is no header field`);
      return [field.name, field.value] as const;
    });
    await machine.message.enclose(machine.string(call.values[0]), machine.tagString(call, 'subject'), fields);
  },
};

/** RFC 5703 §7: the text of the part, HTML without its tags. */
export const EXTRACTTEXT: CommandSpec = {
  kind: 'command',
  name: 'extracttext',
  requires: ['extracttext'],
  tags: [...MODIFIER_TAGS, { name: 'first', value: 'number' }],
  positional: [{ name: 'the variable', kind: 'string', constant: true }],
  check(call, report) {
    if (loopsAround(report).length === 0) report.problem(textsOf(call, 0)[0] ?? call, '“extracttext” stands only inside “foreverypart”');
    checkVariableName(call, report);
  },
  async execute(call, machine) {
    const part = machine.loops.at(-1);
    const first = call.tags.get('first');
    const bytes = await machine.message.bytes();
    const text = part && isReadable(part) ? machine.message.partText(part, 'readable', () => readableOf(bytes, part)) : '';
    const limit = typeof first === 'number' ? Math.min(first, SIEVE_LIMITS.variableCharsMax) : SIEVE_LIMITS.variableCharsMax;
    machine.variables.set(machine.string(call.values[0]), modify(call, Array.from(text.slice(0, limit * 2)).slice(0, limit).join('')));
  },
};
