/**
 * What becomes of one record set: desired, published and formerly ours are compared by meaning.
 *
 * Policy: values that somebody else put there are carried along byte for byte. What is good enough stays, however it is
 * written; a stricter DMARC policy is never weakened; an SPF record of others gets what is missing and loses nothing. Where
 * only one record may stand and a foreign one stands there, the set is `blocked` until the administrator says to take it
 * over. TTLs alone are no reason for a change, and a set that stays keeps its own.
 */
import type { RecordSet } from '../contract/dns-publishing.ts';
import { compareAlone } from './compare-record.ts';
import type { DesiredSet, PlanAction, PlanRisk } from './plan.ts';
import { meaningOfValue } from './record-text.ts';
import { roleOf, standsAlone, type Role } from './roles.ts';
import type { SpfJudge } from './spf-merge.ts';

export interface SetQuestion {
  /** Absent: nothing of ours should be there any more. */
  readonly desired?: DesiredSet;
  /** Absent: nothing is published. */
  readonly published?: RecordSet;
  /** Values that we published there before. */
  readonly owned: readonly string[];
  readonly takeOver: boolean;
  readonly spf: SpfJudge;
}

export interface SetVerdict {
  readonly action: Exclude<PlanAction, 'by-hand'>;
  readonly after?: RecordSet;
  readonly reason: string;
  readonly risk: PlanRisk;
  readonly ours: readonly string[];
}

/** At least one of desired and published-or-owned is there. */
export async function planSet(question: SetQuestion): Promise<SetVerdict> {
  const { desired } = question;
  if (!desired) return planRemoval(question);
  const [first = ''] = desired.values;
  const role = roleOf(desired.name, desired.type, first);
  return standsAlone(role) ? planAlone(question, desired, role) : planJoined(question, desired, role);
}

function planRemoval({ published, owned }: SetQuestion): SetVerdict {
  const type = published?.type ?? 'TXT';
  const ours = new Set(owned.map((value) => meaningOfValue(type, value)));
  const values = published?.values ?? [];
  const rest = values.filter((value) => !ours.has(meaningOfValue(type, value)));
  if (!published || rest.length === values.length) return { action: 'good', reason: 'what we published there is gone already', risk: 'none', ours: [] };
  const reason = rest.length > 0 ? 'ours is no longer wanted; what others published there stays' : 'we published it, and it is no longer wanted';
  return { action: 'remove', reason, risk: 'low', ours: [], ...(rest.length > 0 && { after: { ...published, values: rest } }) };
}

/** Roles of which one record may stand. */
async function planAlone(question: SetQuestion, desired: DesiredSet, role: Role): Promise<SetVerdict> {
  const { published, owned, takeOver } = question;
  const { type, name } = desired;
  const [wanted = ''] = desired.values;
  const values = published?.values ?? [];
  const rivals = values.filter((value) => roleOf(name, type, value) === role);
  const others = values.filter((value) => !rivals.includes(value));
  if (rivals.length === 0) return change(desired, published, [...others, wanted], [wanted], values.length > 0 ? `${desired.why}; what stands there besides stays` : desired.why, lowOr(role));
  const isOurs = (value: string): boolean => owned.some((each) => meaningOfValue(type, each) === meaningOfValue(type, value));
  const verdict = await compareAlone(role, { wanted, rivals, owned: rivals.every(isOurs), domain: name, spf: question.spf });
  switch (verdict.kind) {
    case 'good':
      return { action: 'good', reason: verdict.note, risk: 'none', ours: rivals.filter(isOurs) };
    case 'unknown':
      return { action: 'unknown', reason: verdict.detail, risk: 'none', ours: rivals.filter(isOurs) };
    case 'by-hand':
      return { action: 'blocked', reason: verdict.reason, risk: 'none', ours: rivals.filter(isOurs) };
    case 'amended':
      return change(desired, published, [...others, verdict.value], rivals.every(isOurs) ? [verdict.value] : [], verdict.reason, lowOr(role));
    case 'different': {
      const mine = rivals.every(isOurs);
      const replaced = change(desired, published, [...others, verdict.value], [verdict.value], verdict.reason, mine ? lowOr(role) : 'high');
      if (mine || takeOver) return replaced;
      return { ...replaced, action: 'blocked', reason: `${verdict.reason}; it is not ours, so it stays unless you add --take-over`, risk: 'none' };
    }
  }
}

/** Roles of which several may stand: ours join what is there, and replace what was ours. */
function planJoined(question: SetQuestion, desired: DesiredSet, role: Role): SetVerdict {
  const { published, owned, takeOver } = question;
  const { type } = desired;
  const values = published?.values ?? [];
  const meaning = (value: string): string => whatItLeadsTo(role, meaningOfValue(type, value));
  const wanted = new Map(desired.values.map((value) => [meaning(value), value]));
  const formerly = new Set(owned.map(meaning));
  const kept = values.filter((value) => wanted.has(meaning(value)) || !formerly.has(meaning(value)));
  const present = new Set(kept.map(meaning));
  const missing = [...wanted].filter(([key]) => !present.has(key)).map(([, value]) => value);
  const foreign = kept.filter((value) => !wanted.has(meaning(value)));
  const stale = values.length - kept.length;
  if (missing.length === 0 && stale === 0) {
    return { action: 'good', reason: foreign.length > 0 ? 'as wanted; what others published there stays' : 'as wanted', risk: 'none', ours: desired.values.filter((value) => formerly.has(meaning(value))) };
  }
  const ours = [...desired.values].filter((value) => missing.includes(value) || formerly.has(meaning(value)));
  if (foreign.length > 0 && missing.length > 0 && EXCLUSIVE.has(role) && stale === 0) {
    const replaced = change(desired, published, desired.values, desired.values, desired.why, 'high');
    if (takeOver) return { ...replaced, reason: `${desired.why}; what stands there now goes` };
    return { ...replaced, action: 'blocked', reason: `something else stands there (${foreign.join(', ')}); it is not ours, so it stays unless you add --take-over`, risk: 'none' };
  }
  const reason = foreign.length > 0 ? `${desired.why}; what others published there stays` : desired.why;
  return change(desired, published, [...kept, ...missing], ours, reason, role === 'mail-route' || role === 'address' ? 'high' : 'low');
}

/** Preferences and weights are for others to choose: a record that leads to the same place is as good. */
function whatItLeadsTo(role: Role, meaning: string): string {
  const words = meaning.split(' ');
  return role === 'mail-route' ? words.slice(1).join(' ') : role === 'service' ? words.slice(2).join(' ') : meaning;
}

/** Where a second value beside ours would lead mail or programs astray. */
const EXCLUSIVE: ReadonlySet<Role> = new Set(['mail-route', 'address', 'service']);

function lowOr(role: Role): PlanRisk {
  return role === 'spf' || role === 'dmarc' || role === 'mta-sts' ? 'high' : 'low';
}

function change(desired: DesiredSet, published: RecordSet | undefined, values: readonly string[], ours: readonly string[], reason: string, risk: PlanRisk): SetVerdict {
  const { name, type } = desired;
  const ttlSeconds = published?.ttlSeconds ?? desired.ttlSeconds;
  // Nothing depends on what nobody has read yet.
  return { action: published ? 'change' : 'add', after: { name, type, ttlSeconds, values }, reason, risk: published ? risk : 'low', ours };
}
