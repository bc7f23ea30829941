/** `posthorn rules ADDRESS …`: the form for people who write no Sieve. */
import type { Command } from 'commander';
import type { RulesResult } from '../../../manage/sieve/rules.ts';
import type { Rule, RuleAction, RuleCondition } from '../../../manage/sieve/rules-script.ts';
import { wholeNumber, withCommonOptions, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface RuleOptions extends CommonOptions {
  readonly name?: string;
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  readonly subject?: readonly string[];
  readonly list?: readonly string[];
  readonly header?: readonly string[];
  readonly body?: readonly string[];
  readonly over?: number;
  readonly any?: boolean;
  readonly exact?: boolean;
  readonly file?: string;
  readonly copy?: string;
  readonly forward?: readonly string[];
  readonly flag?: readonly string[];
  readonly read?: boolean;
  readonly discard?: boolean;
  readonly goOn?: boolean;
  readonly position?: number;
  readonly text?: string;
  readonly days?: number;
  readonly since?: string;
  readonly until?: string;
  readonly off?: boolean;
  readonly only?: boolean;
  readonly activate?: boolean;
}

const WHAT = ['list', 'show', 'add', 'remove', 'vacation', 'forward'] as const;

export function add(registry: Registry): void {
  const { program, session } = registry;
  const command = withCommonOptions(program.command('rules <address> [what] [arguments...]').description(`rules of an account without writing Sieve: ${WHAT.join(', ')}`));
  command
    .option('--name <name>', 'add: what the rule is called')
    .option('--from <text...>', 'add: From contains this')
    .option('--to <text...>', 'add: To or Cc contains this')
    .option('--subject <text...>', 'add: the subject contains this; vacation: the subject of the answer')
    .option('--list <text...>', 'add: List-Id contains this')
    .option('--header <name:text...>', 'add: a header field contains this')
    .option('--body <text...>', 'add: the text contains this')
    .option('--over <bytes>', 'add: larger than this', wholeNumber(1, 1e12))
    .option('--any', 'add: one of the conditions is enough (default: all must be met)')
    .option('--exact', 'add: the whole value, not a part of it')
    .option('--file <folder>', 'add: into this folder')
    .option('--copy <folder>', 'add: a copy into this folder')
    .option('--forward <address...>', 'add: a copy to this address')
    .option('--flag <flag...>', 'add: with this flag, such as \\Flagged or work')
    .option('--read', 'add: as read')
    .option('--discard', 'add: throw it away')
    .option('--go-on', 'add: let later rules look at it, too')
    .option('--position <number>', 'add: where the rule goes (default: behind the others)', wholeNumber(1, 1000))
    .option('--text <text>', 'vacation: the answer')
    .option('--days <days>', 'vacation: days between two answers to one sender (default 7)', wholeNumber(0, 365))
    .option('--since <date>', 'vacation: from this day on, 2026-12-20')
    .option('--until <date>', 'vacation: up to this day')
    .option('--off', 'vacation, forward: end it')
    .option('--only', 'forward: keep no copy here')
    .option('--activate', 'run the rules instead of another script that is active')
    .action(async (address: string, what: string | undefined, given: string[]) => {
      refuseStrayOptions(command, what ?? 'list');
      const options = command.optsWithGlobals() as RuleOptions;
      const result = await carryOut(session, options, address, what ?? 'list', given);
      if (options.json) session.out.json(result);
      else if (what === 'show') session.out.raw(result.script);
      else print(session, result);
      registry.finish(0);
    });
}

/** What goes with another of the words would be ignored in silence. The help of an option begins with the words that it goes with. */
function refuseStrayOptions(command: Command, what: string): void {
  for (const option of command.options) {
    const goesWith = WHAT.filter((word) => option.description.includes(`${word}: `) || option.description.includes(`${word}, `));
    if (command.getOptionValue(option.attributeName()) === undefined || goesWith.length === 0 || goesWith.some((word) => word === what)) continue;
    throw new UsageError(`${option.long} goes with rules ADDRESS ${goesWith.join(' and ')}, not with ${what}`);
  }
}

function carryOut(session: Session, options: RuleOptions, account: string, what: string, given: readonly string[]): Promise<RulesResult> {
  const common = { account, ...(options.activate ? { activate: true } : {}) };
  switch (what) {
    case 'list':
    case 'show':
      return session.call(options, 'rules.show', { account });
    case 'add':
      return session.call(options, 'rules.add', { ...common, rule: ruleOf(options), ...(options.position === undefined ? {} : { position: options.position }) });
    case 'remove': {
      const number = Number(given[0]);
      if (!Number.isInteger(number) || number < 1) throw new UsageError('rules ADDRESS remove NUMBER: the numbers are those of rules ADDRESS list');
      return session.call(options, 'rules.remove', { ...common, number });
    }
    case 'vacation':
      return session.call(options, 'rules.vacation', { ...common, vacation: options.off ? null : vacationOf(options, given) });
    case 'forward':
      if (!options.off && given.length === 0) throw new UsageError('rules ADDRESS forward TO…: name an address, or --off');
      return session.call(options, 'rules.forward', { ...common, forward: options.off ? null : { addresses: given, keep: !options.only } });
    default:
      if (what.includes('@')) throw new UsageError(`the account comes first: posthorn rules ${what} ${account}`);
      throw new UsageError(`"${what}" is nothing that posthorn rules does; it has ${WHAT.join(', ')}`);
  }
}

function ruleOf(options: RuleOptions): unknown {
  const test = options.exact ? 'is' : 'contains';
  const conditions = [
    ...each(options.from, (value) => ({ field: 'from', test, value })),
    ...each(options.to, (value) => ({ field: 'recipient', test, value })),
    ...each(options.subject, (value) => ({ field: 'subject', test, value })),
    ...each(options.list, (value) => ({ field: 'list', test, value })),
    ...each(options.body, (value) => ({ field: 'body', test: 'contains', value })),
    ...each(options.header, (text) => {
      const colon = text.indexOf(':');
      if (colon < 1) throw new UsageError(`--header ${text}: write it as Name:text`);
      return { field: 'header', header: text.slice(0, colon), test, value: text.slice(colon + 1).trim() };
    }),
    ...(options.over === undefined ? [] : [{ field: 'size', test: 'over', value: String(options.over) }]),
  ];
  const flags = [...(options.flag ?? []), ...(options.read ? ['\\Seen'] : [])];
  const actions = [
    ...flags.map((flag) => ({ kind: 'flag', flag })),
    ...(options.copy === undefined ? [] : [{ kind: 'copy', folder: options.copy }]),
    ...each(options.forward, (address) => ({ kind: 'forward', address })),
    ...(options.file === undefined ? [] : [{ kind: 'file', folder: options.file }]),
    ...(options.discard ? [{ kind: 'discard' }] : []),
  ];
  if (conditions.length === 0) throw new UsageError('rules ADDRESS add: say which messages, with --from, --to, --subject, --list, --header, --body or --over');
  if (actions.length === 0) throw new UsageError('rules ADDRESS add: say what to do, with --file, --copy, --forward, --flag, --read or --discard');
  return { ...(options.name === undefined ? {} : { name: options.name }), match: options.any ? 'any' : 'all', conditions, actions, goOn: options.goOn ?? false };
}

function each<T>(values: readonly string[] | undefined, make: (value: string) => T): T[] {
  return (values ?? []).map(make);
}

function vacationOf({ text, subject, days, since, until }: RuleOptions, given: readonly string[]): unknown {
  const words = text ?? given.join(' ');
  if (words === '') throw new UsageError('rules ADDRESS vacation TEXT: say what to answer, or --off');
  // People would be answered with that word.
  if (/^(?:off|none|stop|end|disable)$/i.test(words)) throw new UsageError('to end the automatic answer: posthorn rules ADDRESS vacation --off');
  return { text: words, ...(subject === undefined ? {} : { subject: subject.join(' ') }), ...(days === undefined ? {} : { days }), ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}

function print({ out }: Session, result: RulesResult): void {
  const { vacation, forward, rules, active, otherActive, account } = result;
  out.facts([
    ['Automatic answer', vacation && `every ${vacation.days} days${vacation.since === undefined ? '' : ` from ${vacation.since}`}${vacation.until === undefined ? '' : ` until ${vacation.until}`}: ${vacation.text.replace(/\s+/g, ' ').slice(0, 80)}`],
    ['Forwarding', forward && `${forward.addresses.join(', ')}${forward.keep ? ', and kept here' : ', not kept here'}`],
  ]);
  out.table([{ title: 'No.' }, { title: 'Name' }, { title: 'When' }, { title: 'Then' }], rules.map((rule, at) => [String(at + 1), rule.name ?? '', when(rule), rule.actions.map(then).join(', ') + (rule.goOn ? ', and on' : '')]), 'no rules yet; add one with: posthorn rules ADDRESS add --from TEXT --file FOLDER');
  if (!active && otherActive !== undefined) out.note(`they are not run: the script "${otherActive}" is active instead. To run them: posthorn sieve activate ${account} rules`);
}

function when({ match, conditions }: Rule): string {
  return conditions.map(conditionText).join(match === 'all' ? ' and ' : ' or ') || 'always';
}

function conditionText({ field, header, test, value, not }: RuleCondition): string {
  return `${not ? 'not ' : ''}${field === 'header' ? header : field} ${test} ${value}`;
}

function then(action: RuleAction): string {
  switch (action.kind) {
    case 'file':
      return `into ${action.folder}`;
    case 'copy':
      return `copy into ${action.folder}`;
    case 'forward':
      return `copy to ${action.address}`;
    case 'flag':
      return `flag ${action.flag}`;
    default:
      return action.kind;
  }
}
