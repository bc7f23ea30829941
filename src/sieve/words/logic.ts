/** Tests that hold tests, and those that need nothing (RFC 5228 §5). */
import type { TestSpec } from '../signature.ts';

export const TRUE: TestSpec = { kind: 'test', name: 'true', constant: () => true, evaluate: () => true };

export const FALSE: TestSpec = { kind: 'test', name: 'false', constant: () => false, evaluate: () => false };

export const NOT: TestSpec = {
  kind: 'test',
  name: 'not',
  tests: 'one',
  constant(call) {
    const inner = call.tests[0]?.constant;
    return inner === undefined ? undefined : !inner;
  },
  async evaluate(call, machine) {
    const [inner] = call.tests;
    return inner !== undefined && !(await machine.test(inner));
  },
};

/** RFC 5228 §5.2 and §5.3: from left to right, no further than needed, so that match values are what one expects. */
export const ALLOF: TestSpec = {
  kind: 'test',
  name: 'allof',
  tests: 'many',
  constant(call) {
    const known = call.tests.map((test) => test.constant);
    if (known.includes(false)) return false;
    return known.every((value) => value === true) ? true : undefined;
  },
  async evaluate(call, machine) {
    for (const inner of call.tests) if (!(await machine.test(inner))) return false;
    return true;
  },
};

export const ANYOF: TestSpec = {
  kind: 'test',
  name: 'anyof',
  tests: 'many',
  constant(call) {
    const known = call.tests.map((test) => test.constant);
    if (known.includes(true)) return true;
    return known.every((value) => value === false) ? false : undefined;
  },
  async evaluate(call, machine) {
    for (const inner of call.tests) if (await machine.test(inner)) return true;
    return false;
  },
};

/** RFC 5463 §4. The compiler answers it, because what follows may only then be understood. */
export const IHAVE: TestSpec = {
  kind: 'test',
  name: 'ihave',
  requires: ['ihave'],
  positional: [{ name: 'extensions', kind: 'strings', constant: true }],
  evaluate: (call) => call.constant === true,
};
