/** `posthorn dns check|plan|apply|undo|history`. */
import { Option, type Command } from 'commander';
import { DNS_PUBLISH_LIMITS } from '../../../base/dns-publish-limits.ts';
import { printable } from '../../../base/table.ts';
import type { ApplyResult, UndoResult } from '../../../manage/dns/dns-applying.ts';
import { appliedLines, leftToDo, untouchedLines } from '../../../manage/dns/dns-apply-text.ts';
import type { DnsPlan } from '../../../manage/dns/dns-planning.ts';
import { isWorkToDo, planLines } from '../../../manage/dns/dns-plan-text.ts';
import { renderPlanScript } from '../../../manage/dns/dns-rendering.ts';
import { durationOption, leaf, type Registry } from '../command.ts';
import { UsageError, type CommonOptions, type Session } from '../session.ts';

interface PlanOptions extends CommonOptions {
  readonly all?: true;
  readonly takeOver?: true;
  readonly newDefaults?: true;
  readonly verbose?: true;
  readonly full?: true;
}

interface ApplyOptions extends PlanOptions {
  readonly plan?: string;
  readonly yes?: true;
  readonly wait: boolean;
  readonly timeout: number;
}

/** How long applied records may take to show at all name servers. */
interface Arrived {
  readonly arrived: boolean;
  readonly servers: number;
  readonly lagging: readonly { readonly server: string; readonly name: string; readonly type: string; readonly answers: string }[];
  readonly unknown: readonly string[];
}

export function addPlanCommands(registry: Registry, dns: Command): void {
  const { session } = registry;
  const { out } = session;
  leaf<PlanOptions>(registry, dns, 'check', 'compares what domains publish with what they should', '[domains...]', async (options, ...given) => {
    const plan = await session.call<DnsPlan>(options, 'dns.check', chosen(options, given.flat()));
    if (options.json) out.json(plan);
    else showPlan(session, plan, options);
    return isWorkToDo(plan) ? 1 : 0;
  }).option('--all', 'all domains').option('--verbose', 'also what is as it should be').option('--full', FULL);

  withPlanOptions(leaf<PlanOptions & { readonly format: 'text' | 'json' | 'nsupdate' }>(registry, dns, 'plan', 'shows what would be changed, before and after, and keeps it as a plan for apply', '[domains...]', async (options, ...given) => {
    if (options.json && options.format === 'nsupdate') throw new UsageError('say either --json or --format nsupdate: a script is no JSON');
    const plan = await session.call<DnsPlan>(options, 'dns.plan', planRequest(options, given.flat()));
    if (options.json || options.format === 'json') out.json(plan);
    else if (options.format === 'nsupdate') out.raw(renderPlanScript(plan));
    else {
      showPlan(session, plan, options);
      if (plan.items.some(({ action }) => CHANGES.has(action))) out.line(`\nCarry it out with: posthorn dns apply --plan ${plan.id}`);
    }
    return isWorkToDo(plan) ? 1 : 0;
  })).addOption(new Option('--format <form>', 'text, json, or nsupdate (the changes as a script for nsupdate, for name servers that Posthorn has no key of)').choices(['text', 'json', 'nsupdate']).default('text'));

  withPlanOptions(leaf<ApplyOptions>(registry, dns, 'apply', 'carries out a plan, and waits until all name servers answer it', '[domains...]', async (options, ...given) => {
    const request = options.plan === undefined ? planRequest(options, given.flat()) : undefined;
    if (options.plan !== undefined && (given.flat().length > 0 || options.all)) throw new UsageError('a plan has its domains already: name either --plan or domains');
    if (request && !options.yes) return dryRun(session, options, request);
    const result = await session.call<ApplyResult>(options, 'dns.apply', options.plan === undefined ? { request } : { plan: options.plan });
    return finish(session, options, result, untouchedLines(result), leftToDo(result));
  }))
    .option('--plan <id>', 'carries out what posthorn dns plan showed')
    .option('--yes', 'plans and carries out at once, without showing the plan first')
    .option('--no-wait', 'does not wait until the name servers answer it')
    .option('--timeout <duration>', 'how long to wait for them', durationOption, DNS_PUBLISH_LIMITS.propagationTimeoutMs);

  leaf<ApplyOptions>(registry, dns, 'undo', 'publishes again what stood there before something was applied', '[apply-id]', async (options, id) => {
    const result = await session.call<UndoResult>(options, 'dns.undo', typeof id === 'string' ? { apply: id } : {});
    return finish(session, options, result, [], undone(result));
  })
    .option('--no-wait', 'does not wait until the name servers answer it')
    .option('--timeout <duration>', 'how long to wait for them', durationOption, DNS_PUBLISH_LIMITS.propagationTimeoutMs);

  leaf<CommonOptions>(registry, dns, 'history', 'what was applied and undone', '', async (options) => {
    const result = await session.call<{ readonly applies: readonly { readonly id: string; readonly kind: string; readonly source: string; readonly at: number; readonly undoneBy: string | null }[] }>(options, 'dns.history', {});
    if (options.json) return out.json(result);
    const rows = result.applies.map(({ id, kind, source, at, undoneBy }) => [id, new Date(at).toISOString().slice(0, 19), kind === 'undo' ? `undo of ${source}` : /^[0-9a-f]{10}$/.test(source) ? `plan ${source}` : source, undoneBy === null ? '' : `undone by ${undoneBy}`]);
    out.table([{ title: 'ID' }, { title: 'WHEN (UTC)' }, { title: 'WHAT' }, { title: '' }], rows, 'Nothing was applied yet.');
  });
}

