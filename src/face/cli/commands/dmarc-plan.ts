/** `posthorn dmarc plan`: from p=none to p=reject in stages, by what receivers reported. */
import type { Command } from 'commander';
import { printable } from '../../../base/table.ts';
import { planDmarc, type DmarcEvidence, type DmarcPlan } from '../../../manage/authentication/dmarc-plan.ts';
import { leaf, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { withVerifyContext } from './verify-context.ts';

interface PlanOptions extends CommonOptions {
  readonly notOurs?: readonly string[];
}

const NAME = /^[a-z0-9_.:-]{1,253}$/i;

export function addDmarcPlan(registry: Registry, parent: Command): void {
  const { session } = registry;
  leaf<PlanOptions>(registry, parent, 'plan', 'the next stage on the way to p=reject: its record, its date, and which source of mail is in the way', '<domain>', async (options, domain = '') => {
    const { notOurs = [] } = options;
    const wrong = notOurs.find((name) => !NAME.test(name));
    if (wrong !== undefined) throw new UsageError(`--not-ours ${wrong.slice(0, 100)}: give an IP address or a domain`);
    const gather = (args: object): Promise<DmarcEvidence> => session.call<DmarcEvidence>(options, 'dmarc.evidence', args);
    const plan = await withVerifyContext(session, options, (context) => planDmarc(context, domain, notOurs, gather));
    if (options.json) session.out.json(plan);
    else show(session, plan);
    return plan.stage === 'no-record' || plan.blockers.length > 0 ? 1 : 0;
  }).option('--not-ours <names...>', 'IP addresses and domains that are none of your services, so that their mail counts as forged');
}

function show({ out }: Session, plan: DmarcPlan): void {
  const { domain, askedFor, published, stage, meaning, summary, next, blockers, notes, problems } = plan;
  if (askedFor !== undefined) out.line(`${askedFor} has no record of its own; that of ${domain} rules, so the plan is for ${domain}.`);
  out.facts([['Domain', domain], ['Published', published], ['Stage now', `${stage}: ${meaning}`], ['Reports', summary], ['Next stage', next && `${next.stage}: ${next.meaning}`], ['Not before', next && dayOf(next.notBefore)], ['Condition', next?.condition]]);
  out.line();
  if (!next) out.line('This is the last stage: nothing is left to do.');
  for (const { text, source } of blockers) out.line(`in the way: ${source === '' ? '' : `${source}: `}${printable(text)}`);
  if (next) {
    out.line(next.ready ? 'Nothing is in the way. Publish now:' : `${blockers.length === 0 ? `Wait until ${dayOf(next.notBefore)}` : 'When that is mended'}, then publish:`);
    out.line(`  ${next.record.name}. ${next.record.type} "${printable(next.record.value)}"`);
  }
  for (const { text } of notes) out.line(`note: ${printable(text)}`);
  for (const problem of problems) out.note(problem);
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
