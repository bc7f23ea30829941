/** A regex tree as instructions for the matcher: repetitions written out, loops as splits. */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { parseRegex, type Assertion, type PointSet, type RegexNode } from './regex-syntax.ts';

export type Instruction =
  | { readonly op: 'point'; readonly point: number }
  | { readonly op: 'any' }
  | { readonly op: 'set'; readonly set: PointSet }
  | { readonly op: 'assert'; readonly what: Assertion }
  | { readonly op: 'save'; readonly slot: number }
  /** Goes on at both, the first preferred. */
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'match' };

export interface RegexProgram {
  readonly instructions: readonly Instruction[];
  /** Groups, the whole included. */
  readonly groups: number;
}

export type CompiledRegex = { readonly ok: true; readonly program: RegexProgram } | { readonly ok: false; readonly problem: string };

class TooLarge extends Error {}

/** `problem` is a phrase for people. */
export function compileRegex(source: string): CompiledRegex {
  const parsed = parseRegex(source);
  if (!parsed.ok) return parsed;
  try {
    const emitter = new Emitter();
    emitter.emit(parsed.root);
    emitter.add({ op: 'match' });
    return { ok: true, program: { instructions: emitter.instructions, groups: parsed.groups + 1 } };
  } catch (error) {
    if (error instanceof TooLarge) return { ok: false, problem: 'it is too large' };
    throw error;
  }
}

class Emitter {
  readonly instructions: Instruction[] = [];

  add(instruction: Instruction): number {
    if (this.instructions.length >= SIEVE_LIMITS.regexStatesMax) throw new TooLarge();
    return this.instructions.push(instruction) - 1;
  }

  emit(node: RegexNode): void {
    switch (node.kind) {
      case 'point':
        this.add({ op: 'point', point: node.point });
        return;
      case 'any':
        this.add({ op: 'any' });
        return;
      case 'set':
        this.add({ op: 'set', set: node.set });
        return;
      case 'assert':
        this.add({ op: 'assert', what: node.what });
        return;
      case 'group':
        this.add({ op: 'save', slot: node.number * 2 });
        this.emit(node.inner);
        this.add({ op: 'save', slot: node.number * 2 + 1 });
        return;
      case 'sequence':
        for (const item of node.items) this.emit(item);
        return;
      case 'choice':
        this.#choice(node.items);
        return;
      case 'repeat':
        this.#repeat(node);
    }
  }

  #choice(items: readonly RegexNode[]): void {
    const jumps: { to: number }[] = [];
    items.forEach((item, i) => {
      const isLast = i === items.length - 1;
      const split = { op: 'split' as const, first: 0, second: 0 };
      if (!isLast) split.first = this.add(split) + 1;
      this.emit(item);
      if (isLast) return;
      const jump = { op: 'jump' as const, to: 0 };
      this.add(jump);
      jumps.push(jump);
      split.second = this.instructions.length;
    });
    for (const jump of jumps) jump.to = this.instructions.length;
  }

  #repeat(node: { readonly inner: RegexNode; readonly min: number; readonly max: number }): void {
    for (let i = 0; i < node.min; i += 1) this.emit(node.inner);
    if (node.max === Infinity) {
      const split = { op: 'split' as const, first: 0, second: 0 };
      const at = this.add(split);
      split.first = at + 1;
      this.emit(node.inner);
      this.add({ op: 'jump', to: at });
      split.second = this.instructions.length;
      return;
    }
    const splits: { second: number }[] = [];
    for (let i = node.min; i < node.max; i += 1) {
      const split = { op: 'split' as const, first: 0, second: 0 };
      split.first = this.add(split) + 1;
      splits.push(split);
      this.emit(node.inner);
    }
    for (const split of splits) split.second = this.instructions.length;
  }
}
