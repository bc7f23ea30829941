/**
 * Rules, an automatic answer and forwarding for people who write no Sieve: as data, and as the script that they become.
 *
 * The script can be read by people, and is read back: behind each piece stands what it was made from, in a comment that
 * begins with `#:`. A script that was changed by hand is not what its comments say, and is not touched.
 */
import { z } from 'zod';
import { parseMailbox } from '../../mail/address.ts';

const line = z.string().min(1).max(500).regex(/^[^\p{Cc}]*$/u);
const address = z.string().max(320).refine((text) => parseMailbox(text, { utf8: true }) !== undefined, 'an address such as name@example.org');
const date = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const folder = z.string().min(1).max(500).regex(/^[^\p{Cc}*%]*$/u);

export const conditionSchema = z.strictObject({
  /** `recipient`: To or Cc; `header`: needs `header`; `size`: `value` in bytes. */
  field: z.enum(['from', 'to', 'cc', 'recipient', 'subject', 'list', 'header', 'body', 'size']),
  header: z.string().regex(/^[!-9;-~]{1,70}$/).optional(),
  test: z.enum(['contains', 'is', 'matches', 'over', 'under']).default('contains'),
  value: line,
  not: z.boolean().default(false),
});
export type RuleCondition = z.output<typeof conditionSchema>;

export const ruleActionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), folder }),
  z.strictObject({ kind: z.literal('copy'), folder }),
  z.strictObject({ kind: z.literal('forward'), address }),
  z.strictObject({ kind: z.literal('flag'), flag: z.string().regex(/^\\?[A-Za-z0-9$_.-]{1,60}$/) }),
  z.strictObject({ kind: z.literal('discard') }),
  z.strictObject({ kind: z.literal('keep') }),
]);
export type RuleAction = z.output<typeof ruleActionSchema>;

export const ruleSchema = z.strictObject({
  name: line.optional(),
  /** All of the conditions, or any; without conditions every message. */
  match: z.enum(['all', 'any']).default('all'),
  conditions: z.array(conditionSchema).max(20).default([]),
  actions: z.array(ruleActionSchema).min(1).max(10),
  /** Rules behind it look at the message, too. */
  goOn: z.boolean().default(false),
});
export type Rule = z.output<typeof ruleSchema>;

export const vacationSchema = z.strictObject({
  text: z.string().min(1).max(20_000),
  subject: line.optional(),
  /** Between two answers to one sender. */
  days: z.number().int().min(0).max(365).default(7),
  /** Both included. */
  since: date.optional(),
  until: date.optional(),
  /** Further addresses of the user. */
  addresses: z.array(address).max(20).default([]),
});
export type RuleVacation = z.output<typeof vacationSchema>;

export const rulesSchema = z.strictObject({
  vacation: vacationSchema.optional(),
  /** Every message goes there; `keep`: and stays. */
  forward: z.strictObject({ addresses: z.array(address).min(1).max(4), keep: z.boolean().default(true) }).optional(),
  rules: z.array(ruleSchema).max(200).default([]),
});
export type Rules = z.output<typeof rulesSchema>;

export const NO_RULES: Rules = { rules: [] };

const OPENING = '# Made by `posthorn rules`. Change it there: what is changed here by hand is not read back.';
const MARK = '#: ';

export function rulesScript({ vacation, forward, rules }: Rules): string {
  const required = new Set<string>();
  const pieces: string[] = [];
  const put = (title: string, kind: string, data: unknown, lines: readonly string[]): void => void pieces.push([`# ${title}`, `${MARK}${kind} ${JSON.stringify(data)}`, ...lines].join('\n'));
  if (vacation) put('Automatic answer', 'vacation', vacation, vacationLines(vacation, required));
  if (forward) put('Forwarding', 'forward', forward, forward.addresses.map((to) => redirectLine(to, forward.keep, required)));
  for (const [at, rule] of rules.entries()) put(`Rule ${at + 1}${rule.name === undefined ? '' : `: ${rule.name}`}`, 'rule', rule, ruleLines(rule, required));
  const head = required.size === 0 ? [] : [`require [${[...required].sort().map(quote).join(', ')}];`];
  return `${[OPENING, ...head, ...pieces].join('\n\n')}\n`;
}

