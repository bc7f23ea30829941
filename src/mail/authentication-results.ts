/**
 * Authentication-Results (RFC 8601): building ours, reading anyone's, and finding forged ones in incoming mail.
 *
 * Policy: everything that came from outside is made harmless before it is written: printable ASCII without the characters
 * that mean something here, not even in quotes, since many readers do not know `\"` or split at every semicolon. Lines are
 * folded at 78 where a value allows it.
 */
import type { HeaderField } from './header.ts';

export interface ResultProperty {
  /** ptype: smtp, header, policy, body … */
  readonly type: string;
  readonly property: string;
  readonly value: string;
}

export interface MethodResult {
  /** spf, dkim, dmarc, arc, iprev, auth … */
  readonly method: string;
  readonly result: string;
  /** `reason=`: why, in words. */
  readonly reason?: string;
  /** Written in parentheses; not read back. */
  readonly comment?: string;
  readonly properties?: readonly ResultProperty[];
}

export interface AuthenticationResults {
  readonly authservId: string;
  readonly version?: string;
  /** Empty: no method was tried (`none`). */
  readonly results: readonly MethodResult[];
}

const LINE_CHARS_MAX = 78;
const VALUE_CHARS_MAX = 256;
const COMMENT_CHARS_MAX = 200;
/** RFC 2045 §5.1 token, and what RFC 8601 §2.2 allows bare in a property value besides. */
const BARE_VALUE = /^[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+$/;
const BARE_ADDRESS = /^[A-Za-z0-9!#$%&'*+\-.^_`{|}~/=]*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;
/** What would end a value, a comment or a result for one reader or another, and what is written in its place. */
const HARMLESS: Readonly<Record<string, string>> = { '"': "'", '\\': '/', ';': ',', '(': '[', ')': ']' };

/** The whole field with its final CRLF. */
export function buildAuthenticationResults(content: AuthenticationResults): Buffer {
  const lines = ['Authentication-Results:'];
  appendWord(lines, `${tokenOrQuoted(content.authservId)};`);
  if (content.results.length === 0) {
    lines[0] = `${lines[0] as string} none`;
  }
  for (const [index, entry] of content.results.entries()) {
    const words = methodWords(entry);
    if (index < content.results.length - 1) words[words.length - 1] += ';';
    // One method per line, so that people can read it too.
    lines.push(`\t${words[0] as string}`);
    for (const word of words.slice(1)) appendWord(lines, word);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1');
}

function methodWords(entry: MethodResult): string[] {
  const words = [`${keyword(entry.method)}=${keyword(entry.result)}`];
  if (entry.comment) words.push(...comment(entry.comment));
  const reason = printable((entry.reason ?? '').replace(/\s+/g, ' ').trim(), COMMENT_CHARS_MAX);
  if (reason !== '') words.push(...`reason=${quoted(reason)}`.split(' '));
  for (const { type, property, value: text } of entry.properties ?? []) {
    if (text !== '') words.push(`${keyword(type)}.${keyword(property)}=${value(text)}`);
  }
  return words;
}

function appendWord(lines: string[], word: string): void {
  const last = lines.at(-1) as string;
  if (last.length + 1 + word.length <= LINE_CHARS_MAX) lines[lines.length - 1] = `${last} ${word}`;
  // One blank, because the fold may lie inside a quoted string (RFC 5322 §3.2.4) and must read the same unfolded.
  else lines.push(` ${word}`);
}

function keyword(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, '') || 'x';
}

function value(text: string): string {
  const clean = printable(text, VALUE_CHARS_MAX);
  return BARE_VALUE.test(clean) || BARE_ADDRESS.test(clean) ? clean : quoted(clean);
}

/** Unlike a property value it must not hold an unquoted `=` or `@`. */
function tokenOrQuoted(text: string): string {
  const clean = printable(text, VALUE_CHARS_MAX);
  return BARE_VALUE.test(clean) ? clean : quoted(clean);
}

function quoted(text: string): string {
  return `"${text}"`;
}

function comment(text: string): string[] {
  const clean = printable(text, COMMENT_CHARS_MAX).trim();
  return clean === '' ? [] : `(${clean})`.split(/ +/);
}

function printable(text: string, charsMax: number): string {
  const short = text.length > charsMax ? `${text.slice(0, charsMax - 1)}~` : text;
  return short.replace(/[^\x20-\x7e]/g, '?').replace(/["\\;()]/g, (char) => HARMLESS[char] as string);
}

interface Token {
  readonly kind: 'word' | 'quoted' | ';' | '=';
  readonly text: string;
}

/** Cut off beyond this: a field that long is no result list. */
const READ_CHARS_MAX = 64 * 1024;

/** Takes the unfolded value. Undefined when it does not follow RFC 8601 §2.2. Comments are dropped. */
export function parseAuthenticationResults(text: string): AuthenticationResults | undefined {
  const tokens = text.length > READ_CHARS_MAX ? undefined : tokenize(text);
  if (!tokens) return undefined;
  const groups = splitGroups(tokens);
  const head = groups[0] ?? [];
  const [id, version, ...surplus] = head;
  if (!id || (id.kind !== 'word' && id.kind !== 'quoted') || surplus.length > 0) return undefined;
  if (version && !/^\d+$/.test(version.text)) return undefined;
  const results: MethodResult[] = [];
  for (const group of groups.slice(1)) {
    if (group.length === 0) continue;
    if (group.length === 1 && group[0]?.text.toLowerCase() === 'none') continue;
    const result = readMethod(group);
    if (!result) return undefined;
    results.push(result);
  }
  return { authservId: id.text, ...(version && { version: version.text }), results };
}

function splitGroups(tokens: readonly Token[]): Token[][] {
  const groups: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === ';') groups.push([]);
    else (groups.at(-1) as Token[]).push(token);
  }
  return groups;
}

function readMethod(tokens: readonly Token[]): MethodResult | undefined {
  const pairs = readPairs(tokens);
  const [first, ...rest] = pairs ?? [];
  if (!first) return undefined;
  let reason: string | undefined;
  const properties: ResultProperty[] = [];
  for (const [name, text] of rest) {
    const dot = name.indexOf('.');
    if (name.toLowerCase() === 'reason') reason = text;
    else if (dot > 0) properties.push({ type: name.slice(0, dot).toLowerCase(), property: name.slice(dot + 1).toLowerCase(), value: text });
    // Some write extra words such as action=none: not in the grammar, and harmless.
  }
  // A method may carry a version: `dkim/1`.
  const method = (first[0].split('/')[0] as string).toLowerCase();
  return { method, result: first[1].toLowerCase(), ...(reason !== undefined && { reason }), properties };
}

function readPairs(tokens: readonly Token[]): [string, string][] | undefined {
  const pairs: [string, string][] = [];
  for (let at = 0; at < tokens.length; ) {
    let name = '';
    for (; tokens[at]?.kind === 'word' && continues(name, tokens[at] as Token); at += 1) name += (tokens[at] as Token).text;
    const [equals, content, behind] = tokens.slice(at, at + 3);
    if (name === '' || equals?.kind !== '=' || !content || content.kind === '=') return undefined;
    // A local part that needs its quotes: "a b"@example.org.
    const isAddress = content.kind === 'quoted' && behind?.kind === 'word' && behind.text.startsWith('@');
    pairs.push([name, isAddress ? `"${content.text.replace(/[\\"]/g, '\\$&')}"${behind.text}` : content.text]);
    at += isAddress ? 3 : 2;
  }
  return pairs;
}

/** RFC 8601 §2.2 allows blanks and comments around the `/` and `.` of a name. */
function continues(name: string, { text }: Token): boolean {
  return name === '' || name.endsWith('.') || name.endsWith('/') || text.startsWith('.') || text.startsWith('/');
}

function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at] as string;
    if (/[ \t\r\n]/.test(char)) at += 1;
    else if (char === '(') {
      at = commentEnd(text, at);
      if (at < 0) return undefined;
    } else if (char === ';') {
      tokens.push({ kind: ';', text: char });
      at += 1;
    } else if (char === '=' && tokens.at(-1)?.kind === 'word') {
      tokens.push({ kind: '=', text: char });
      at += 1;
    } else if (char === '"') {
      const read = readQuoted(text, at);
      if (!read) return undefined;
      tokens.push({ kind: 'quoted', text: read.text });
      at = read.end;
    } else {
      // After `=`, a value may itself hold `=` (base64); a name may not.
      const stop = tokens.at(-1)?.kind === '=' ? /[ \t\r\n;("]/g : /[ \t\r\n;("=]/g;
      stop.lastIndex = at + 1;
      const end = stop.exec(text)?.index ?? text.length;
      tokens.push({ kind: 'word', text: text.slice(at, end) });
      at = end;
    }
  }
  return tokens;
}

