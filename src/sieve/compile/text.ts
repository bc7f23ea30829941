/** Strings of a script: encoded characters decoded (RFC 5228 §2.4.2.4), references to variables found (RFC 5229 §3). */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { StringNode } from '../../wire/sieve/syntax.ts';
import type { Text, TextPart } from '../program.ts';
import type { Report } from '../signature.ts';

export function compileText(node: StringNode, report: Report): Text {
  const at = { line: node.line, column: node.column };
  const source = report.extensions.has('encoded-character') ? decodeCharacters(node, report) : node.value;
  if (!report.extensions.has('variables') || !source.includes('${')) return { ...at, source };
  const parts = findVariables(source, at, report);
  return parts ? { ...at, source, parts } : { ...at, source };
}

const ENCODED = /\$\{(?:hex:([ \t\r\n]*[0-9a-f]{1,2}(?:[ \t\r\n]+[0-9a-f]{1,2})*[ \t\r\n]*)|unicode:([ \t\r\n]*[0-9a-f]+(?:[ \t\r\n]+[0-9a-f]+)*[ \t\r\n]*))\}/gi;

/** Octets may be given one by one, so everything is put together as bytes. */
function decodeCharacters(node: StringNode, report: Report): string {
  const pieces: Buffer[] = [];
  let position = 0;
  for (const match of node.value.matchAll(ENCODED)) {
    pieces.push(Buffer.from(node.value.slice(position, match.index)));
    position = match.index + match[0].length;
    const codes = ((match[1] ?? match[2]) as string).trim().split(/\s+/).map((hex) => parseInt(hex, 16));
    if (match[1] !== undefined) pieces.push(Buffer.from(codes));
    else pieces.push(...codes.map((code) => encodePoint(code, node, report)));
  }
  if (position === 0) return node.value;
  return Buffer.concat([...pieces, Buffer.from(node.value.slice(position))]).toString('utf8');
}

/** RFC 5228 §2.4.2.4: what is no Unicode character is an error. */
function encodePoint(code: number, node: StringNode, report: Report): Buffer {
  if (code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) return Buffer.from(String.fromCodePoint(code));
  report.problem(node, `“\${unicode:${code.toString(16)}}” is no character of Unicode`);
  return Buffer.alloc(0);
}

const REFERENCE = /\$\{(?:([0-9]+)|((?:[A-Za-z_][A-Za-z0-9_]*\.)*)([A-Za-z_][A-Za-z0-9_]*))\}/g;

/** Undefined: there are none. What looks like a reference and is none stays text (RFC 5229 §3). */
function findVariables(source: string, at: { readonly line: number; readonly column: number }, report: Report): TextPart[] | undefined {
  const parts: TextPart[] = [];
  let position = 0;
  for (const match of source.matchAll(REFERENCE)) {
    if (match.index > position) parts.push(source.slice(position, match.index));
    position = match.index + match[0].length;
    if (match[1] !== undefined) {
      const number = Number(match[1]);
      // RFC 5229 §3.2: indices that are never set are found when the script is compiled.
      if (number >= SIEVE_LIMITS.matchValuesMax) report.problem(at, `match values go up to \${${SIEVE_LIMITS.matchValuesMax - 1}}`);
      parts.push({ match: number });
    } else {
      const name = `${match[2]}${match[3]}`.toLowerCase();
      const problem = variableProblem(name, report.extensions);
      if (problem) report.problem(at, problem);
      parts.push({ variable: name });
    }
  }
  if (position === 0) return undefined;
  if (position < source.length) parts.push(source.slice(position));
  return parts;
}

/** What is wrong with the name of a variable (RFC 5229 §3 and §5, RFC 6609 §3.4), as a sentence. */
export function variableProblem(name: string, extensions: ReadonlySet<string>): string | undefined {
  if (!/^(?:[a-z_][a-z0-9_]*\.)*[a-z_][a-z0-9_]*$/i.test(name)) return `“${name}” is no name of a variable`;
  if (name.length > SIEVE_LIMITS.variableNameCharsMax) return `names of variables have at most ${SIEVE_LIMITS.variableNameCharsMax} characters`;
  const dot = name.indexOf('.');
  if (dot < 0) return undefined;
  if (name.slice(0, dot).toLowerCase() !== 'global') return `there is no namespace “${name.slice(0, dot)}”`;
  if (!extensions.has('include')) return 'the namespace “global” needs require ["include"]';
  return name.indexOf('.', dot + 1) < 0 ? undefined : `“${name}” is no name of a variable`;
}
