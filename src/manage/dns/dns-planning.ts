/**
 * `dns check` and `dns plan`: what the domains should publish, compared with what they do.
 *
 * Policy: a domain whose mail goes elsewhere is left alone until it is marked as one of ours; a domain that cannot be planned
 * does not keep the others from being planned; a changed default is taken up only when it is asked for.
 */
import { z } from 'zod';
import { DNS_PUBLISH_LIMITS } from '../../base/dns-publish-limits.ts';
import { Failure } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { PUBLISHABLE_TYPES, type PublishableType, type RecordSet } from '../../contract/dns-publishing.ts';
import { planDomain, type PlanPorts } from '../../publish/plan-domain.ts';
import { assemblePlan, type LeftAlone, type Plan, type PlanItem } from '../../publish/plan.ts';
import { ZoneFinder } from '../../publish/zone-finder.ts';
import { domainKey } from '../../store/clients/directory.ts';
import type { OwnedRow } from '../../store/clients/dns-publishing.ts';
import type { KeyRow } from '../../store/ops/keys.ts';
import { impatientDns } from '../../verify/impatient-dns.ts';
import { publicAddresses, recordsInput } from './dns.ts';
import { changedDefaults, policiesOf, type DomainPolicies, type DomainPolicy } from './dns-policy.ts';
import { desiredRecords, desiredSets, type DesiredRecord } from './dns-records.ts';
import { createSpfJudge } from './dns-spf-judge.ts';
import { mailGoesElsewhere } from './dns-use.ts';
import { domainArgument } from '../arguments.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

export const planArgs = z.strictObject({
  domains: z.array(domainArgument).max(DNS_PUBLISH_LIMITS.domainsMax).optional(),
  all: z.boolean().optional(),
  newDefaults: z.boolean().optional(),
  takeOver: z.boolean().optional(),
});
export type PlanRequest = z.output<typeof planArgs>;

/** A record of the reverse zone, which its landlord sets. */
export interface HostingRecord {
  readonly name: string;
  readonly wanted: string;
  readonly state: 'good' | 'missing' | 'other' | 'unknown';
  readonly published: readonly string[];
}

export interface PolicyNews {
  readonly domain: string;
  readonly changes: readonly { readonly setting: string; readonly from: string; readonly to: string }[];
}

export interface DnsPlan extends Plan {
  readonly hosting: readonly HostingRecord[];
  /** Domains for which the defaults have changed since they were applied. */
  readonly changedDefaults: readonly PolicyNews[];
  /** Whether they are taken up here. */
  readonly newDefaults: boolean;
  /** Domains that the plan is about. */
  readonly domains: readonly string[];
  /** Those besides that this server does not host any more, and for which records were published. */
  readonly removed: readonly string[];
}

export interface PlannedDomains {
  readonly plan: DnsPlan;
  readonly policies: (domain: string) => DomainPolicies;
}

/** Rejects with Failure `domain-unknown`, `no-domains`, or `dns-provider-settings`. */
export async function planDomains(context: ManageContext, request: PlanRequest): Promise<PlannedDomains> {
  const ownership = new Ownership(await context.store.dnsPublishing.owned());
  const chosen = await chosenDomains(context, request, ownership);
  const deadline = new AbortController();
  const late = new Failure('dns-deadline', `not looked at: the rest took longer than ${DNS_PUBLISH_LIMITS.planTimeoutMs / 60_000} min; plan fewer domains, or mend what does not answer`, { temporary: true });
  const timer = context.clock.timer(DNS_PUBLISH_LIMITS.planTimeoutMs, () => deadline.abort(late));
  const dns = impatientDns(context.dns, context.clock);
  try {
    return await planChosen({ ...context, dns }, request, chosen, ownership, deadline.signal);
  } finally {
    dns.close();
    timer.cancel();
  }
}

/** What is not known when `signal` aborts is unknown in the plan. */
async function planChosen(context: ManageContext, request: PlanRequest, { hosted: names, removed }: ChosenDomains, ownership: Ownership, signal: AbortSignal): Promise<PlannedDomains> {
  const newDefaults = request.newDefaults ?? request.all ?? false;
  const { store, config } = context;
  const [policies, keys] = await Promise.all([policiesOf(context), store.keys.list()]);
  const hostname = domainKey(config.hostname);
  const ports = await planPorts(context, ownership, signal);
  const keysOf = Map.groupBy(keys, (key) => key.domain);
  const run = new PlanRun(context, ports, ownership, hostname, request.takeOver ?? false);
  const places = new Semaphore(DNS_PUBLISH_LIMITS.domainsAtOnce);
  await Promise.all(names.map((name) => places.run(() => run.domain(name, keysOf.get(name) ?? [], newDefaults ? policies(name).renewed : policies(name).policy))));
  await run.host();
  await Promise.all(removed.map((owner) => places.run(() => run.removed(owner))));
  const news = names.map((domain) => ({ domain, changes: changedDefaults(policies(domain)) })).filter(({ changes }) => changes.length > 0);
  return { plan: { ...run.assembled(), hosting: await run.hosting(), changedDefaults: news, newDefaults, domains: names, removed }, policies };
}

