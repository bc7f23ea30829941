/**
 * Rules, automatic answers and forwarding of an account, for people who write no Sieve: kept as the script `rules`.
 *
 * Policy: a script of that name that was changed by hand is not overwritten, and another active script is not put out of
 * action, unless that is asked for.
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { checkSieve } from './sieve-check.ts';
import { requireAccount } from './sieve.ts';
import { NO_RULES, readRules, ruleSchema, rulesSchema, rulesScript, vacationSchema, type Rules } from './rules-script.ts';
import { addressArgument as account } from '../arguments.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

export const RULES_SCRIPT = 'rules';

const activate = z.boolean().default(false);

export interface RulesResult extends Rules {
  readonly account: string;
  /** They are what is run. */
  readonly active: boolean;
  /** The script that is run instead. */
  readonly otherActive?: string;
  readonly script: string;
}

const show = defineVerb({
  name: 'rules.show',
  summary: 'Shows the rules, the automatic answer and the forwarding of an account.',
  args: z.strictObject({ account }),
  run: async (context, args) => {
    const key = await requireAccount(context, args.account);
    return resultOf(context, key, await load(context, key));
  },
});

const set = defineVerb({
  name: 'rules.set',
  summary: 'Replaces the rules, the automatic answer and the forwarding of an account.',
  args: z.strictObject({ account, rules: rulesSchema, activate, /** Also when the script was changed by hand. */ overwrite: z.boolean().default(false) }),
  run: (context, args) => change(context, args, () => args.rules),
});

const add = defineVerb({
  name: 'rules.add',
  summary: 'Adds a rule to those of an account.',
  args: z.strictObject({ account, rule: ruleSchema, /** From 1; default: behind the others. */ position: z.number().int().min(1).optional(), activate }),
  run: (context, args) => change(context, args, (rules) => ({ ...rules, rules: rules.rules.toSpliced((args.position ?? rules.rules.length + 1) - 1, 0, args.rule) })),
});

const remove = defineVerb({
  name: 'rules.remove',
  summary: 'Removes a rule of an account by its number.',
  args: z.strictObject({ account, number: z.number().int().min(1), activate }),
  run: (context, args) =>
    change(context, args, (rules) => {
      if (args.number > rules.rules.length) throw new Failure('rule-unknown', `there is no rule ${args.number}: posthorn rules ${args.account} list shows those there are`, { temporary: false });
      return { ...rules, rules: rules.rules.toSpliced(args.number - 1, 1) };
    }),
});

const vacation = defineVerb({
  name: 'rules.vacation',
  summary: 'Sets the automatic answer of an account, or takes it away.',
  args: z.strictObject({ account, vacation: vacationSchema.nullable(), activate }),
  run: (context, args) => change(context, args, (old) => ({ rules: old.rules, ...(old.forward && { forward: old.forward }), ...(args.vacation && { vacation: args.vacation }) })),
});

const forward = defineVerb({
  name: 'rules.forward',
  summary: 'Forwards the mail of an account, or ends that.',
  args: z.strictObject({ account, forward: rulesSchema.shape.forward.unwrap().nullable(), activate }),
  run: (context, args) => change(context, args, (old) => ({ rules: old.rules, ...(old.vacation && { vacation: old.vacation }), ...(args.forward && { forward: args.forward }) })),
});

export const rulesVerbs = [show, set, add, remove, vacation, forward] as const;

interface ChangeArgs {
  readonly account: string;
  readonly activate: boolean;
  readonly overwrite?: boolean;
}

async function change(context: ManageContext, args: ChangeArgs, next: (rules: Rules) => Rules): Promise<RulesResult> {
  const { store, clock, log } = context;
  const key = await requireAccount(context, args.account);
  const current = args.overwrite ? NO_RULES : await load(context, key);
  const rules = rulesSchema.parse(next(current));
  const script = rulesScript(rules);
  const checked = checkSieve(Buffer.from(script));
  if (!checked.ok) throw new Failure('rules-refused', `the rules make no right script: ${checked.problems[0]?.message ?? ''}`, { temporary: false });
  const active = await store.scripts.active(key);
  const becomesActive = args.activate || active === undefined || active.name === RULES_SCRIPT;
  await store.scripts.put(key, RULES_SCRIPT, Buffer.from(script), { at: clock.now(), activate: becomesActive });
  log.info('rules.changed', { account: key, rules: rules.rules.length });
  return resultOf(context, key, rules);
}

async function load({ store }: ManageContext, key: string): Promise<Rules> {
  const content = await store.scripts.get(key, RULES_SCRIPT);
  if (!content) return NO_RULES;
  const rules = readRules(content.toString());
  if (!rules) throw new Failure('rules-edited', `the script "${RULES_SCRIPT}" of ${key} was written or changed by hand: change it as a script (posthorn sieve show ${key} ${RULES_SCRIPT}), or remove it first`, { temporary: false });
  return rules;
}

async function resultOf({ store }: ManageContext, key: string, rules: Rules): Promise<RulesResult> {
  const active = await store.scripts.active(key);
  const isOurs = active?.name === RULES_SCRIPT;
  return { account: key, active: isOurs, ...(active && !isOurs ? { otherActive: active.name } : {}), ...rules, script: rulesScript(rules) };
}
