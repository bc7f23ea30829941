/** Every verb of the program. */
import type { AnyVerb } from './local-call.ts';
import { VERB_GROUPS } from './verb-groups.ts';

export const verbs: readonly AnyVerb[] = (await Promise.all(VERB_GROUPS.map((group) => group.load()))).flat();