/** What planning needs of the world besides the names. */
export type NamesContext = Pick<ManageContext, 'store' | 'config' | 'dns' | 'clock' | 'publishing'>;

async function planPorts({ dns, clock, config, publishing }: NamesContext, ownership: Ownership, signal: AbortSignal): Promise<PlanPorts> {
  const addresses = publicAddresses(config);
  const hostname = domainKey(config.hostname);
  const ofName = (name: string): readonly string[] => {
    const own = addresses.filter(({ helo = hostname }) => domainKey(helo) === name);
    return (own.length > 0 ? own : addresses).map(({ address }) => address);
  };
  return {
    zones: new ZoneFinder((await publishing?.providers()) ?? [], signal),
    dns,
    owned: (name, type) => ownership.values(name, type),
    spf: createSpfJudge(dns, clock.now(), ofName),
    signal,
  };
}

/**
 * Some names of a domain alone, by the policy that it was last applied with: the others are neither looked at nor changed.
 * Empty when nothing is or was wanted there, or when the domain's mail goes elsewhere. Rejects as planDomains.
 */
export async function planNames(context: NamesContext, domain: string, names: readonly string[]): Promise<readonly PlanItem[]> {
  const { store } = context;
  const [policies, owned, keys] = await Promise.all([policiesOf(context), store.dnsPublishing.owned(), store.keys.list(domain)]);
  const { policy } = policies(domain);
  if (policy.use === 'auto' && (await mailGoesElsewhere(context, domain)) !== undefined) return [];
  const records = desiredRecords(await recordsInput(context, domain, { keys, policy }));
  const desired = desiredSets(records.filter(({ name, where }) => where === 'zone' && names.includes(name)));
  const wanted = new Set(desired.map(({ name, type }) => `${name} ${type}`));
  const ownership = new Ownership(owned);
  const former = ownership.setsOf(domain).filter(({ name, type }) => names.includes(name) && !wanted.has(`${name} ${type}`));
  return planDomain({ domain, desired, former, takeOver: false }, await planPorts(context, ownership, new AbortController().signal));
}

interface ChosenDomains {
  readonly hosted: readonly string[];
  /** Not hosted here any more: what was published for them is to go. */
  readonly removed: readonly string[];
}

async function chosenDomains({ store }: ManageContext, { domains: wanted = [], all = false }: PlanRequest, ownership: Ownership): Promise<ChosenDomains> {
  const { domains } = await store.directory.snapshot();
  const hosted = new Set(domains.map(({ name }) => name));
  const former = new Set(ownership.domains().filter((owner) => owner !== HOST && !hosted.has(owner)));
  if (hosted.size === 0 && former.size === 0) throw new Failure('no-domains', 'this server hosts no domain yet: add one with posthorn domain add DOMAIN', { temporary: false });
  if (!all && wanted.length === 0) throw new Failure('no-domains', 'name the domains, or say --all', { temporary: false });
  const names = all ? [...hosted, ...former] : [...new Set(wanted.map(domainKey))];
  const unknown = names.find((name) => !hosted.has(name) && !former.has(name));
  if (unknown !== undefined) throw new Failure('domain-unknown', `${unknown} is not a domain of this server: add it with posthorn domain add ${unknown}`, { temporary: false });
  return { hosted: names.filter((name) => hosted.has(name)).toSorted(), removed: names.filter((name) => former.has(name)).toSorted() };
}

/** What we published, by set and by domain. */
class Ownership {
  readonly #values = new Map<string, string[]>();
  readonly #sets = new Map<string, Pick<RecordSet, 'name' | 'type'>[]>();

  constructor(rows: readonly OwnedRow[]) {
    for (const { name, type, value, domain } of rows) {
      if (!isPublishable(type)) continue;
      const key = `${name} ${type}`;
      const values = this.#values.get(key);
      if (values) values.push(value);
      else {
        this.#values.set(key, [value]);
        this.#sets.set(domain, [...(this.#sets.get(domain) ?? []), { name, type }]);
      }
    }
  }

  values(name: string, type: PublishableType): readonly string[] {
    return this.#values.get(`${name} ${type}`) ?? [];
  }

  /** With the host's own name for its records. */
  domains(): readonly string[] {
    return [...this.#sets.keys()];
  }

  setsOf(domain: string): readonly Pick<RecordSet, 'name' | 'type'>[] {
    return this.#sets.get(domain) ?? [];
  }
}

function isPublishable(type: string): type is PublishableType {
  return (PUBLISHABLE_TYPES as readonly string[]).includes(type);
}

class PlanRun {
  readonly #context: ManageContext;
  readonly #ports: PlanPorts;
  readonly #ownership: Ownership;
  readonly #hostname: string;
  readonly #takeOver: boolean;
  readonly #items: PlanItem[] = [];
  readonly #leftAlone: LeftAlone[] = [];
  readonly #failed: LeftAlone[] = [];
  /** The same for every domain, so planned once. */
  #hostRecords: readonly DesiredRecord[] | undefined;

