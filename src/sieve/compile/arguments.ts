/**
 * Arguments of one command or test, sorted by its signature (RFC 5228 §2.6): tags in any order in front, each with what
 * belongs to it; the others by position. Everything that is wrong is told; what comes back is always usable.
 */
import type { ArgumentNode, TestNode } from '../../wire/sieve/syntax.ts';
import { COMPARATORS, hasSubstrings } from '../match/comparator.ts';
import { compileRegex } from '../match/regex-program.ts';
import type { Argument, Comparator, MatchRule, Relation, Text } from '../program.ts';
import type { PositionalSpec, Report, Signature, TagSpec, ValueKind } from '../signature.ts';
import { compileText } from './text.ts';

export interface SortedArguments {
  readonly tags: ReadonlyMap<string, Argument | true>;
  readonly values: readonly (Argument | undefined)[];
  readonly match: MatchRule;
}

const MATCH_TAGS: readonly TagSpec[] = [
  { name: 'comparator', value: 'string', constant: true },
  { name: 'is', group: 'match type' },
  { name: 'contains', group: 'match type' },
  { name: 'matches', group: 'match type' },
  { name: 'regex', group: 'match type', requires: ['regex'] },
  { name: 'count', group: 'match type', requires: ['relational'], value: 'string', constant: true },
  { name: 'value', group: 'match type', requires: ['relational'], value: 'string', constant: true },
];

const RELATIONS: readonly string[] = ['gt', 'ge', 'lt', 'le', 'eq', 'ne'];

export function sortArguments(node: TestNode, signature: Signature, report: Report): SortedArguments {
  return new Sorter(node, signature, report).run();
}

class Sorter {
  readonly #node: TestNode;
  readonly #signature: Signature;
  readonly #report: Report;
  readonly #tags = new Map<string, Argument | true>();
  readonly #groups = new Map<string, string>();
  #next = 0;

  constructor(node: TestNode, signature: Signature, report: Report) {
    this.#node = node;
    this.#signature = signature;
    this.#report = report;
  }

  run(): SortedArguments {
    const known = [...(this.#signature.tags ?? []), ...(this.#signature.matches ? MATCH_TAGS : [])];
    for (let node = this.#peek(); node?.kind === 'tag'; node = this.#peek()) {
      this.#next += 1;
      const spec = known.find((tag) => tag.name === node.name);
      if (!spec) this.#unknownTag(node);
      else this.#tag(node, spec);
    }
    const values = this.#positional();
    const match = this.#matchRule();
    if (match.type === 'regex') this.#checkRegexes(values);
    return { tags: this.#tags, values, match };
  }

  #peek(): ArgumentNode | undefined {
    return this.#node.arguments[this.#next];
  }

  #unknownTag(node: ArgumentNode & { readonly kind: 'tag' }): void {
    this.#report.problem(node, `“${this.#node.name}” has no tag “:${node.name}”`);
    // Otherwise its value would be taken for the next argument and told as a second mistake.
    const rest = this.#node.arguments.slice(this.#next);
    if (rest[0] && rest[0].kind !== 'tag' && rest.filter((argument) => argument.kind !== 'tag').length > (this.#signature.positional ?? []).length) this.#next += 1;
  }

  #tag(node: ArgumentNode & { readonly kind: 'tag' }, spec: TagSpec): void {
    const missing = missingExtension(spec.requires, this.#report);
    if (missing) this.#report.problem(node, `“:${spec.name}” needs require ["${missing}"]`);
    const group = spec.group ?? spec.name;
    const before = this.#groups.get(group);
    if (before !== undefined) this.#report.problem(node, before === spec.name ? `“:${spec.name}” stands here twice` : `“:${spec.name}” and “:${before}” exclude each other`);
    this.#groups.set(group, spec.name);
    if (!spec.value) {
      this.#tags.set(spec.name, true);
      return;
    }
    const value = this.#value(this.#peek(), spec.value, `a value of “:${spec.name}”`, node, spec.constant);
    if (value === undefined) return;
    this.#next += 1;
    this.#tags.set(spec.name, value);
  }

  #positional(): (Argument | undefined)[] {
    const specs = this.#signature.positional ?? [];
    const nodes = this.#node.arguments.slice(this.#next).filter((node) => {
      if (node.kind === 'tag') this.#report.problem(node, `tags stand before the other arguments: “:${node.name}” is too late`);
      return node.kind !== 'tag';
    });
    const required = specs.filter((spec) => !spec.optional).length;
    if (nodes.length < required || nodes.length > specs.length) {
      this.#report.problem(nodes[specs.length] ?? this.#node, countMessage(this.#node.name, specs, nodes.length));
      if (nodes.length < required) return specs.map((spec) => emptyValue(spec.kind));
    }
    let spare = nodes.length - required;
    let index = 0;
    return specs.map((spec) => {
      if (spec.optional) {
        if (spare <= 0) return undefined;
        spare -= 1;
      }
      return this.#value(nodes[index++], spec.kind, spec.name, this.#node, spec.constant) ?? emptyValue(spec.kind);
    });
  }

