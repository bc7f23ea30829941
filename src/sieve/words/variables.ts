/** Variables (RFC 5229): `set` with its modifiers, and the test `string`. */
import { quoteRegex } from '../match/quote.ts';
import { variableProblem } from '../compile/text.ts';
import type { AnyCall } from '../program.ts';
import { cut } from '../run/variables.ts';
import type { CommandSpec, Report, TagSpec, TestSpec } from '../signature.ts';
import { textsOf } from './call-texts.ts';

interface Modifier extends TagSpec {
  /** RFC 5229 §4.1: the highest is done first; two of one precedence exclude each other. */
  readonly precedence: number;
  apply(value: string): string;
}

/** RFC 5229 §4.1.1: letters of ASCII. */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function upper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

const MODIFIERS: readonly Modifier[] = [
  { name: 'lower', precedence: 40, apply: lower },
  { name: 'upper', precedence: 40, apply: upper },
  { name: 'lowerfirst', precedence: 30, apply: (text) => lower(text.slice(0, 1)) + text.slice(1) },
  { name: 'upperfirst', precedence: 30, apply: (text) => upper(text.slice(0, 1)) + text.slice(1) },
  { name: 'quotewildcard', precedence: 20, apply: (text) => text.replace(/[*?\\]/g, '\\$&') },
  { name: 'quoteregex', precedence: 20, requires: ['regex'], apply: quoteRegex },
  { name: 'encodeurl', precedence: 15, requires: ['enotify'], apply: encodeUrl },
  { name: 'length', precedence: 10, apply: (text) => String([...text].length) },
];

/** For `set` and `extracttext`. */
export const MODIFIER_TAGS: readonly TagSpec[] = MODIFIERS.map(({ name, requires, precedence }) => ({ name, group: `precedence ${precedence}`, ...(requires && { requires }) }));

export function modify(call: AnyCall, value: string): string {
  return MODIFIERS.filter((modifier) => call.tags.has(modifier.name)).reduce((text, modifier) => cut(modifier.apply(text)), cut(value));
}

/** RFC 5435 §6: every octet that is not unreserved in a URI. */
function encodeUrl(text: string): string {
  return Buffer.from(text).reduce((url, byte) => url + (/[A-Za-z0-9\-._~]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`), '');
}

export function checkVariableName(call: AnyCall, report: Report): void {
  const [name] = textsOf(call, 0);
  const problem = name && !name.parts && variableProblem(name.source, report.extensions);
  if (name && problem) report.problem(name, problem);
}

export const SET: CommandSpec = {
  kind: 'command',
  name: 'set',
  requires: ['variables'],
  tags: MODIFIER_TAGS,
  positional: [{ name: 'the variable', kind: 'string', constant: true }, { name: 'the value', kind: 'string' }],
  check: checkVariableName,
  execute(call, machine) {
    machine.variables.set(machine.string(call.values[0]), modify(call, machine.string(call.values[1])));
  },
};

/** RFC 5229 §5. */
export const STRING: TestSpec = {
  kind: 'test',
  name: 'string',
  requires: ['variables'],
  matches: true,
  // As Pigeonhole does, and its public test suite expects: docs/decisions/0175.
  defaultComparator: 'i;octet',
  positional: [{ name: 'source strings', kind: 'strings' }, { name: 'keys', kind: 'strings' }],
  evaluate(call, machine) {
    const sources = machine.strings(call.values[0]);
    // RFC 5229 §5: with :count, empty strings do not count.
    return machine.matches(call.match, call.match.type === 'count' ? sources.filter((text) => text !== '') : sources, machine.strings(call.values[1]));
  },
};
