/**
 * From the tree to a program: every word looked up, every argument checked, so that a run can only fail for what the
 * message or the world brings. Branches that can never run (behind `ihave` of something missing, RFC 5463 §4) are only
 * read, not checked.
 */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { parseScript } from '../../wire/sieve/parser.ts';
import type { CommandNode, Position, TestNode } from '../../wire/sieve/syntax.ts';
import { BASE_COMPARATORS, EXTENSIONS } from '../capabilities.ts';
import type { AnyCall, CompiledCommand, CompiledTest } from '../program.ts';
import type { CompileOptions, CompileResult, SieveProblem } from '../result.ts';
import type { CommandSpec, Report, TestSpec } from '../signature.ts';
import { COMMANDS } from '../words/commands.ts';
import { TESTS } from '../words/tests.ts';
import { missingExtension, sortArguments } from './arguments.ts';

/** Never throws, for any bytes. Problems in the order of the script, at most SIEVE_LIMITS.problemsMax. */
export function compile(source: string | Uint8Array, options: CompileOptions = {}): CompileResult {
  const parsed = parseScript(source);
  if (parsed.problems.length > 0) return { ok: false, problems: parsed.problems, warnings: [] };
  return new Compiler(options.extensions ?? new Set(Object.keys(EXTENSIONS))).compile(parsed.commands);
}

class Compiler implements Report {
  readonly extensions = new Set<string>();
  readonly enclosing: AnyCall[] = [];
  readonly #available: ReadonlySet<string>;
  readonly #problems: SieveProblem[] = [];
  readonly #warnings: SieveProblem[] = [];

  constructor(available: ReadonlySet<string>) {
    this.#available = available;
  }

  compile(nodes: readonly CommandNode[]): CompileResult {
    const first = nodes.findIndex((node) => node.name !== 'require');
    const body = first < 0 ? [] : nodes.slice(first);
    for (const node of first < 0 ? nodes : nodes.slice(0, first)) this.#require(node);
    this.#checkDependencies(nodes[0]);
    const commands = this.#commands(body);
    const warnings = this.#warnings.slice(0, SIEVE_LIMITS.problemsMax);
    if (this.#problems.length === 0) return { ok: true, program: { commands, extensions: this.extensions }, warnings };
    this.#problems.sort((a, b) => a.line - b.line || a.column - b.column);
    return { ok: false, problems: this.#problems.slice(0, SIEVE_LIMITS.problemsMax), warnings };
  }

  problem(at: Position, message: string): void {
    this.#problems.push({ line: at.line, column: at.column, message });
  }

  warning(at: Position, message: string): void {
    this.#warnings.push({ line: at.line, column: at.column, message });
  }

  isAvailable(extension: string): boolean {
    return BASE_COMPARATORS.includes(extension) || (this.#available.has(extension) && Object.hasOwn(EXTENSIONS, extension));
  }

  /** RFC 5228 §3.2. */
  #require(node: CommandNode): void {
    const argument = node.arguments[0];
    if (node.arguments.length !== 1 || argument?.kind !== 'strings' || node.tests.length > 0 || node.testList || node.block) {
      this.problem(node, '“require” takes a string or a list of strings and nothing else');
      return;
    }
    for (const value of argument.values) {
      if (this.isAvailable(value.value)) this.#enable(value.value);
      else this.problem(value, `there is no extension “${value.value}”`);
    }
  }

  /** RFC 5703 §7: it works only inside of loops, and on variables. */
  #checkDependencies(node: CommandNode | undefined): void {
    if (!node || !this.extensions.has('extracttext')) return;
    for (const needed of ['foreverypart', 'variables']) {
      if (!this.extensions.has(needed)) this.problem(node, `the extension “extracttext” needs require ["${needed}"]`);
    }
  }

  #enable(extension: string): void {
    this.extensions.add(extension);
    // RFC 6131 §2 and RFC 5235 §3.3: the larger extension holds the smaller one.
    if (extension === 'vacation-seconds') this.extensions.add('vacation');
    if (extension === 'spamtestplus') this.extensions.add('spamtest');
  }

  #commands(nodes: readonly CommandNode[]): CompiledCommand[] {
    const commands: CompiledCommand[] = [];
    for (let i = 0; i < nodes.length; i += 1) {
      const node = nodes[i] as CommandNode;
      if (node.name === 'if') {
        let end = i + 1;
        while (nodes[end]?.name === 'elsif') end += 1;
        if (nodes[end]?.name === 'else') end += 1;
        commands.push(this.#ifChain(nodes.slice(i, end)));
        i = end - 1;
      } else if (node.name === 'elsif' || node.name === 'else') {
        this.problem(node, `“${node.name}” must stand directly behind the block of “if” or “elsif”`);
        if (node.name === 'elsif') while (nodes[i + 1]?.name === 'elsif' || nodes[i + 1]?.name === 'else') i += 1;
      } else if (node.name === 'require') this.problem(node, '“require” must stand before all other commands');
      else {
        const command = this.#command(node);
        if (command) commands.push(command);
      }
    }
    return commands;
  }