/** Undefined: the script was not made here, or was changed since. */
export function readRules(given: string): Rules | undefined {
  const script = given.replaceAll('\r\n', '\n');
  const found: { rules: unknown[]; vacation?: unknown; forward?: unknown } = { rules: [] };
  for (const text of script.split('\n')) {
    if (!text.startsWith(MARK)) continue;
    const [, kind, json = ''] = /^(vacation|forward|rule) (.*)$/.exec(text.slice(MARK.length)) ?? [];
    let data: unknown;
    try {
      data = JSON.parse(json);
    } catch {
      return undefined;
    }
    if (kind === 'rule') found.rules.push(data);
    else if (kind === 'vacation' || kind === 'forward') found[kind] = data;
  }
  const read = rulesSchema.safeParse(found);
  return read.success && rulesScript(read.data) === script ? read.data : undefined;
}

function vacationLines(vacation: RuleVacation, required: Set<string>): string[] {
  required.add('vacation');
  const { text, subject, days, since, until, addresses } = vacation;
  const tags = [`:days ${days}`, ...(subject === undefined ? [] : [`:subject ${quote(subject)}`]), ...(addresses.length > 0 ? [`:addresses ${list(addresses)}`] : [])];
  // A line of the text must not look like one that is read back.
  const command = `vacation ${tags.join(' ')} ${quote(text.replace(/\r\n?/g, '\n').replace(/^#: /gm, ' #: '))};`;
  const dates = [...(since === undefined ? [] : [`currentdate :value "ge" "date" ${quote(since)}`]), ...(until === undefined ? [] : [`currentdate :value "le" "date" ${quote(until)}`])];
  if (dates.length === 0) return [command];
  required.add('date').add('relational');
  return [`if ${joined('allof', dates)} {`, `    ${command}`, '}'];
}

function ruleLines({ match, conditions, actions, goOn }: Rule, required: Set<string>): string[] {
  const inner = [...flagLines(actions, required), ...actions.flatMap((action) => actionLines(action, required)), ...(goOn ? [] : ['stop;'])];
  const tests = conditions.map((condition) => conditionTest(condition, required));
  if (tests.length === 0) return inner;
  return [`if ${joined(match === 'all' ? 'allof' : 'anyof', tests)} {`, ...inner.map((text) => `    ${text}`), '}'];
}

/** Before the copies, so that they have them. */
function flagLines(actions: readonly RuleAction[], required: Set<string>): string[] {
  const flags = actions.flatMap((action) => (action.kind === 'flag' ? [action.flag] : []));
  if (flags.length === 0) return [];
  required.add('imap4flags');
  return [`addflag ${list(flags)};`];
}

function actionLines(action: RuleAction, required: Set<string>): string[] {
  switch (action.kind) {
    case 'file':
      required.add('fileinto').add('mailbox');
      return [`fileinto :create ${quote(action.folder)};`];
    case 'copy':
      required.add('fileinto').add('mailbox').add('copy');
      return [`fileinto :copy :create ${quote(action.folder)};`];
    case 'forward':
      return [redirectLine(action.address, true, required)];
    case 'flag':
      return [];
    case 'discard':
      return ['discard;'];
    case 'keep':
      return ['keep;'];
  }
}

function redirectLine(to: string, keep: boolean, required: Set<string>): string {
  if (keep) required.add('copy');
  return `redirect ${keep ? ':copy ' : ''}${quote(to)};`;
}

const HEADERS = { from: ['from'], to: ['to'], cc: ['cc'], recipient: ['to', 'cc'], subject: ['subject'], list: ['list-id'] } as const;

function conditionTest(condition: RuleCondition, required: Set<string>): string {
  const test = plainTest(condition, required);
  return condition.not ? `not ${test}` : test;
}

function plainTest({ field, header, test, value }: RuleCondition, required: Set<string>): string {
  if (field === 'size') return `size :${test === 'under' ? 'under' : 'over'} ${Math.min(Number.parseInt(value, 10) || 0, Number.MAX_SAFE_INTEGER)}`;
  const how = test === 'over' || test === 'under' ? 'contains' : test;
  if (field === 'body') {
    required.add('body');
    return `body :text :${how === 'is' ? 'contains' : how} ${quote(value)}`;
  }
  const names = field === 'header' ? [header ?? 'subject'] : HEADERS[field];
  // An address is compared as one: names beside it do not matter.
  const isAddress = how === 'is' && ['from', 'to', 'cc', 'recipient'].includes(field);
  return `${isAddress ? 'address' : 'header'} :${how} ${list(names)} ${quote(value)}`;
}

function joined(word: string, tests: readonly string[]): string {
  return tests.length === 1 ? (tests[0] as string) : `${word} (${tests.join(', ')})`;
}

function list(values: readonly string[]): string {
  return values.length === 1 ? quote(values[0] as string) : `[${values.map(quote).join(', ')}]`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
