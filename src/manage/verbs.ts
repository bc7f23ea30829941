/** Every verb of the program, in the order in which the documentation lists them. Each part adds its own array here. */
import type { Verb } from './verb.ts';

// The list is the one place where verbs of different arguments meet; each checks its own with its schema.
// oxlint-disable-next-line typescript/no-explicit-any
export const verbs: readonly Verb<any, any>[] = [];
