/** `posthorn dkim rotate`: changing over to new keys, with the dates. */
import type { Command } from 'commander';
import { printable } from '../../../base/table.ts';
import { moment } from '../../../manage/dkim/rotation-text.ts';
import type { RotateResult, ShownRotation } from '../../../manage/dkim/verbs.ts';
import { leaf, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface RotateOptions extends CommonOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

export function addDkimRotate(registry: Registry, dkim: Command): void {
  const { session } = registry;
  leaf<RotateOptions>(registry, dkim, 'rotate', 'change over to new keys step by step, or go on with it: rotate DOMAIN, rotate --all, rotate status [DOMAIN], rotate cancel DOMAIN', '[what] [domain]', (options, what, domain) =>
    rotate(session, options, what, domain),
  )
    .option('--all', 'the keys of all domains')
    .option('--dry-run', 'only tell what would be done, and when');
}

async function rotate(session: Session, options: RotateOptions, what: string | undefined, domain: string | undefined): Promise<number> {
  if (what === 'status') return status(session, options, domain);
  if (what === 'cancel') return cancel(session, options, domain);
  if (domain !== undefined) throw new UsageError(`give one domain: posthorn dkim rotate ${what}`);
  if ((what === undefined) === (options.all !== true)) throw new UsageError('give a domain or --all: posthorn dkim rotate example.org');
  const result = await session.call<RotateResult>(options, 'dkim.rotate', { ...(what === undefined ? {} : { domain: what }), dryRun: options.dryRun ?? false });
  if (options.json) session.out.json(result);
  else show(session, result, options.dryRun ?? false);
  return 0;
}

function show({ out }: Session, { plans, rotations }: RotateResult, dryRun: boolean): void {
  if (dryRun) {
    const rows = plans.map(({ domain, algorithm, oldSelector, furtherOld, dates }) => [domain, algorithm, oldSelector === '' ? 'none' : [oldSelector, ...furtherOld].join(', '), moment(dates.publish), moment(dates.switch), oldSelector === '' ? '' : moment(dates.retire)]);
    return out.table([{ title: 'Domain' }, { title: 'Algorithm' }, { title: 'Old key' }, { title: 'Publish' }, { title: 'Signs, at the earliest' }, { title: 'Old key goes' }], rows, 'nothing to begin: posthorn dkim rotate status');
  }
  for (const { domain, algorithm, status: where, record } of rotations) {
    out.line(`${out.style('bold', printable(domain))} ${algorithm}: ${printable(where)}`);
    if (record !== undefined) out.line(`  ${record}`);
  }
  if (rotations.some(({ phase }) => phase === 'publishing')) out.note('The server looks for the records by itself and goes on; it tells the postmaster of each step. How far it is: posthorn dkim rotate status');
}

async function status(session: Session, options: RotateOptions, domain: string | undefined): Promise<number> {
  const result = await session.call<{ rotations: readonly ShownRotation[] }>(options, 'dkim.rotations', domain === undefined ? {} : { domain });
  if (options.json) session.out.json(result);
  else {
    const columns = [{ title: 'Domain' }, { title: 'Algorithm' }, { title: 'Old key' }, { title: 'New key' }, { title: 'Phase' }, { title: 'Next' }];
    session.out.table(columns, result.rotations.map((row) => [row.domain, row.algorithm, [row.oldSelector, ...row.furtherOld].join(', '), row.newSelector, row.phase, row.status]), 'no key is being changed');
  }
  return 0;
}

async function cancel(session: Session, options: RotateOptions, domain: string | undefined): Promise<number> {
  if (domain === undefined) throw new UsageError('name the domain: posthorn dkim rotate cancel example.org');
  const result = await session.call<{ domain: string; selectors: readonly string[]; withdrawn: readonly string[] }>(options, 'dkim.rotate-cancel', { domain });
  const left = result.selectors.filter((selector) => !result.withdrawn.includes(selector));
  if (options.json) session.out.json(result);
  else session.out.line(`${result.selectors.join(', ')} of ${result.domain} will not be used; take what was published of them out of the DNS${left.length === result.selectors.length ? '' : left.length === 0 ? ': that is done' : `: still to be done for ${left.join(', ')}`}`);
  return 0;
}
