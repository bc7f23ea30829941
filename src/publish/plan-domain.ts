/**
 * The part of a plan that is about one domain: its wanted sets and those that we published for it before, each compared with
 * what is published. Where a provider of ours hosts the zone, it is asked, since it knows what will be replaced; else the DNS.
 */
import { Failure } from '../base/errors.ts';
import type { Dns, DnsAnswer } from '../contract/dns.ts';
import type { PublishableType, RecordSet } from '../contract/dns-publishing.ts';
import { planSet } from './plan-set.ts';
import type { DesiredSet, PlanItem } from './plan.ts';
import { meaningOfSet, valueOf, type PresentedType } from './record-text.ts';
import type { SpfJudge } from './spf-merge.ts';
import { wildcardsAbove } from './wildcard.ts';
import type { HostedZone, ZoneFinder } from './zone-finder.ts';

export interface DomainQuestion {
  readonly domain: string;
  readonly desired: readonly DesiredSet[];
  /** Sets that we published for it and that are not desired any more. */
  readonly former: readonly Pick<RecordSet, 'name' | 'type'>[];
  readonly takeOver: boolean;
}

export interface PlanPorts {
  readonly zones: ZoneFinder;
  readonly dns: Dns;
  /** Values that we published there. */
  readonly owned: (name: string, type: PublishableType) => readonly string[];
  readonly spf: SpfJudge;
  readonly signal: AbortSignal;
}

type Published = { readonly kind: 'known'; readonly sets: readonly RecordSet[] } | { readonly kind: 'unknown'; readonly detail: string };

/** Beside an alias nothing may stand, so these are looked at as well where one is wanted. */
const BESIDE_ALIAS: readonly PublishableType[] = ['A', 'AAAA', 'TXT', 'MX'];

export async function planDomain(question: DomainQuestion, ports: PlanPorts): Promise<readonly PlanItem[]> {
  const subjects: readonly Subject[] = [
    ...question.desired.map((desired) => ({ name: desired.name, type: desired.type, desired })),
    ...question.former.map(({ name, type }) => ({ name, type })),
  ];
  const groups = await grouped(subjects, ports.zones);
  const items = await Promise.all(groups.map((group) => planGroup(question, group, ports)));
  return items.flat();
}

interface Subject {
  readonly name: string;
  readonly type: PublishableType;
  readonly desired?: DesiredSet;
}

interface Group {
  readonly hosted?: HostedZone;
  /** Why the zone is not known. */
  readonly trouble?: string;
  readonly subjects: Subject[];
}

async function grouped(subjects: readonly Subject[], zones: ZoneFinder): Promise<readonly Group[]> {
  const groups = new Map<string, Group>();
  // Of a zone in trouble one question is enough: the names below it need none then.
  const [highest] = subjects.toSorted((a, b) => a.name.length - b.name.length);
  if (highest) await zones.find(highest.name);
  const searches = await Promise.all(subjects.map(({ name }) => zones.find(name)));
  for (const [at, subject] of subjects.entries()) {
    const search = searches[at] ?? { kind: 'none' as const };
    const key = search.kind === 'found' ? `${search.hosted.provider.label} ${search.hosted.zone.id}` : search.kind;
    const group = groups.get(key) ?? { subjects: [], ...(search.kind === 'found' && { hosted: search.hosted }), ...(search.kind === 'unknown' && { trouble: search.detail }) };
    group.subjects.push(subject);
    groups.set(key, group);
  }
  return [...groups.values()];
}

async function planGroup(question: DomainQuestion, group: Group, ports: PlanPorts): Promise<readonly PlanItem[]> {
  const { hosted, trouble, subjects } = group;
  const wanted = subjects.flatMap(({ name, type }) => (type === 'CNAME' ? [type, ...BESIDE_ALIAS] : [type]).map((each) => ({ name, type: each })));
  const published = trouble === undefined ? await publishedSets(hosted, wanted, question.domain, ports) : { kind: 'unknown' as const, detail: trouble };
  return Promise.all(subjects.map((subject) => planSubject(question, subject, hosted, published, ports)));
}

async function publishedSets(hosted: HostedZone | undefined, wanted: readonly Pick<RecordSet, 'name' | 'type'>[], domain: string, { dns, signal }: PlanPorts): Promise<Published> {
  if (!hosted) return askDns(dns, wanted, domain, signal);
  try {
    return { kind: 'known', sets: await hosted.provider.recordSets(hosted.zone, wanted, signal) };
  } catch (error) {
    if (error instanceof Failure) return { kind: 'unknown', detail: error.message };
    throw error;
  }
}

