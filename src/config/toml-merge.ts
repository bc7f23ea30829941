/**
 * Two TOML texts as one, in which the added one has the last word: its keys replace those of the same name, join the
 * tables that are there, and bring tables of their own. Arrays of tables (`[[site]]`) grow, unless the added one is about the
 * same thing as one that is there: then its keys join that. Comments of the base stay.
 */
import { type AST, parseTOML } from 'toml-eslint-parser';
import { readToml, type TomlResult } from './toml-source.ts';

export type MergedToml = { readonly kind: 'merged'; readonly text: string } | Extract<TomlResult, { kind: 'malformed' }>;

/**
 * `base` is well-formed and has neither dotted keys nor inline tables. `malformed` is said of `added`. `identities`: by the
 * header of an array of tables, the key that says what each of its tables is about, as `address` for `outbound.ip`.
 */
export function mergeToml(base: string, added: string, identities: Readonly<Record<string, string>> = {}): MergedToml {
  const read = readToml(added);
  if (read.kind === 'malformed') return read;
  const into = new BaseText(base, identities);
  for (const entry of entriesOf(added)) {
    if (entry.type === 'TOMLKeyValue') into.set(pairOf([], entry, added));
    else {
      const same = into.sameAs(entry, identities);
      const table = same ?? entry.resolvedKey.map(String);
      if (!same && entry.resolvedKey.some((step) => typeof step === 'number')) into.append(added.slice(entry.range[0], entry.range[1]));
      else {
        into.table(table);
        for (const pair of entry.body) into.set(pairOf(table, pair, added));
      }
    }
  }
  return { kind: 'merged', text: into.text() };
}

interface Pair {
  readonly table: readonly string[];
  readonly key: string;
  /** As written. */
  readonly value: string;
}

/** Of a dotted key, all but the last step name the table. */
function pairOf(table: readonly string[], { key, value }: AST.TOMLKeyValue, text: string): Pair {
  const steps = key.keys.map((step) => (step.type === 'TOMLBare' ? step.name : step.value));
  return { table: [...table, ...steps.slice(0, -1)], key: steps.at(-1) ?? '', value: text.slice(value.range[0], value.range[1]) };
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

class BaseText {
  readonly #base: string;
  /** Where the value of a key stands. */
  readonly #values = new Map<string, AST.Range>();
  /** Where the line of a table's header ends. */
  readonly #headers = new Map<string, number>();
  readonly #edits: Edit[] = [];
  /** Where each table of an array is, by header and what it is about. */
  readonly #members = new Map<string, readonly string[]>();
  /** Lines of tables that the base lacks, by their header. */
  readonly #tables = new Map<string, string[]>();
  readonly #appended: string[] = [];

  constructor(base: string, identities: Readonly<Record<string, string>>) {
    this.#base = base;
    this.#headers.set('', -1);
    for (const entry of entriesOf(base)) {
      const table = entry.type === 'TOMLTable' ? entry.resolvedKey.map(String) : [];
      if (entry.type === 'TOMLTable') this.#headers.set(written(table), this.#lineEnd(entry.key.range[1]));
      for (const pair of entry.type === 'TOMLTable' ? entry.body : [entry]) {
        this.#values.set(written([...table, pairOf([], pair, base).key]), pair.value.range);
      }
      const member = entry.type === 'TOMLTable' && memberOf(entry, identities);
      if (member) this.#members.set(member, table);
    }
  }

  /** The table of the base that is about the same thing. */
  sameAs(entry: AST.TOMLTable, identities: Readonly<Record<string, string>>): readonly string[] | undefined {
    const member = memberOf(entry, identities);
    return member === undefined ? undefined : this.#members.get(member);
  }

  table(path: readonly string[]): void {
    const header = written(path);
    if (!this.#headers.has(header) && !this.#tables.has(header)) this.#tables.set(header, []);
  }

  set({ table, key, value }: Pair): void {
    const there = this.#values.get(written([...table, key]));
    if (there) return void this.#edits.push({ from: there[0], to: there[1], text: value });
    const line = `${written([key])} = ${value}`;
    const headerEnd = this.#headers.get(written(table));
    if (headerEnd === -1) return void this.#edits.push({ from: 0, to: 0, text: `${line}\n` });
    if (headerEnd !== undefined) return void this.#edits.push({ from: headerEnd, to: headerEnd, text: `\n${line}` });
    this.table(table);
    this.#tables.get(written(table))?.push(line);
  }

  append(text: string): void {
    this.#appended.push(text);
  }

  text(): string {
    let text = this.#base;
    // From the end, so that places in front stay true; what goes to one place keeps its order.
    const backwards = this.#edits.map((edit, at) => ({ edit, at })).toSorted((a, b) => b.edit.from - a.edit.from || b.at - a.at);
    for (const { edit } of backwards) text = text.slice(0, edit.from) + edit.text + text.slice(edit.to);
    const tables = [...this.#tables].map(([header, lines]) => [`[${header}]`, ...lines].join('\n'));
    return [text.trimEnd(), ...tables, ...this.#appended].join('\n\n') + '\n';
  }

  #lineEnd(from: number): number {
    const end = this.#base.indexOf('\n', from);
    return end < 0 ? this.#base.length : end;
  }
}

/** Undefined for what is no table of an array, or does not say what it is about. */
function memberOf(entry: AST.TOMLTable, identities: Readonly<Record<string, string>>): string | undefined {
  const header = entry.resolvedKey.filter((step) => typeof step === 'string').join('.');
  const [pair] = entry.body.filter((each) => pairOf([], each, '').key === identities[header]);
  return pair?.value.type === 'TOMLValue' ? `${header} ${String(pair.value.value)}` : undefined;
}

function entriesOf(text: string): readonly (AST.TOMLKeyValue | AST.TOMLTable)[] {
  return parseTOML(text, { tomlVersion: '1.0.0' }).body[0].body;
}

/** A key or header: bare where TOML allows it, else in quotes, whose escapes are those of JSON. */
function written(path: readonly string[]): string {
  return path.map((step) => (/^[A-Za-z0-9_-]+$/.test(step) ? step : JSON.stringify(step))).join('.');
}
