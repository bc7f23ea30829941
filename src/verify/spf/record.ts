/**
 * The syntax of an SPF record (RFC 7208 §4.6.1, §12). The whole record is parsed before anything is evaluated, since
 * any syntax error anywhere makes the result permerror, however early a mechanism would have matched.
 */
import { parseIpv4, parseIpv6, type IpBytes } from '../ip-address.ts';
import { parseMacroString, type MacroString } from './macro.ts';

export type Qualifier = '+' | '-' | '~' | '?';

interface DirectiveBase {
  /** As written in the record. */
  readonly term: string;
  readonly qualifier: Qualifier;
}

/** Prefix lengths for `a` and `mx`. */
interface DualCidr {
  readonly v4Bits: number;
  readonly v6Bits: number;
}

export type Directive = DirectiveBase &
  (
    | { readonly kind: 'all' }
    | { readonly kind: 'include'; readonly target: MacroString }
    | { readonly kind: 'exists'; readonly target: MacroString }
    | ({ readonly kind: 'a' | 'mx'; readonly target: MacroString | undefined } & DualCidr)
    | { readonly kind: 'ptr'; readonly target: MacroString | undefined }
    | { readonly kind: 'ip4' | 'ip6'; readonly network: IpBytes; readonly bits: number }
  );

export interface Modifier {
  readonly term: string;
  readonly target: MacroString;
}

export interface SpfRecord {
  readonly directives: readonly Directive[];
  readonly redirect?: Modifier;
  readonly exp?: Modifier;
}

export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: SpfRecord }
  | { readonly kind: 'error'; readonly term: string; readonly detail: string };

/** Is this TXT record an SPF record? RFC 7208 §4.5: the version, then a space or the end. */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

const SHOWN_CHARS = 120;

/** A term as sentences quote it: records of strangers hold terms of any length. */
export function shownTerm(term: string): string {
  return term.length > SHOWN_CHARS ? `${term.slice(0, SHOWN_CHARS)}…` : term;
}

class SyntaxProblem extends Error {}

/** Takes a text for which isSpfRecord holds. */
export function parseSpfRecord(text: string): ParsedRecord {
  const directives: Directive[] = [];
  const modifiers = new Map<string, Modifier>();
  for (const term of text.split(' ').slice(1)) {
    if (term === '') continue;
    try {
      const modifier = term.includes('=') && /^([A-Za-z][A-Za-z0-9\-_.]*)=(.*)$/s.exec(term);
      if (modifier) addModifier(modifiers, term, (modifier[1] as string).toLowerCase(), modifier[2] as string);
      else directives.push(parseDirective(term));
    } catch (problem) {
      if (!(problem instanceof SyntaxProblem)) throw problem;
      return { kind: 'error', term: shownTerm(term), detail: problem.message };
    }
  }
  const redirect = modifiers.get('redirect');
  const exp = modifiers.get('exp');
  return { kind: 'record', record: { directives, ...(redirect && { redirect }), ...(exp && { exp }) } };
}

export interface TornRecord {
  /** Well formed by themselves and together, in their order. */
  readonly readable: readonly string[];
  readonly unreadable: readonly { readonly term: string; readonly detail: string }[];
}

/** What of a record with errors can be read, and what cannot: for who mends it. Any white space parts terms here. */
export function tearApart(text: string): TornRecord {
  const readable: string[] = [];
  const unreadable: { term: string; detail: string }[] = [];
  for (const term of text.trim().split(/\s+/).slice(1)) {
    const parsed = parseSpfRecord(['v=spf1', ...readable, term].join(' '));
    if (parsed.kind === 'record') readable.push(term);
    else unreadable.push({ term, detail: parsed.detail });
  }
  return { readable, unreadable };
}

function addModifier(modifiers: Map<string, Modifier>, term: string, name: string, value: string): void {
  if (name !== 'redirect' && name !== 'exp') {
    // RFC 7208 §6: unknown modifiers are ignored, but must be well formed.
    if (!parseMacroString(value, 'explanation')) throw new SyntaxProblem('the modifier holds a malformed macro');
    return;
  }
  if (modifiers.has(name)) throw new SyntaxProblem(`${name}= occurs twice`);
  modifiers.set(name, { term, target: domainSpec(value) });
}

function parseDirective(term: string): Directive {
  return plainIp4(term) ?? parseAnyDirective(term);
}