async function askDns(dns: Dns, wanted: readonly Pick<RecordSet, 'name' | 'type'>[], domain: string, signal: AbortSignal): Promise<Published> {
  const answers = await Promise.all(wanted.map(async ({ name, type }) => ({ name, type, answer: await dns.query(name, type as PresentedType, { signal }) })));
  const failed = answers.find(({ answer }) => answer.kind === 'failure');
  if (failed?.answer.kind === 'failure') return { kind: 'unknown', detail: `the look-up of ${failed.name} failed (${failed.answer.reason})` };
  const sets = answers.flatMap(({ name, type, answer }) => setOf(name, type as PresentedType, answer));
  const unreal = await Promise.all(sets.map((set) => isOfWildcard(dns, set, domain, signal)));
  return { kind: 'known', sets: sets.filter((_, at) => !unreal[at]) };
}

/** A wildcard says the same: what it says is published by nobody at this name. */
async function isOfWildcard(dns: Dns, set: RecordSet, domain: string, signal: AbortSignal): Promise<boolean> {
  const type = set.type as PresentedType;
  const stars = await Promise.all(wildcardsAbove(set.name, domain).map(async (star) => setOf(star, type, await dns.query(star, type, { signal }))));
  return stars.flat().some((star) => star.type === set.type && meaningOfSet(star) === meaningOfSet(set));
}

function setOf(name: string, type: PresentedType, answer: DnsAnswer<PresentedType>): readonly RecordSet[] {
  if (answer.kind !== 'found') return [];
  // The records belong to another name: here stands an alias.
  if (type !== 'CNAME' && answer.canonicalName !== '' && answer.canonicalName !== name) return [{ name, type: 'CNAME', ttlSeconds: answer.ttlSeconds, values: [`${answer.canonicalName}.`] }];
  return [{ name, type, ttlSeconds: answer.ttlSeconds, values: answer.records.map((data) => valueOf(type, data)) }];
}

async function planSubject({ domain, takeOver }: DomainQuestion, subject: Subject, hosted: HostedZone | undefined, published: Published, ports: PlanPorts): Promise<PlanItem> {
  const { name, type, desired } = subject;
  const place = { domain, name, type, ...(hosted && { provider: hosted.provider.label, zone: hosted.zone }) };
  const nothing = { risk: 'none' as const, ours: [] };
  if (published.kind === 'unknown') return { ...place, ...nothing, action: 'unknown', reason: published.detail };
  const here = published.sets.filter((set) => set.name === name);
  const before = here.find((set) => set.type === type);
  const rival = desired && inTheWay(type, here);
  if (desired && rival && !before) {
    const { action, reason } = await besideAlias(desired, rival, ports);
    return { ...place, ...nothing, action, reason };
  }
  const verdict = await planSet({ ...(desired && { desired }), ...(before && { published: before }), owned: ports.owned(name, type), takeOver, spf: ports.spf });
  const byHand = !hosted && (verdict.action === 'add' || verdict.action === 'change' || verdict.action === 'remove');
  const { action, reason, risk, ours, after } = verdict;
  return { ...place, action: byHand ? 'by-hand' : action, reason, risk, ours, ...(before && { before }), ...(after && { after }) };
}

/** RFC 1034 §3.6.2: beside an alias nothing may stand. What it leads to may be as good as ours: services that keep DMARC records are used so. */
async function besideAlias(desired: DesiredSet, rival: RecordSet, ports: PlanPorts): Promise<Pick<PlanItem, 'action' | 'reason'>> {
  const { name, type } = desired;
  const what = rival.type === 'CNAME' ? `an alias (CNAME) that leads to ${rival.values.join(', ')}` : `a record of type ${rival.type} (${rival.values.join(', ')})`;
  const answer = rival.type === 'CNAME' && type === 'TXT' ? await ports.dns.query(name, type, { signal: ports.signal }) : undefined;
  if (answer?.kind === 'failure') return { action: 'unknown', reason: `${name} has ${what}, and the look-up of what stands there failed (${answer.reason})` };
  if (answer?.kind === 'found') {
    const published = { name, type, ttlSeconds: answer.ttlSeconds, values: answer.records.map((data) => valueOf('TXT', data)) };
    const { action, reason } = await planSet({ desired, published, owned: [], takeOver: false, spf: ports.spf });
    if (action === 'good') return { action, reason: `${what}: ${reason}` };
  }
  return { action: 'blocked', reason: `${name} has ${what}, and nothing may stand beside an alias; if nobody needs what stands there, remove it yourself and plan again` };
}

function inTheWay(type: PublishableType, here: readonly RecordSet[]): RecordSet | undefined {
  return type === 'CNAME' ? here.find((set) => set.type !== 'CNAME') : here.find((set) => set.type === 'CNAME');
}
