/**
 * The MTA-STS policy that a domain of ours publishes: what is served, and what its record says. The mode is set by the
 * policy of DNS records (`dns.policy`, or the domain's own); when it changed is remembered, since the next step depends on it.
 *
 * Policy: who switches MTA-STS off publishes mode "none" until nobody can hold the old policy any more (RFC 8461 §8.3).
 */
import { z } from 'zod';
import { MTA_STS_LIMITS } from '../../base/limits.ts';
import type { StsPolicy } from '../../contract/mta-sts.ts';
import { domainKey } from '../../store/clients/directory.ts';
import type { StsPublicationRow } from '../../store/clients/sts-publications.ts';
import { ownStsPolicy } from '../../verify/mta-sts/own-policy.ts';
import { publicationPolicyOf } from '../dns/dns-policy.ts';
import { domainArgument } from '../arguments.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

export interface StsPublication {
  readonly domain: string;
  readonly policy: StsPolicy;
  /** As served. */
  readonly text: string;
  /** For the TXT record. */
  readonly id: string;
  /** Milliseconds since 1970: when this mode began. */
  readonly since: number;
  /** How long it was tested before it was enforced, in milliseconds. */
  readonly testedMs: number;
  /** With mode "none": until then senders may hold the policy of before (milliseconds since 1970). */
  readonly until?: number;
}

const DAY_SECONDS = 86_400;
/** Testing has to be got out of quickly; what is enforced should outlive a week of silence. */
const USUAL_MAX_AGE_SECONDS: Readonly<Record<StsPolicy['mode'], number>> = { none: DAY_SECONDS, testing: DAY_SECONDS, enforce: 7 * DAY_SECONDS };

type Context = Pick<ManageContext, 'store' | 'config' | 'clock'>;

/** Undefined: the domain publishes no policy, or is not hosted here. */
export async function stsPublicationOf(context: Context, name: string): Promise<StsPublication | undefined> {
  const { store, config, clock } = context;
  const domain = domainKey(name);
  const { domains } = await store.directory.snapshot();
  if (!domains.some((row) => row.name === domain)) return undefined;
  const [{ mtaSts }, known] = await Promise.all([publicationPolicyOf(context, domain), store.stsPublications.get(domain)]);
  const row = currentRow(domain, mtaSts, known, clock.now());
  if (row !== known) await (row ? store.stsPublications.put(row) : store.stsPublications.remove(domain));
  if (!row) return undefined;
  const policy: StsPolicy = { mode: row.mode, mx: row.mode === 'none' ? [] : [domainKey(config.hostname)], maxAgeSeconds: maxAgeOf(row) };
  return { domain, policy, ...ownStsPolicy(policy), since: row.since, testedMs: row.testedMs, ...(row.mode === 'none' && { until: row.keptUntil }) };
}

/** What is to be remembered, from what is wanted and what was remembered. Pure; the same row when nothing changes. */
export function currentRow(domain: string, wanted: 'off' | 'testing' | 'enforce', known: StsPublicationRow | undefined, now: number): StsPublicationRow | undefined {
  const keptUntil = known ? Math.max(known.keptUntil, now + maxAgeOf(known) * 1000) : now;
  if (wanted !== 'off') return known?.mode === wanted ? known : { domain, mode: wanted, since: now, maxAgeSeconds: known?.mode === 'none' ? null : (known?.maxAgeSeconds ?? null), keptUntil, testedMs: wanted === 'enforce' && known?.mode === 'testing' ? now - known.since : 0 };
  if (!known || known.mode !== 'none') return known && { domain, mode: 'none', since: now, maxAgeSeconds: null, keptUntil, testedMs: 0 };
  return now < known.keptUntil ? known : undefined;
}

function maxAgeOf({ mode, maxAgeSeconds }: StsPublicationRow): number {
  return maxAgeSeconds ?? USUAL_MAX_AGE_SECONDS[mode];
}

const maxAge = defineVerb({
  name: 'tls.sts-max-age',
  summary: 'Sets how long senders may keep the MTA-STS policy of a domain of ours; null: as usual for its mode.',
  args: z.strictObject({ domain: domainArgument, seconds: z.number().int().min(DAY_SECONDS).max(MTA_STS_LIMITS.maxAgeSecondsMax).nullable() }),
  run: async (context, { domain, seconds }): Promise<{ readonly publication?: StsPublication }> => {
    await stsPublicationOf(context, domain);
    const row = await context.store.stsPublications.get(domainKey(domain));
    if (!row) return {};
    const keptUntil = Math.max(row.keptUntil, context.clock.now() + maxAgeOf(row) * 1000);
    await context.store.stsPublications.put({ ...row, maxAgeSeconds: seconds, keptUntil });
    const publication = await stsPublicationOf(context, domain);
    return publication ? { publication } : {};
  },
});

export const stsPublicationVerbs = [maxAge] as const;
