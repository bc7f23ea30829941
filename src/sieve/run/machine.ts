/** The state of one run, and what commands and tests may do with it. */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { MimePart } from '../../mail/mime-structure.ts';
import type { SieveAction } from '../action.ts';
import type { MaybeLater, SieveEnvironment, SievePorts } from '../environment.ts';
import { matchAny, matchCount, type MatchContext, type RegexCache } from '../match/match.ts';
import type { SieveMessage } from '../message.ts';
import type { AnyCall, Argument, CompiledCommand, CompiledTest, Flow, MatchRule, Program, Text } from '../program.ts';
import type { CompileResult, SieveBudget, SieveProblem } from '../result.ts';
import { MessageState } from './message-state.ts';
import { Meter } from './meter.ts';
import { Outcome } from './outcome.ts';
import { Variables } from './variables.ts';

/** One script on the way: the first, or an included one. */
interface Frame {
  /** Undefined for the first. */
  readonly name: string | undefined;
  readonly program: Program;
  readonly variables: Variables;
}

/** What the words mean; handed in, because they work on the machine. */
export interface Language {
  execute(call: CompiledCommand, machine: Machine): MaybeLater<Flow | void>;
  evaluate(call: CompiledTest, machine: Machine): MaybeLater<boolean>;
  /** For included scripts. */
  compile(source: string | Uint8Array): CompileResult;
}

export class Machine {
  readonly message: MessageState;
  readonly environment: SieveEnvironment;
  readonly ports: SievePorts;
  readonly meter: Meter;
  readonly language: Language;
  readonly outcome = new Outcome();
  readonly warnings: SieveProblem[] = [];
  /** RFC 5232 §2: the internal variable. */
  flags: readonly string[] = [];
  /** Parts that loops stand at, innermost last (RFC 5703 §3). */
  readonly loops: MimePart[] = [];
  /** Scripts that were included, by location and name (RFC 6609 §3.2 :once). */
  readonly included = new Set<string>();
  readonly includedPrograms = new Map<string, Program>();
  /** The innermost command or test at work: where an error is. */
  at: AnyCall | undefined;
  readonly #frames: Frame[] = [];
  readonly #shared = new Map<string, string>();
  readonly #regexes: RegexCache = new Map();

  constructor(message: SieveMessage, environment: SieveEnvironment, ports: SievePorts, budget: SieveBudget, language: Language) {
    this.language = language;
    this.meter = new Meter(budget, () => ports.pause());
    this.message = new MessageState(message, this.meter);
    this.environment = environment;
    this.ports = ports;
  }

  /** Runs a script as one of its own; what it returns with stays inside, `stop` goes on. */
  async runScript(program: Program, name: string | undefined): Promise<Flow | undefined> {
    this.#frames.push({ name, program, variables: new Variables(this.#shared) });
    const flow = await this.block(program.commands);
    this.#frames.pop();
    return flow === 'stop' ? 'stop' : undefined;
  }

  async block(commands: readonly CompiledCommand[]): Promise<Flow | undefined> {
    for (const command of commands) {
      this.meter.step();
      this.at = command;
      if (this.meter.isDue) await this.meter.pause();
      const flow = await this.language.execute(command, this);
      if (flow) return flow;
    }
    return undefined;
  }

  async test(call: CompiledTest): Promise<boolean> {
    this.meter.step();
    this.at = call;
    if (this.meter.isDue) await this.meter.pause();
    return call.constant ?? (await this.language.evaluate(call, this));
  }

  get frame(): Frame {
    return this.#frames.at(-1) as Frame;
  }

  get includeDepth(): number {
    return this.#frames.length - 1;
  }

  isRunning(name: string): boolean {
    return this.#frames.some((frame) => frame.name === name);
  }

  get variables(): Variables {
    return this.frame.variables;
  }

  has(extension: string): boolean {
    return this.frame.program.extensions.has(extension);
  }

  expand(text: Text): string {
    if (!text.parts) return text.source;
    const { variables } = this;
    const value = text.parts.map((part) => (typeof part === 'string' ? part : 'match' in part ? variables.match(part.match) : variables.get(part.variable))).join('');
    this.meter.read(value.length);
    return value.length > SIEVE_LIMITS.textCharsMax ? value.slice(0, SIEVE_LIMITS.textCharsMax) : value;
  }

  strings(argument: Argument | true | undefined): string[] {
    return Array.isArray(argument) ? (argument as readonly Text[]).map((text) => this.expand(text)) : [];
  }

  /** The first, '' when there is none. */
  string(argument: Argument | true | undefined): string {
    return this.strings(argument)[0] ?? '';
  }

  /** Undefined when the call has no such tag. */
  tagString(call: AnyCall, name: string): string | undefined {
    const value = call.tags.get(name);
    return value === undefined ? undefined : this.string(value);
  }

  matches(rule: MatchRule, values: readonly string[], keys: readonly string[], options: { readonly silent?: boolean } = {}): Promise<boolean> {
    const context: MatchContext = {
      meter: this.meter,
      regexes: this.#regexes,
      matched: (found) => {
        if (!options.silent && this.has('variables')) this.variables.setMatches(found);
      },
    };
    return matchAny(rule, values, keys, context);
  }

  matchesCount(rule: MatchRule, count: number, keys: readonly string[]): boolean {
    return matchCount(rule, count, keys);
  }

  act(action: SieveAction, takes: boolean): void {
    this.outcome.add(action, takes);
  }

  warn(message: string): void {
    const { name } = this.frame;
    if (this.warnings.length >= SIEVE_LIMITS.problemsMax) return;
    this.warnings.push({ line: this.at?.line ?? 1, column: this.at?.column ?? 1, message, ...(name !== undefined && { script: name }) });
  }
}
