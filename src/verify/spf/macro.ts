/**
 * SPF macros (RFC 7208 §7): parsing a macro-string once, expanding it for one message.
 */
import { nibbles, type IpBytes } from '../ip-address.ts';

export type MacroPart =
  | { readonly kind: 'literal'; readonly text: string }
  | {
      readonly kind: 'macro';
      readonly letter: MacroLetter;
      /** Upper case in the record: escape for URLs. */
      readonly escape: boolean;
      /** Right-most parts to keep; 0 for all. */
      readonly keep: number;
      readonly reverse: boolean;
      readonly delimiters: string;
    };

export type MacroLetter = 's' | 'l' | 'o' | 'd' | 'i' | 'p' | 'h' | 'c' | 'r' | 't' | 'v';
export type MacroString = readonly MacroPart[];

export interface MacroValues {
  readonly ip: IpBytes;
  readonly sender: string;
  readonly localPart: string;
  readonly senderDomain: string;
  readonly domain: string;
  readonly helo: string;
  /** Only for `exp=`. */
  readonly receiver: string;
  readonly nowSeconds: number;
  readonly clientText: string;
  /** %{p}; costs look-ups, so it is asked only when it occurs. */
  validatedName(): Promise<string>;
}

const LITERAL = /[\x21-\x24\x26-\x7e]+/y;
const MACRO = /%\{([slodiphcrtv])(\d{0,3})(r?)([.\-+,/_=]*)\}/iy;
const ESCAPES: Readonly<Record<string, string>> = { '%%': '%', '%_': ' ', '%-': '%20' };
const NAME_CHARS_MAX = 253;

/**
 * Undefined when the syntax is wrong. `purpose` 'explanation' also allows spaces and the letters c, r and t
 * (RFC 7208 §7.2).
 */
export function parseMacroString(text: string, purpose: 'name' | 'explanation'): MacroString | undefined {
  const parts: MacroPart[] = [];
  let at = 0;
  while (at < text.length) {
    const escaped = ESCAPES[text.slice(at, at + 2)];
    if (escaped !== undefined) {
      parts.push({ kind: 'literal', text: escaped });
      at += 2;
      continue;
    }
    const part = parseMacro(text, at, purpose) ?? parseLiteral(text, at, purpose);
    if (!part) return undefined;
    parts.push(part.part);
    at = part.end;
  }
  return parts;
}

interface Parsed {
  readonly part: MacroPart;
  readonly end: number;
}

function parseMacro(text: string, at: number, purpose: 'name' | 'explanation'): Parsed | undefined {
  MACRO.lastIndex = at;
  const match = MACRO.exec(text);
  if (!match) return undefined;
  const [whole, written = '', digits = '', reverse, delimiters] = match;
  const letter = written.toLowerCase() as MacroLetter;
  if (purpose === 'name' && 'crt'.includes(letter)) return undefined;
  // RFC 7208 §7.3: the DIGIT transformer must not be zero.
  if (digits !== '' && Number(digits) === 0) return undefined;
  const part: MacroPart = {
    kind: 'macro',
    letter,
    escape: written !== letter,
    keep: Number(digits),
    reverse: reverse !== '',
    delimiters: delimiters || '.',
  };
  return { part, end: at + whole.length };
}

function parseLiteral(text: string, at: number, purpose: 'name' | 'explanation'): Parsed | undefined {
  if (purpose === 'explanation' && text[at] === ' ') return { part: { kind: 'literal', text: ' ' }, end: at + 1 };
  LITERAL.lastIndex = at;
  const match = LITERAL.exec(text);
  return match ? { part: { kind: 'literal', text: match[0] }, end: at + match[0].length } : undefined;
}

/** True when expansion asks the DNS for the client's name. */
export function usesValidatedName(parts: MacroString): boolean {
  return parts.some((part) => part.kind === 'macro' && part.letter === 'p');
}

export async function expandMacros(parts: MacroString, values: MacroValues): Promise<string> {
  let text = '';
  for (const part of parts) {
    if (part.kind === 'literal') text += part.text;
    else text += transform(await macroValue(part.letter, values), part);
  }
  return text;
}

/** Expands to a domain name, from which labels are cut at the left while it is too long (RFC 7208 §7.3). */
export async function expandToName(parts: MacroString, values: MacroValues): Promise<string> {
  let name = (await expandMacros(parts, values)).toLowerCase();
  if (name.endsWith('.')) name = name.slice(0, -1);
  while (name.length > NAME_CHARS_MAX && name.includes('.')) name = name.slice(name.indexOf('.') + 1);
  return name;
}

async function macroValue(letter: MacroLetter, values: MacroValues): Promise<string> {
  switch (letter) {
    case 's':
      return values.sender;
    case 'l':
      return values.localPart;
    case 'o':
      return values.senderDomain;
    case 'd':
      return values.domain;
    case 'i':
      return values.ip.length === 4 ? values.ip.join('.') : nibbles(values.ip).join('.').toUpperCase();
    case 'p':
      return values.validatedName();
    case 'h':
      return values.helo;
    case 'v':
      return values.ip.length === 4 ? 'in-addr' : 'ip6';
    case 'c':
      return values.clientText;
    case 'r':
      return values.receiver;
    case 't':
      return String(values.nowSeconds);
  }
}

function transform(value: string, part: Extract<MacroPart, { kind: 'macro' }>): string {
  let result = value;
  if (part.keep > 0 || part.reverse || part.delimiters !== '.') {
    let pieces = splitAt(value, part.delimiters);
    if (part.reverse) pieces = pieces.toReversed();
    if (part.keep > 0) pieces = pieces.slice(-part.keep);
    result = pieces.join('.');
  }
  return part.escape ? escapeForUrl(result) : result;
}

function splitAt(value: string, delimiters: string): string[] {
  const pieces = [''];
  for (const char of value) {
    if (delimiters.includes(char)) pieces.push('');
    else pieces[pieces.length - 1] += char;
  }
  return pieces;
}

/** RFC 7208 §7.3: everything outside RFC 3986's unreserved set. */
function escapeForUrl(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