  /** RFC 5228 §3.1. The branches become one command: each test with its block, the last perhaps without a test. */
  #ifChain(nodes: readonly CommandNode[]): CompiledCommand {
    const head = nodes[0] as CommandNode;
    const branches: { test: CompiledTest | undefined; block: readonly CompiledCommand[] }[] = [];
    let taken = false;
    for (const node of nodes) {
      if (node.block === undefined) this.problem(node, `a block must follow “${node.name}”`);
      if (node.arguments.length > 0 || node.testList) this.problem(node, `“${node.name}” takes ${node.name === 'else' ? 'a block' : 'one test and a block'} and nothing else`);
      const wantsTest = node.name !== 'else';
      if (node.tests.length !== (wantsTest ? 1 : 0) && !node.testList) this.problem(node, wantsTest ? `a test must follow “${node.name}”` : '“else” takes no test');
      if (taken) continue;
      const test = wantsTest && node.tests[0] ? this.#test(node.tests[0]) : undefined;
      const known = test?.constant;
      if (known !== false) branches.push({ test, block: this.#commands(node.block ?? []) });
      taken = known === true;
    }
    return { ...position(head), name: 'if', tags: new Map(), values: [], match: NO_MATCH, tests: [], block: [], branches };
  }

  #command(node: CommandNode): CompiledCommand | undefined {
    const spec = COMMANDS.get(node.name);
    if (!spec) {
      this.problem(node, TESTS.has(node.name) ? `“${node.name}” is a test, not a command` : `there is no command “${node.name}”`);
      return undefined;
    }
    this.#known(node, spec);
    if (spec.block && !node.block) this.problem(node, `a block must follow “${node.name}”`);
    if (!spec.block && node.block) this.problem(node, `“${node.name}” takes no block; “;” is missing`);
    const problemsBefore = this.#problems.length;
    const call = { ...position(node), name: node.name, ...sortArguments(node, spec, this), tests: this.#tests(node, spec) };
    const isWhole = this.#problems.length === problemsBefore;
    this.enclosing.push({ ...call, block: [] });
    const compiled = { ...call, block: this.#commands(node.block ?? []) };
    this.enclosing.pop();
    if (isWhole) spec.check?.(compiled, this);
    return compiled;
  }

  #test(node: TestNode): CompiledTest | undefined {
    const spec = TESTS.get(node.name);
    if (!spec) {
      this.problem(node, COMMANDS.has(node.name) ? `“${node.name}” is a command, not a test` : `there is no test “${node.name}”`);
      return undefined;
    }
    this.#known(node, spec);
    const problemsBefore = this.#problems.length;
    const compiled: CompiledTest = { ...position(node), name: node.name, ...sortArguments(node, spec, this), tests: this.#tests(node, spec) };
    // Checks would only tell in other words what is wrong already.
    if (this.#problems.length === problemsBefore) spec.check?.(compiled, this);
    const constant = spec.name === 'ihave' ? this.#ihave(compiled) : spec.constant?.(compiled);
    return constant === undefined ? compiled : { ...compiled, constant };
  }

  #known(node: TestNode, spec: CommandSpec | TestSpec): void {
    const missing = missingExtension(spec.requires, this);
    if (missing) this.problem(node, `“${spec.name}” needs require ["${missing}"]`);
  }

  #tests(node: TestNode, spec: CommandSpec | TestSpec): CompiledTest[] {
    if (!spec.tests) {
      const [inner] = node.tests;
      if (inner && spec.kind === 'command' && COMMANDS.has(inner.name)) this.problem(inner, `a “;” is missing behind “${node.name}”`);
      else if (inner || node.testList) this.problem(inner ?? node, `“${node.name}” takes no test`);
      return [];
    }
    if (spec.tests === 'one' && (node.tests.length !== 1 || node.testList)) this.problem(node, `“${node.name}” takes one test`);
    if (spec.tests === 'many' && !node.testList) this.problem(node, `“${node.name}” takes tests in parentheses`);
    const tests: CompiledTest[] = [];
    for (const inner of node.tests) {
      const test = this.#test(inner);
      if (!test) continue;
      tests.push(test);
      // RFC 5463 §4: what stands behind a failed `ihave` may be unknown.
      if (test.constant === (spec.name === 'anyof') && spec.tests === 'many') break;
    }
    return tests;
  }

  /** RFC 5463 §4: what is there is required from here on, as far as the test is true. */
  #ihave(call: CompiledTest): boolean {
    const names = (call.values[0] as readonly { readonly source: string }[]).map((text) => text.source);
    if (!names.every((name) => this.isAvailable(name) && !LEXICAL.includes(name))) return false;
    for (const name of names) this.#enable(name);
    return true;
  }
}

/** RFC 5463 §4: what changes how strings are read cannot be switched on halfway. */
const LEXICAL: readonly string[] = ['variables', 'encoded-character'];

const NO_MATCH = { type: 'is', relation: 'eq', comparator: 'i;ascii-casemap' } as const;

function position(node: Position): Position {
  return { line: node.line, column: node.column };
}
