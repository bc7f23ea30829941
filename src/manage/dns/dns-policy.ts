/**
 * The policy that a domain's records are made from: defaults of posthorn.toml, with what the domain has of its own.
 *
 * A changed default is not retroactive: a domain keeps the values that its records were last applied with, until they are
 * applied anew with `posthorn dns apply --all` (or --new-defaults). What a domain has of its own holds at once.
 */
import { z } from 'zod';
import { DEFAULT_DNS_POLICY, type DnsPolicyConfig } from '../../config/dns-config.ts';
import { DNS_POLICY_VALUES, type PolicyValue } from '../../config/dns-policy-values.ts';
import { domainKey } from '../../store/clients/directory.ts';
import type { DnsPolicyRow } from '../../store/clients/dns-publishing.ts';
import { domainArgument, saying } from '../arguments.ts';
import { hostedDomain } from '../directory/hosted-domain.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

/** `auto`: mail when the domain's MX is ours or there is none. `none`: the domain has no mail, and says so. */
export type DomainUse = 'auto' | 'mail' | 'send-only' | 'none';

export interface DomainPolicy extends DnsPolicyConfig {
  readonly use: DomainUse;
}

/** A text of a record; `none`: nothing is a value, too. */
const recordText = ({ allowed, isRight }: PolicyValue, none = false) =>
  z.string().refine((text) => isRight(text) || (none && text === ''), saying((given) => `${JSON.stringify(given)} is wrong here: give ${allowed}`));

/** What a domain may have of its own; absent: as the default. */
const ownSchema = z.strictObject({
  use: z.enum(['auto', 'mail', 'send-only', 'none']),
  ttlSeconds: z.number().int().min(30).max(604_800),
  spfAll: z.enum(['~all', '-all', '?all']),
  dmarcPolicy: z.enum(['none', 'quarantine', 'reject']),
  dmarcReports: z.array(recordText(DNS_POLICY_VALUES.dmarcReports)).max(10),
  tlsReports: z.array(recordText(DNS_POLICY_VALUES.tlsReports)).max(10),
  mtaSts: z.enum(['off', 'testing', 'enforce']),
  caaIssuers: z.array(recordText(DNS_POLICY_VALUES.caaIssuer)).max(20),
  dane: z.boolean(),
  clientSetup: z.boolean(),
  bimiLogo: recordText(DNS_POLICY_VALUES.bimiLogo, true),
  namesWithoutMail: z.array(recordText(DNS_POLICY_VALUES.nameWithoutMail)).max(100),
}).partial();

export type OwnPolicy = z.output<typeof ownSchema>;

export interface DomainPolicies {
  /** What its records are made from. */
  readonly policy: DomainPolicy;
  /** What its records would be made from with the defaults of now. */
  readonly renewed: DomainPolicy;
  readonly own: OwnPolicy;
  /** Without what it has of its own: the defaults that it was last applied with, and those of now. */
  readonly defaults: { readonly kept: DnsPolicyConfig; readonly current: DnsPolicyConfig };
}

type Context = Pick<ManageContext, 'store' | 'config'>;

/** One domain's. */
export async function publicationPolicyOf(context: Context, domain: string): Promise<DomainPolicy> {
  return (await policiesOf(context))(domainKey(domain)).policy;
}

/** For many domains at once. */
export async function policiesOf({ store, config }: Context): Promise<(domain: string) => DomainPolicies> {
  const rows = new Map((await store.dnsPublishing.policies()).map((row) => [row.domain, row]));
  const defaults = config.dns.policy ?? DEFAULT_DNS_POLICY;
  return (domain) => combined(defaults, rows.get(domain));
}

function combined(defaults: DnsPolicyConfig, row: DnsPolicyRow | undefined): DomainPolicies {
  const own = row ? (JSON.parse(row.own) as OwnPolicy) : {};
  // A setting that came with a later version has its default.
  const kept = row?.applied ? { ...defaults, ...(JSON.parse(row.applied) as DnsPolicyConfig) } : defaults;
  const withOwn = (base: DnsPolicyConfig): DomainPolicy => ({ use: 'auto', ...base, ...(own as Partial<DomainPolicy>) });
  return { policy: withOwn(kept), renewed: withOwn(defaults), own, defaults: { kept, current: defaults } };
}

/** The settings in which the defaults have changed since. */
export function changedDefaults({ policy, renewed }: DomainPolicies): readonly { readonly setting: string; readonly from: string; readonly to: string }[] {
  return (Object.keys(renewed) as (keyof DomainPolicy)[]).flatMap((setting) => {
    const [from, to] = [JSON.stringify(policy[setting]), JSON.stringify(renewed[setting])];
    return from === to ? [] : [{ setting, from, to }];
  });
}

const change = defineVerb({
  name: 'dns.policy',
  summary: 'Shows the policy that the records of a domain are made from; sets or resets what the domain has of its own.',
  args: z.strictObject({ domain: domainArgument, set: ownSchema.optional(), reset: z.array(ownSchema.keyof()).max(20).optional() }),
  run: async ({ store, config, log }, args) => {
    const domain = await hostedDomain({ store }, args.domain);
    const before = (await policiesOf({ store, config }))(domain).own;
    if (args.set || args.reset) {
      const kept = Object.fromEntries(Object.entries({ ...before, ...args.set }).filter(([key]) => !(args.reset ?? []).includes(key as keyof OwnPolicy)));
      await store.dnsPublishing.setOwnPolicy(domain, JSON.stringify(kept));
      log.info('dns.policy-set', { domain });
    }
    const policies = (await policiesOf({ store, config }))(domain);
    return { domain, policy: policies.policy, own: policies.own, changedDefaults: changedDefaults(policies) };
  },
});

export const dnsPolicyVerbs = [change] as const;
