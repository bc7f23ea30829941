/** Verbs on the TLS of outgoing mail: what a domain publishes, which policies are kept, what was counted. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import type { OutboundTlsConfig } from '../../config/config.ts';
import { tlsRuleFor } from '../../config/tls-rule.ts';
import type { CachedStsPolicy } from '../../contract/mta-sts.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { isPublicDomain } from '../../verify/domain-name.ts';
import { tlsDay, type TlsDay } from '../../store/clients/tls-results.ts';
import { checkTls, type TlsCheck } from './tls-check.ts';
import { tlsReports, type TlsReport } from './tls-report.ts';
import { domainArgument } from '../arguments.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

const oneDomain = z.strictObject({ domain: domainArgument });
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** A day of the calendar: the pattern alone takes the 99th of any month. */
function isDay(text: string): boolean {
  return DAY.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

export interface TlsPolicyListing {
  readonly settings: OutboundTlsConfig;
  readonly policies: readonly CachedStsPolicy[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface TlsReportListing {
  readonly day: string;
  readonly reports: readonly { readonly domain: string; readonly report: TlsReport }[];
  /** Days of which something is known, the newest first. */
  readonly days: readonly TlsDay[];
}

const check = defineVerb({
  name: 'tls.check',
  summary: 'Says how mail to a domain would be protected (DANE, MTA-STS, own policy), and why.',
  args: oneDomain,
  run: async ({ store, config, dns, clock, fetch }: ManageContext, args): Promise<TlsCheck> => {
    const domain = domainKey(args.domain);
    if (!isPublicDomain(domain)) throw new Failure('bad-domain', `"${args.domain}" is not a domain name: write it like example.org`, { temporary: false });
    const cached = await store.stsPolicies.get(domain);
    const rule = tlsRuleFor(config.outboundTls.rules, domain);
    return checkTls({ dns, fetch, settings: config.outboundTls, dnssec: config.dns.trustAd, port: config.outbound.port, cached, rule, now: clock.now() }, domain);
  },
});

const policies = defineVerb({
  name: 'tls.policies',
  summary: 'Lists the MTA-STS policies that are kept, and the rules of the configuration.',
  args: z.strictObject({ after: z.string().default(''), limit: z.number().int().min(1).max(10_000).default(1000) }),
  run: async ({ store, config, clock }, { after, limit }): Promise<TlsPolicyListing> => ({
    settings: config.outboundTls,
    policies: await store.stsPolicies.list(after, limit),
    now: clock.now(),
  }),
});

const forget = defineVerb({
  name: 'tls.forget',
  summary: 'Forgets the MTA-STS policy of a domain; it is fetched again with the next message.',
  args: oneDomain,
  run: async ({ store }, args): Promise<{ domain: string }> => {
    const domain = domainKey(args.domain);
    if (await store.stsPolicies.remove(domain)) return { domain };
    throw new Failure('policy-unknown', `no MTA-STS policy of ${domain} is kept; posthorn tls policy list shows those that are`, { temporary: false });
  },
});

const report = defineVerb({
  name: 'tls.report',
  summary: 'Gives the TLS report (RFC 8460) of a day, for one domain or for all.',
  args: z.strictObject({ day: z.string().refine(isDay, 'a day as 2026-11-20').optional(), domain: domainArgument.optional() }),
  run: async ({ store, config, clock }, args): Promise<TlsReportListing> => {
    const day = args.day ?? tlsDay(clock.now());
    const rows = await store.tlsResults.list(day, args.domain === undefined ? undefined : domainKey(args.domain));
    const reporter = { organization: config.hostname, contact: `postmaster@${config.origin ?? config.hostname}` };
    return { day, reports: tlsReports(rows, day, reporter), days: await store.tlsResults.days() };
  },
});

export const tlsVerbs = [check, policies, forget, report] as const;