/** Offset behind the comment, -1 when it never closes. */
function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (char === '(') depth += 1;
    else if (char === ')' && --depth === 0) return at + 1;
  }
  return -1;
}

function readQuoted(text: string, start: number): { text: string; end: number } | undefined {
  let result = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at] as string;
    if (char === '"') return { text: result, end: at + 1 };
    if (char === '\\') at += 1;
    result += text[at] ?? '';
  }
  return undefined;
}

/**
 * Fields that a stranger put there in our name (RFC 8601 §5): all that carry our authserv-id, and those whose
 * authserv-id cannot be read, since another reader may read ours.
 */
export function forgedAuthenticationResults(fields: readonly HeaderField[], authservId: string): HeaderField[] {
  const ours = comparableId(authservId);
  return fields.filter((field) => {
    if (field.lower !== 'authentication-results') return false;
    const claimed = claimedAuthservId(field.value);
    return claimed === undefined || claimed === ours;
  });
}

/** Read even when the rest of the field is broken. */
function claimedAuthservId(text: string): string | undefined {
  const semicolon = text.indexOf(';');
  const tokens = tokenize(text) ?? tokenize(semicolon < 0 ? text : text.slice(0, semicolon));
  const first = tokens?.[0];
  return first && (first.kind === 'word' || first.kind === 'quoted') ? comparableId(first.text) : undefined;
}

/** Case, a final dot, a version stuck to the name and what nobody sees do not make it another's: a reader may be lenient. */
function comparableId(id: string): string {
  return (id.split('/')[0] as string).replace(/[\0-\x20\x7f\u00a0\u00ad\u200b-\u200f\ufeff]/g, '').toLowerCase().replace(/\.+$/, '');
}
