/** `posthorn tls check DOMAIN`, `posthorn tls policy …` and what domains publish: how mail is protected on its way. */
import { printable } from '../../../base/table.ts';
import type { TlsPolicyListing } from '../../../manage/tls/tls.ts';
import type { TlsCheck, TlsHostCheck } from '../../../manage/tls/tls-check.ts';
import { group, leaf, type Registry } from '../command.ts';
import type { CommonOptions, Session } from '../session.ts';
import { addTlsReport } from './report.ts';
import { addPublished } from './tls-published.ts';

export function add(registry: Registry): void {
  const { session } = registry;
  const tls = group(registry, 'tls', 'TLS between mail servers: what domains publish (MTA-STS, TLS-RPT, DANE, CAA), and what is kept of it');
  leaf<CommonOptions>(registry, tls, 'check', 'how mail to a domain would be protected, and why', '<domain>', async (options, domain) => {
    const check = await session.call<TlsCheck>(options, 'tls.check', { domain });
    if (options.json) session.out.json(check);
    else showCheck(session, check);
    return check.problems.length === 0 ? 0 : 1;
  });
  addPublished(registry, tls);
  addTlsReport(registry, tls, 'report');
  const policy = tls.command('policy').description('MTA-STS policies that are kept, and the rules of the configuration');
  leaf<CommonOptions>(registry, policy, 'list', 'the policies and rules', '', async (options) => {
    const listing = await session.call<TlsPolicyListing>(options, 'tls.policies', {});
    if (options.json) session.out.json(listing);
    else showPolicies(session, listing);
  });
  leaf<CommonOptions>(registry, policy, 'forget', 'forget the policy of a domain; the next message fetches it again', '<domain>', async (options, domain) => {
    const result = await session.call<{ domain: string }>(options, 'tls.forget', { domain });
    if (options.json) session.out.json(result);
    else session.out.line(`the MTA-STS policy of ${printable(result.domain)} is forgotten`);
  });
}

const MX_STATES: Readonly<Record<TlsCheck['mx']['state'], string>> = {
  found: 'MX records',
  implicit: 'no MX records: the domain itself is the mail server',
  null: 'a null MX: the domain takes no mail',
  missing: 'the domain does not exist',
  unknown: 'the MX records cannot be looked up now',
};

function showCheck({ out }: Session, { domain, dnssec, mx, hosts, mtaSts, rule, problems }: TlsCheck): void {
  out.line(`${printable(domain)}: ${MX_STATES[mx.state]}${mx.secure ? ', secured by DNSSEC' : ', not secured by DNSSEC'}`);
  out.line(`MTA-STS: ${printable(mtaSts.text)}${mtaSts.cached ? `; a policy (${mtaSts.cached.policy.mode}) is kept until ${day(mtaSts.cached.expiresAt)}` : ''}`);
  if (!dnssec) out.line('DANE is out of reach: dns.trust-ad is off, so nothing counts as secured by DNSSEC');
  if (rule) out.line(`[[tls-policy]]: ${rule.level}${rule.match ? `, certificate must name ${printable(rule.match.join(' or '))}` : ''}`);
  out.line();
  const columns = [{ title: 'Pref', align: 'right' as const }, { title: 'Mail server' }, { title: 'DANE', max: 60 }, { title: 'MTA-STS' }, { title: 'Level' }, { title: 'Why', max: 70 }];
  out.table(columns, hosts.map(hostRow), 'no mail server');
  for (const problem of problems) out.line(out.style('red', printable(problem)));
}

function hostRow({ preference, host, dane, inStsPolicy, level, why }: TlsHostCheck): string[] {
  return [String(preference), host, dane.text, inStsPolicy === undefined ? '' : inStsPolicy ? 'named' : 'not named', level, why];
}

function showPolicies({ out }: Session, { settings, policies }: TlsPolicyListing): void {
  out.line(`DANE ${settings.dane ? 'on' : 'off'}, MTA-STS ${settings.mtaSts ? 'on' : 'off'}`);
  for (const { domains, level, match } of settings.rules) out.line(`[[tls-policy]] ${printable(domains.join(', '))}: ${level}${match ? ` ${printable(match.join(', '))}` : ''}`);
  out.line();
  const columns = [{ title: 'Domain' }, { title: 'Mode' }, { title: 'Mail servers', max: 60 }, { title: 'Fetched' }, { title: 'Until' }];
  const rows = policies.map(({ domain, policy, fetchedAt, expiresAt }) => [domain, policy.mode, policy.mx.join(' '), day(fetchedAt), day(expiresAt)]);
  out.table(columns, rows, 'no MTA-STS policy is kept');
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
}
