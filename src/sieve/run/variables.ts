/** Variables of the scripts of one run: each script has its own, and those it declares global are shared (RFC 6609 §3.4). */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { SieveFailure } from './meter.ts';

export class Variables {
  readonly #shared: Map<string, string>;
  readonly #own = new Map<string, string>();
  readonly #global = new Set<string>();
  #matched: readonly string[] = [];

  /** `shared`: of the run. */
  constructor(shared: Map<string, string>) {
    this.#shared = shared;
  }

  /** Unset ones are empty (RFC 5229 §3). Names without regard to case. */
  get(name: string): string {
    return this.#home(name).get(bare(name)) ?? '';
  }

  set(name: string, value: string): void {
    const home = this.#home(name);
    if (!home.has(bare(name)) && this.#own.size + this.#shared.size >= SIEVE_LIMITS.variablesMax) throw new SieveFailure(`more than ${SIEVE_LIMITS.variablesMax} variables`);
    home.set(bare(name), cut(value));
  }

  /** RFC 6609 §3.4.1: not after it was set as one of this script's own. */
  declareGlobal(name: string): void {
    const lower = name.toLowerCase();
    if (this.#own.has(lower)) throw new SieveFailure(`the variable “${name}” was set before it was declared global`);
    this.#global.add(lower);
  }

  match(number: number): string {
    return this.#matched[number] ?? '';
  }

  /** RFC 5229 §3.2: all are replaced at once. */
  setMatches(values: readonly string[]): void {
    this.#matched = values.slice(0, SIEVE_LIMITS.matchValuesMax).map(cut);
  }

  #home(name: string): Map<string, string> {
    const lower = name.toLowerCase();
    return lower.startsWith('global.') || this.#global.has(lower) ? this.#shared : this.#own;
  }
}

function bare(name: string): string {
  return name.toLowerCase().replace(/^global\./, '');
}

/** RFC 5229 §6: longer values are cut, never inside a character. */
export function cut(value: string): string {
  if (value.length <= SIEVE_LIMITS.variableCharsMax) return value;
  return value.slice(0, SIEVE_LIMITS.variableCharsMax).replace(/[\ud800-\udbff]$/, '');
}