  #value(node: ArgumentNode | undefined, kind: ValueKind, what: string, owner: { readonly line: number; readonly column: number }, constant?: boolean): Argument | undefined {
    const wanted = kind === 'number' ? 'a number' : kind === 'string' ? 'a string' : 'a string or a list of strings';
    const fits = node !== undefined && (kind === 'number' ? node.kind === 'number' : node.kind === 'strings' && (kind === 'strings' || !node.bracketed));
    if (!fits) {
      this.#report.problem(node ?? owner, `“${this.#node.name}”: ${wanted} is expected as ${what}`);
      return undefined;
    }
    if (node.kind === 'number') return node.value;
    if (node.kind !== 'strings') return undefined;
    const texts = node.values.map((value) => compileText(value, this.#report));
    const varying = constant ? texts.find((text) => text.parts) : undefined;
    if (varying) this.#report.problem(varying, `no variables may be used in ${what}`);
    return texts;
  }

  #matchRule(): MatchRule {
    const type = (this.#groups.get('match type') ?? 'is') as MatchRule['type'];
    const comparator = this.#comparator();
    if (!hasSubstrings(comparator) && (type === 'contains' || type === 'matches' || type === 'regex')) {
      this.#report.problem(this.#node, `the comparator “${comparator}” cannot be used with “:${type}”`);
    }
    return { type, comparator, relation: type === 'count' || type === 'value' ? this.#relation(type) : 'eq' };
  }

  #comparator(): Comparator {
    const text = this.#first('comparator');
    if (!text) return this.#signature.defaultComparator ?? 'i;ascii-casemap';
    const comparator = COMPARATORS.find((name) => name === text.source);
    if (!comparator) this.#report.problem(text, `there is no comparator “${text.source}”`);
    // RFC 5228 §2.7.3: these two are always there.
    else if (comparator !== 'i;octet' && comparator !== 'i;ascii-casemap' && !this.#report.extensions.has(`comparator-${comparator}`)) {
      this.#report.problem(text, `the comparator “${comparator}” needs require ["comparator-${comparator}"]`);
    }
    return comparator ?? 'i;ascii-casemap';
  }

  #relation(type: 'count' | 'value'): Relation {
    const text = this.#first(type);
    const relation = text?.source.toLowerCase() ?? 'eq';
    if (RELATIONS.includes(relation)) return relation as Relation;
    if (text) this.#report.problem(text, `“${text.source}” is no relation: gt, ge, lt, le, eq and ne are`);
    return 'eq';
  }

  #first(tag: string): Text | undefined {
    const value = this.#tags.get(tag);
    return Array.isArray(value) ? (value[0] as Text) : undefined;
  }

  /** The keys are the last argument of every test that takes a match type. */
  #checkRegexes(values: readonly (Argument | undefined)[]): void {
    const keys = values.at(-1);
    if (!Array.isArray(keys)) return;
    for (const key of keys as readonly Text[]) {
      const compiled = key.parts ? undefined : compileRegex(key.source);
      if (compiled && !compiled.ok) this.#report.problem(key, `this regular expression is wrong: ${compiled.problem}`);
    }
  }
}

/** The one to require, when none of them is. */
export function missingExtension(requires: readonly string[] | undefined, report: Report): string | undefined {
  return requires && !requires.some((name) => report.extensions.has(name)) ? requires[0] : undefined;
}

function emptyValue(kind: ValueKind): Argument {
  return kind === 'number' ? 0 : [{ line: 0, column: 0, source: '' }];
}

function countMessage(name: string, specs: readonly PositionalSpec[], count: number): string {
  if (specs.length === 0) return `“${name}” takes no such argument`;
  const names = specs.map((spec) => (spec.optional ? `[${spec.name}]` : spec.name)).join(', ');
  return `“${name}” takes ${names}; ${count === 0 ? 'nothing' : count === 1 ? 'one argument' : `${count} arguments`} stands here`;
}