/** The term of which records hold hundreds, without regular expressions. Undefined: in another form, or wrong. */
function plainIp4(term: string): Directive | undefined {
  if (!term.startsWith('ip4:')) return undefined;
  const slash = term.indexOf('/');
  const bits = slash < 0 ? 32 : PREFIXES.indexOf(term.slice(slash + 1));
  const bytes = bits < 0 ? undefined : parseIpv4(term.slice(4, slash < 0 ? undefined : slash));
  return bytes && { term, qualifier: '+', kind: 'ip4', network: bytes, bits };
}

const PREFIXES: readonly string[] = Array.from({ length: 33 }, (_, bits) => String(bits));

function parseAnyDirective(term: string): Directive {
  const match = /^([+\-~?]?)([A-Za-z][A-Za-z0-9\-_.]*)(.*)$/s.exec(term);
  if (!match) throw new SyntaxProblem('this is neither a mechanism nor a modifier');
  const qualifier = (match[1] || '+') as Qualifier;
  const base: DirectiveBase = { term, qualifier };
  const name = (match[2] as string).toLowerCase();
  const rest = match[3] as string;
  switch (name) {
    case 'all':
      if (rest !== '') throw new SyntaxProblem('all takes no argument');
      return { ...base, kind: 'all' };
    case 'include':
    case 'exists':
      if (!rest.startsWith(':')) throw new SyntaxProblem(`${name} needs a domain`);
      return { ...base, kind: name, target: domainSpec(rest.slice(1)) };
    case 'a':
    case 'mx':
      return { ...base, kind: name, ...domainAndCidr(rest) };
    case 'ptr':
      if (rest === '') return { ...base, kind: 'ptr', target: undefined };
      if (!rest.startsWith(':')) throw new SyntaxProblem('ptr takes only a domain');
      return { ...base, kind: 'ptr', target: domainSpec(rest.slice(1)) };
    case 'ip4':
    case 'ip6':
      return { ...base, kind: name, ...network(name, rest) };
    default:
      throw new SyntaxProblem(`there is no mechanism called ${shownTerm(name)}`);
  }
}

function domainAndCidr(rest: string): { readonly target: MacroString | undefined } & DualCidr {
  // The last slashes are the prefix lengths; a slash inside a macro (`%{d/}`) is not followed by digits and the end.
  const cidr = /(?:\/(\d{1,3}))?(?:\/\/(\d{1,3}))?$/.exec(rest) as RegExpExecArray;
  const name = rest.slice(0, cidr.index);
  const v4Bits = prefixBits(cidr[1], 32);
  const v6Bits = prefixBits(cidr[2], 128);
  if (name === '') return { target: undefined, v4Bits, v6Bits };
  if (!name.startsWith(':')) throw new SyntaxProblem('after the mechanism only ":domain" or "/prefix length" may follow');
  return { target: domainSpec(name.slice(1)), v4Bits, v6Bits };
}

function prefixBits(digits: string | undefined, most: number): number {
  if (digits === undefined) return most;
  // RFC 7208 §12: no leading zeros.
  if (digits.length > 1 && digits.startsWith('0')) throw new SyntaxProblem(`prefix length ${digits} has a leading zero`);
  const bits = Number(digits);
  if (bits > most) throw new SyntaxProblem(`prefix length ${digits} is above ${most}`);
  return bits;
}

function network(kind: 'ip4' | 'ip6', rest: string): { readonly network: IpBytes; readonly bits: number } {
  const match = /^:([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(rest);
  const address = match?.[1] ?? '';
  const bytes = kind === 'ip4' ? parseIpv4(address) : parseIpv6(address);
  if (!match || !bytes) throw new SyntaxProblem(`${kind} needs an ${kind === 'ip4' ? 'IPv4' : 'IPv6'} address`);
  return { network: bytes, bits: prefixBits(match[2], kind === 'ip4' ? 32 : 128) };
}

/** RFC 7208 §7.1: macro text that ends in a macro or in a top label that is not all digits. */
function domainSpec(text: string): MacroString {
  const parts = parseMacroString(text, 'name');
  if (!parts) throw new SyntaxProblem('the domain holds a malformed macro or a forbidden character');
  const last = parts.at(-1);
  if (!last) throw new SyntaxProblem('the domain is empty');
  if (last.kind === 'macro') return parts;
  const end = /\.([A-Za-z0-9-]+)\.?$/.exec(text);
  const top = end?.[1] ?? '';
  if (top === '' || /^\d+$/.test(top) || top.startsWith('-') || top.endsWith('-')) {
    throw new SyntaxProblem(`"${shownTerm(text)}" does not end in a top-level domain`);
  }
  return parts;
}
