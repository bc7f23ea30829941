/**
 * A TOML file with positions: its plain value for the schema, and for every key the line and column where it stands and
 * the text that was written there, so that a refusal can point with a finger.
 */
import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** The value as written, shortened; for a table its header. */
  readonly written: string;
}

export interface TomlSource {
  readonly value: Readonly<Record<string, unknown>>;
  /** Of the key, or of the nearest table around it when the key itself is not there. */
  place(path: readonly PropertyKey[]): Place;
}

export type TomlResult =
  | { readonly kind: 'read'; readonly source: TomlSource }
  | { readonly kind: 'malformed'; readonly line: number; readonly column: number; readonly message: string };

const WRITTEN_CHARS_MAX = 80;

export function readToml(text: string): TomlResult {
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text, { tomlVersion: '1.0.0' });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { kind: 'malformed', line: error.lineNumber, column: error.column + 1, message: complaint(error, text) };
  }
  const odd = program.tokens.find(({ value }) => value === '__proto__');
  if (odd) {
    const { line, column } = odd.loc.start;
    return { kind: 'malformed', line, column: column + 1, message: '__proto__ cannot be a key' };
  }
  const places = new PlaceIndex(text);
  for (const entry of program.body[0].body) {
    if (entry.type === 'TOMLTable') places.addTable(entry);
    else places.addPair([], entry);
  }
  return { kind: 'read', source: { value: getStaticTOMLValue(program), place: (path) => places.find(path) } };
}

/** Of a repeated key the parser gives the place only. */
function complaint(error: ParseError, text: string): string {
  if (!error.message.includes('multiple times')) return error.message;
  const written = text.split(/\r?\n/)[error.lineNumber - 1]?.slice(error.column) ?? '';
  const key = /^[\w.-]{1,80}|^"[^"\n]{1,80}"/.exec(written)?.[0];
  return key === undefined ? error.message : `${key} is there twice; keep one of them`;
}

class PlaceIndex {
  readonly #text: string;
  readonly #places = new Map<string, Place>();

  constructor(text: string) {
    this.#text = text;
  }

  addTable(node: AST.TOMLTable): void {
    this.#put(node.resolvedKey, node.key, `[${node.resolvedKey.join('.')}]`);
    for (const pair of node.body) this.addPair(node.resolvedKey, pair);
  }

  addPair(parent: readonly PropertyKey[], node: AST.TOMLKeyValue): void {
    const path = [...parent, ...node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))];
    this.#addContent(path, node.value, node.key);
  }

  find(path: readonly PropertyKey[]): Place {
    for (let length = path.length; length > 0; length -= 1) {
      const place = this.#places.get(keyOf(path.slice(0, length)));
      if (place) return place;
    }
    return { line: 1, column: 1, written: '' };
  }

  #addContent(path: readonly PropertyKey[], node: AST.TOMLContentNode, at: AST.TOMLKey | AST.TOMLContentNode): void {
    this.#put(path, at, this.#text.slice(node.range[0], node.range[1]));
    if (node.type === 'TOMLArray') node.elements.forEach((element, index) => this.#addContent([...path, index], element, element));
    if (node.type === 'TOMLInlineTable') for (const pair of node.body) this.addPair(path, pair);
  }

  #put(path: readonly PropertyKey[], at: AST.TOMLNode, written: string): void {
    // The first mention of an array of tables is where the reader should look.
    if (this.#places.has(keyOf(path))) return;
    const { line, column } = at.loc.start;
    this.#places.set(keyOf(path), { line, column: column + 1, written: shorten(written) });
  }
}

function keyOf(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String));
}

function shorten(written: string): string {
  const oneLine = written.replaceAll(/\s+/g, ' ');
  return oneLine.length > WRITTEN_CHARS_MAX ? `${oneLine.slice(0, WRITTEN_CHARS_MAX - 1)}…` : oneLine;
}
