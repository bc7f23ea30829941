/**
 * SMTP command lines and their parts. RFC 5321 §4.1.
 *
 * Policy: strict. A path stands in angle brackets, a parameter once, and what cannot be read is an error with a reason,
 * because two servers that read one command differently are a hole. One leniency: blanks between the colon of `FROM:`
 * and the path, which many clients send.
 */

export interface CommandLine {
  /** Upper case; '' when the line does not begin with letters. */
  readonly verb: string;
  /** What follows the verb and its blank, without blanks at the end. */
  readonly argument: string;
}

const VERB = /^([A-Za-z]{1,12})(?: +|$)/;

export function parseCommandLine(line: string): CommandLine {
  const found = VERB.exec(line);
  if (!found) return { verb: '', argument: line };
  return { verb: (found[1] as string).toUpperCase(), argument: line.slice(found[0].length).trimEnd() };
}

export interface PathArgument {
  /** Between the angle brackets, a source route taken off (RFC 5321 §4.1.1.3 and appendix C); '' for `<>`. */
  readonly mailbox: string;
  /** `@a,@b` when the path had a source route. */
  readonly route?: string;
  readonly parameters: ReadonlyMap<string, string | undefined>;
}

export type PathResult = { readonly kind: 'path'; readonly value: PathArgument } | { readonly kind: 'bad-path' } | { readonly kind: 'bad-parameter'; readonly name: string };

/** Reads `FROM:<path> parameters` or `TO:<path> parameters`. */
export function parsePathArgument(argument: string, keyword: 'FROM' | 'TO'): PathResult {
  const head = keyword === 'FROM' ? /^from: *</i : /^to: *</i;
  const opening = head.exec(argument);
  if (!opening) return { kind: 'bad-path' };
  const start = opening[0].length;
  const end = closingBracket(argument, start);
  if (end < 0 || (end + 1 < argument.length && argument[end + 1] !== ' ')) return { kind: 'bad-path' };
  const path = splitRoute(argument.slice(start, end));
  if (!path) return { kind: 'bad-path' };
  const parameters = new Map<string, string | undefined>();
  const bad = end + 1 === argument.length ? undefined : readParameters(argument.slice(end + 1), parameters);
  return bad === undefined ? { kind: 'path', value: { ...path, parameters } } : { kind: 'bad-parameter', name: bad };
}

/** The `>` that ends the path, quoted strings honoured; -1 when there is none. */
function closingBracket(text: string, start: number): number {
  const simple = text.indexOf('>', start);
  const quote = text.indexOf('"', start);
  if (simple < 0 || quote < 0 || simple < quote) return simple;
  let quoted = false;
  for (let index = start; index < text.length; index++) {
    const character = text[index];
    if (quoted && character === '\\') index += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === '>' && !quoted) return index;
  }
  return -1;
}

/** `@a,@b:c@d` → route and mailbox; a route without mailbox or with a name that cannot be one is no path. */
function splitRoute(path: string): Pick<PathArgument, 'mailbox' | 'route'> | undefined {
  if (!path.startsWith('@')) return { mailbox: path };
  const colon = path.indexOf(':');
  const route = path.slice(0, colon);
  if (colon < 0 || !/^@[A-Za-z0-9.-]{1,255}(?:,@[A-Za-z0-9.-]{1,255})*$/.test(route)) return undefined;
  return { mailbox: path.slice(colon + 1), route };
}

/** RFC 5321 §4.1.2 esmtp-param; returns the first that is malformed or doubled. */
function readParameters(text: string, into: Map<string, string | undefined>): string | undefined {
  for (const item of text.split(' ')) {
    if (item === '') continue;
    const equals = item.indexOf('=');
    const name = (equals < 0 ? item : item.slice(0, equals)).toUpperCase();
    const value = equals < 0 ? undefined : item.slice(equals + 1);
    // oxlint-disable-next-line no-control-regex -- the grammar excludes control characters
    if (!/^[A-Z0-9][A-Z0-9-]{0,63}$/.test(name) || value === '' || (value !== undefined && /[\x00-\x20\x7f]/.test(value)) || into.has(name)) {
      return name.slice(0, 64);
    }
    into.set(name, value);
  }
  return undefined;
}

/** RFC 3461 §4: `+HH` with upper case digits, other characters printable ASCII without `+` and `=`; else undefined. */
export function decodeXtext(text: string): string | undefined {
  if (!/^(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*$/.test(text)) return undefined;
  return text.includes('+') ? text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text;
}

export function encodeXtext(text: string): string {
  return text.replace(/[^\x21-\x2a\x2c-\x3c\x3e-\x7e]/g, (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