  constructor(context: ManageContext, ports: PlanPorts, ownership: Ownership, hostname: string, takeOver: boolean) {
    this.#context = context;
    this.#ports = ports;
    this.#ownership = ownership;
    this.#hostname = hostname;
    this.#takeOver = takeOver;
  }

  async domain(name: string, keys: readonly KeyRow[], policy: DomainPolicy): Promise<void> {
    await this.#tried(name, async () => {
      this.#ports.signal.throwIfAborted();
      const elsewhere = policy.use === 'auto' ? await mailGoesElsewhere(this.#context, name) : undefined;
      if (elsewhere !== undefined) return void this.#leftAlone.push({ domain: name, reason: elsewhere });
      const records = desiredRecords(await recordsInput(this.#context, name, { keys, policy }));
      const isHost = (record: DesiredRecord): boolean => record.where === 'hosting' || !(record.name === name || record.name.endsWith(`.${name}`)) || this.#isOfHost(record, name);
      this.#hostRecords ??= records.filter(isHost);
      this.#items.push(...(await this.#plan(name, records.filter((record) => !isHost(record)))));
    });
  }

  /** Of a domain that this server does not host any more: what we published for it goes, and what others did stays. */
  async removed(domain: string): Promise<void> {
    await this.#tried(domain, async () => void this.#items.push(...(await this.#plan(domain, [])).filter(({ action }) => action !== 'good')));
  }

  async #tried(domain: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#failed.push({ domain, reason: error.message });
    }
  }

  /** The host's name may lie below the domain, or be the domain. */
  #isOfHost(record: DesiredRecord, domain: string): boolean {
    const isHostName = record.name === this.#hostname || record.name.endsWith(`.${this.#hostname}`);
    if (this.#hostname === domain) return record.type === 'A' || record.type === 'AAAA' || record.type === 'TLSA';
    const helos = publicAddresses(this.#context.config).map(({ helo = this.#hostname }) => domainKey(helo));
    return isHostName || helos.includes(record.name);
  }

  async host(): Promise<void> {
    const records = (this.#hostRecords ?? []).filter(({ where }) => where === 'zone');
    if (records.length > 0) await this.#tried(HOST, async () => void this.#items.push(...(await this.#plan(HOST, records))));
  }

  async hosting(): Promise<readonly HostingRecord[]> {
    const records = (this.#hostRecords ?? []).filter(({ where }) => where === 'hosting');
    return Promise.all(records.map(async ({ name, value }) => {
      const answer = await this.#context.dns.query(name, 'PTR');
      const published = answer.kind === 'found' ? answer.records.map((target) => `${target}.`) : [];
      const state = answer.kind === 'failure' ? 'unknown' : published.includes(value) ? 'good' : published.length > 0 ? 'other' : 'missing';
      return { name, wanted: value, state, published };
    }));
  }

  #plan(owner: string, records: readonly DesiredRecord[]): Promise<readonly PlanItem[]> {
    const desired = desiredSets(records);
    const wanted = new Set(desired.map(({ name, type }) => `${name} ${type}`));
    const former = this.#ownership.setsOf(owner).filter(({ name, type }) => !wanted.has(`${name} ${type}`));
    return planDomain({ domain: owner, desired, former, takeOver: this.#takeOver }, this.#ports);
  }

  assembled(): Plan {
    return assemblePlan(this.#items, this.#leftAlone, this.#failed);
  }
}

/** Stands for the host in lists of domains. */
const HOST = 'this host';

/** A plan as it is kept: with the defaults that its domains have been applied with once it is carried out. */
export interface KeptPlan {
  readonly plan: DnsPlan;
  readonly applied: readonly { readonly domain: string; readonly applied: string }[];
}

export async function keepPlan({ store, clock }: ManageContext, { plan: made, policies }: PlannedDomains): Promise<KeptPlan> {
  const left = new Set([...made.leftAlone, ...made.failed].map(({ domain }) => domain));
  const applied = made.domains.filter((domain) => !left.has(domain)).map((domain) => {
    const { kept, current } = policies(domain).defaults;
    return { domain, applied: JSON.stringify(made.newDefaults ? current : kept) };
  });
  const content: KeptPlan = { plan: made, applied };
  await store.dnsPublishing.savePlan(made.id, JSON.stringify(content), clock.now());
  return content;
}

const plan = defineVerb({
  name: 'dns.plan',
  summary: 'Compares what domains publish with what they should, and keeps what would be changed as a plan that can be applied.',
  args: planArgs,
  run: async (context, args): Promise<DnsPlan> => {
    const planned = await planDomains(context, args);
    await keepPlan(context, planned);
    return planned.plan;
  },
});

const check = defineVerb({
  name: 'dns.check',
  summary: 'Compares what domains publish with what they should, by the policy that each was last applied with.',
  args: planArgs.pick({ domains: true, all: true }),
  run: async (context, args): Promise<DnsPlan> => (await planDomains(context, { ...args, newDefaults: false })).plan,
});

export const dnsPlanVerbs = [check, plan] as const;
