/**
 * Runs a verb by name: checks the arguments with the verb's schema, runs it, and gives the outcome as data, so that the
 * control socket and the command line report the same errors in the same words.
 */
import { Failure } from '../base/errors.ts';
import { wrongArguments } from './arguments.ts';
import type { ManageContext, Verb } from './verb.ts';

export interface VerbError {
  /** `unknown-verb`, `bad-arguments`, `internal`, or the code of the Failure that the verb threw. */
  readonly code: string;
  readonly message: string;
}

export type VerbOutcome = { readonly kind: 'done'; readonly result: unknown } | { readonly kind: 'error'; readonly error: VerbError };

// oxlint-disable-next-line typescript/no-explicit-any
export type AnyVerb = Verb<any, any>;

/** Verbs, or how those are loaded among which one of that name would be. */
export type VerbSource = readonly AnyVerb[] | ((name: string) => Promise<readonly AnyVerb[]>);

/** Never rejects. An unexpected error is logged as `verb.failed` and told as `internal`. */
export async function runVerb(verbs: VerbSource, context: ManageContext, name: string, args: unknown): Promise<VerbOutcome> {
  try {
    const verb = (typeof verbs === 'function' ? await verbs(name) : verbs).find((candidate) => candidate.name === name);
    if (!verb) return refusal('unknown-verb', `this server does not know "${name}"; is it of an older version than the command?`);
    const checked = verb.args.safeParse(args ?? {});
    if (!checked.success) return refusal('bad-arguments', wrongArguments(checked.error.issues));
    return { kind: 'done', result: (await verb.run(context, checked.data)) ?? null };
  } catch (error) {
    if (error instanceof Failure) return refusal(error.code, error.message);
    context.log.error('verb.failed', { verb: name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return refusal('internal', `${name} failed unexpectedly; the log of the server says why`);
  }
}

function refusal(code: string, message: string): VerbOutcome {
  return { kind: 'error', error: { code, message } };
}
