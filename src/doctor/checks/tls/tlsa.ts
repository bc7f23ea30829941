/** DANE: do the TLSA records fit the certificates that the mail servers show? Judged as `posthorn tls dane check` does. */
import { checkDaneHost } from '../../../verify/dane/check-host.ts';
import { worstOf } from '../../../verify/deployment-finding.ts';
import { defineCheck, skip, unanswered, type DomainSubject } from '../../check.ts';

const HOSTS_MAX = 10;

export const tlsa = defineCheck<DomainSubject>({
  id: 'tlsa', about: 'domain', title: 'DANE (TLSA)', weight: 2,
  why: 'Senders that follow DANE hand over mail only to a server with the key that the TLSA record names: a wrong one keeps their mail out.',
  link: 'https://www.rfc-editor.org/rfc/rfc7672',
  run: async ({ dns, network, now }, { domain, hostname }) => {
    const mx = await dns.query(domain, 'MX');
    if (mx.kind === 'failure') return unanswered(`The MX of ${domain}`, mx);
    const hosts = mx.kind === 'found' ? mx.records.map(({ exchange }) => exchange).filter((host) => host !== '' && host !== '.') : [];
    if (hosts.length === 0) return skip(`${domain} has no mail servers that could have TLSA records.`);
    // What is shown is looked at also of this server: the file of its certificate may be newer than what it has loaded.
    const findings = await Promise.all(hosts.slice(0, HOSTS_MAX).map((host) => checkDaneHost({ dns, network }, { domain, host, mxSecure: mx.secure, now, own: host === hostname ? { chain: [] } : undefined })));
    const worst = worstOf(findings.flat());
    // Records that nobody heeds keep no mail out; only those that do not fit cost something.
    return worst.level === 'warn' ? { ...worst, weight: 0 } : worst;
  },
});
