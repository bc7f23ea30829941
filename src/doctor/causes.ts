/**
 * What follows from what. One fault is often seen by several checks: an address without a reverse name fails `ptr` and makes
 * IPv6 only half set up; a domain without SPF shows in its sample message. One rule for all: a finding whose cause was found,
 * too, is a consequence. It names its cause and weighs nothing, and the guard tells of the cause only. What nobody knows because
 * a domain is gone for name servers that check signatures follows from those.
 */
import type { Check, Level } from './check.ts';
import type { Unanswered } from './watched-dns.ts';

export interface Caused {
  readonly check: string;
  readonly subject: string;
  readonly level: Level;
  readonly unanswered?: Unanswered;
}

export interface Consequence {
  /** Id of the check that found the cause. Absent: nothing else explains it. */
  readonly causedBy?: string;
}

interface Follows {
  readonly causes: readonly string[];
  /** Only these levels follow. Default: both. */
  readonly levels?: readonly Level[];
  /** How bad the cause has to be. Default: either. */
  readonly from?: readonly Level[];
}

const SPF = ['spf-record', 'spf-syntax', 'spf-lookups', 'spf-own'] as const;
const GONE = ['domain-exists'] as const;
const ADDRESS_NAMES = ['ptr', 'fcrdns', 'helo-name'] as const;

/** By what is caused; causes first to last, as they explain best. */
export const CAUSES: Readonly<Record<string, readonly Follows[]>> = {
  // One address
  'own-name': [{ causes: ['static-address'], levels: ['fail'], from: ['fail'] }],
  'helo-name': [{ causes: ['static-address', 'fcrdns', 'own-name'] }],
  'helo-spf': [{ causes: ['helo-name', 'fcrdns'], levels: ['fail'] }],
  ipv6: [{ causes: ADDRESS_NAMES }],
  'several-addresses': [{ causes: [...ADDRESS_NAMES, 'own-name', 'helo-spf', 'spamhaus'] }],
  // A domain that is not there has nothing else either
  mx: [{ causes: GONE }],
  'spf-record': [{ causes: GONE }],
  'dkim-published': [{ causes: GONE }],
  'dmarc-record': [{ causes: GONE }],
  caa: [{ causes: GONE, levels: ['warn'] }],
  // What is received elsewhere is set up there
  'tls-rpt': [{ causes: [...GONE, 'mx'] }],
  discovery: [{ causes: [...GONE, 'mx'] }],
  'role-addresses': [{ causes: ['mx'] }],
  'sender-mailboxes': [{ causes: ['mx'] }],
  // A domain
  'spf-own': [{ causes: ['spf-syntax', 'spf-lookups'] }],
  'spf-breadth': [{ causes: ['spf-syntax'] }],
  'dkim-size': [{ causes: ['dkim-published'] }],
  'dkim-age': [{ causes: ['dkim-published'] }],
  'reject-unsigned': [{ causes: ['dkim-published'] }],
  'dmarc-reports': [{ causes: ['dmarc-policy'], from: ['fail'] }],
  bimi: [{ causes: ['dmarc-policy'], levels: ['warn'] }],
  // TLS
  certificate: [{ causes: ['starttls'] }],
  tlsa: [{ causes: ['starttls'] }],
  'mta-sts': [{ causes: ['mx'] }],
  // The sample message of a domain shows its faults
  'message-spf': [{ causes: [...SPF, ...GONE] }],
  'message-dkim': [{ causes: ['dkim-published', 'dkim-size', ...GONE] }],
  // That nothing proves a message is more than either fault.
  'message-dmarc': [{ causes: GONE }, { causes: ['dmarc-record', 'dmarc-policy'], levels: ['warn'] }],
};

/** These checks, and those without which nobody can tell whether they are consequences. */
export function withCausesOf(ids: Iterable<string>): ReadonlySet<string> {
  const all = new Set(ids);
  // A set hands out what is added while it is walked.
  for (const id of all) for (const { causes } of CAUSES[id] ?? []) for (const cause of causes) all.add(cause);
  return all;
}

/** The results with what each follows from. */
export function explainConsequences<R extends Caused>(results: readonly R[], checks: ReadonlyMap<string, Pick<Check, 'about'>>): readonly (R & Consequence)[] {
  const bad = new Map<string, Map<string, R>>();
  for (const result of results) if (isBad(result)) (bad.get(result.check) ?? newIn(bad, result.check)).set(result.subject, result);
  const kindOf = (check: string): 'shared' | 'address' | 'domain' => {
    const about = checks.get(check)?.about;
    return about === 'address' ? 'address' : about === 'host' ? 'shared' : 'domain';
  };
  const rootOf = (result: R): R => {
    const kind = kindOf(result.check);
    for (const { causes, levels = BAD, from = BAD } of CAUSES[result.check] ?? []) {
      if (!levels.includes(result.level)) continue;
      for (const id of causes) {
        const found = bad.get(id);
        // What is about the same thing; what is about the whole host touches everything, and is touched by everything.
        const cause = kind === kindOf(id) ? found?.get(result.subject) : found?.values().next().value;
        if (cause && from.includes(cause.level)) return rootOf(cause);
      }
    }
    return result;
  };
  return results.map((result) => {
    const bogus = [...(bad.get('dnssec')?.values() ?? [])].find(({ subject }) => result.level === 'unknown' && (isWithin(result.unanswered?.name, subject) || (result.unanswered !== undefined && result.subject === subject)));
    if (bogus) return { ...result, causedBy: bogus.check };
    const root = isBad(result) ? rootOf(result) : result;
    return root === result ? result : { ...result, causedBy: root.check };
  });
}

function newIn<R>(map: Map<string, Map<string, R>>, key: string): Map<string, R> {
  const made = new Map<string, R>();
  map.set(key, made);
  return made;
}

function isWithin(name: string | undefined, domain: string): boolean {
  return name !== undefined && (name === domain || name.endsWith(`.${domain}`));
}

const BAD: readonly Level[] = ['fail', 'warn'];

function isBad({ level }: Caused): boolean {
  return BAD.includes(level);
}