/** Of what an undo did not put back. */
function undone({ items }: UndoResult): string {
  const left = items.filter(({ outcome }) => outcome !== 'applied').length;
  return left === 0 ? '' : `${left} of ${items.length} record sets not put back`;
}

const CHANGES = new Set(['add', 'change', 'remove']);

function withPlanOptions(command: Command): Command {
  return command
    .option('--all', 'all domains, with the defaults of now')
    .option('--new-defaults', 'also for named domains, take up defaults that changed since they were applied')
    .option('--take-over', 'also replace records of others that are in the way of ours')
    .option('--verbose', 'also what is as it should be')
    .option('--full', FULL);
}

const FULL = 'each domain by itself, also where many need the same, and all names';

function chosen({ all }: PlanOptions, domains: readonly string[]): { readonly domains: readonly string[]; readonly all: boolean } {
  if (all && domains.length > 0) throw new UsageError('name domains, or say --all, not both');
  if (!all && domains.length === 0) throw new UsageError('name the domains, or say --all');
  return { domains, all: all ?? false };
}

function planRequest(options: PlanOptions, domains: readonly string[]): object {
  return { ...chosen(options, domains), takeOver: options.takeOver ?? false, ...(options.newDefaults && { newDefaults: true }) };
}

function showPlan({ out }: Session, plan: DnsPlan, options: Pick<PlanOptions, 'verbose' | 'full'>): void {
  for (const { text, tone } of planLines(plan, { verbose: options.verbose ?? false, full: options.full ?? false })) out.line(tone === undefined ? printable(text) : out.style(tone, printable(text)));
}

async function dryRun(session: Session, options: ApplyOptions, request: object): Promise<number> {
  const { out } = session;
  const plan = await session.call<DnsPlan>(options, 'dns.plan', request);
  const changes = plan.items.some(({ action }) => CHANGES.has(action));
  if (options.json) out.json({ applied: false, plan });
  else {
    showPlan(session, plan, options);
    if (changes) out.line(`\nNothing has been changed yet. Carry this out with: posthorn dns apply --plan ${plan.id}`);
  }
  return isWorkToDo(plan) ? 1 : 0;
}

/** Tells what became of it, and waits until the name servers answer it. `untouched`: lines about the rest; `left`: what is still to do, empty when all is as wanted. */
async function finish(session: Session, options: ApplyOptions, result: ApplyResult | UndoResult, untouched: readonly string[], left: string): Promise<number> {
  const { out } = session;
  const { id, items } = result;
  const failed = items.filter(({ outcome }) => outcome !== 'applied');
  if (!options.json) {
    for (const line of appliedLines(items)) out.line(printable(line));
    if (items.length === 0) out.line(left === '' ? 'Nothing had to be changed.' : 'Nothing was changed.');
    if (failed.some(({ outcome }) => outcome === 'conflict')) out.line('Where it says conflict, somebody changed the record since the plan was made, and nothing of it was touched: look at it, and plan again.');
    for (const line of untouched) out.line(printable(line));
    if (left !== '') out.line(`Still to do: ${left}.`);
  }
  const arrival = id !== undefined && options.wait && items.some(({ outcome }) => outcome === 'applied') ? await waitForArrival(session, options, id) : undefined;
  if (options.json) out.json({ applied: true, ...result, ...(arrival && { arrival }) });
  else {
    if (arrival) showArrival(session, arrival);
    if (id !== undefined && failed.length < items.length && !('undone' in result)) out.line(`Take it back with: posthorn dns undo ${id}`);
  }
  return left === '' && arrival?.arrived !== false ? 0 : 1;
}

async function waitForArrival(session: Session, options: ApplyOptions, id: string): Promise<Arrived> {
  const verbs = session.verbs(options);
  const endsAt = Date.now() + options.timeout;
  try {
    for (;;) {
      const arrival = (await verbs.call('dns.arrived', { apply: id })) as Arrived;
      if (arrival.arrived || arrival.servers === 0 || Date.now() + DNS_PUBLISH_LIMITS.propagationPollMs > endsAt) return arrival;
      if (!options.json) session.out.note(`waiting for ${new Set(arrival.lagging.map(({ server }) => server)).size} of ${arrival.servers} name servers …`);
      await new Promise((resolve) => setTimeout(resolve, DNS_PUBLISH_LIMITS.propagationPollMs));
    }
  } finally {
    await verbs.close();
  }
}

function showArrival({ out }: Session, { arrived, servers, lagging, unknown }: Arrived): void {
  if (arrived) return out.line(servers === 1 ? 'The one name server of the zones answers it.' : `All ${servers} name servers of the zones answer it.`);
  const byServer = [...Map.groupBy(lagging, ({ server }) => server)];
  for (const [server, its] of byServer) {
    // A server that is dead says the same about everything.
    const same = its.length > 1 && new Set(its.map(({ answers }) => answers)).size === 1;
    if (same) out.line(printable(`late      ${server} about all ${its.length} record sets: ${its[0]?.answers ?? ''}`));
    else for (const { name, type, answers } of its) out.line(printable(`late      ${server} about ${name} ${type}: ${answers}`));
  }
  if (byServer.length > 0) out.line(`Published, but ${byServer.length === 1 ? 'one name server does' : `${byServer.length} name servers do`} not answer it yet: who asks there sees the old records, or nothing. Should it last, look whether it still takes the zone from its primary.`);
  for (const zone of unknown) out.line(printable(`unknown   the name servers of ${zone} could not be found`));
}
