/** Does the domain demand TLS of its senders, and does what it demands fit? */
import { fetchStsPolicy } from '../../../verify/mta-sts/fetch-policy.ts';
import { stsAllowsHost } from '../../../verify/mta-sts/policy.ts';
import { readStsRecord } from '../../../verify/mta-sts/record.ts';
import { defineCheck, fail, pass, skip, unanswered, unknown, warn, type DomainSubject } from '../../check.ts';

export const mtaSts = defineCheck<DomainSubject>({
  id: 'mta-sts', about: 'domain', title: 'MTA-STS', weight: 0.3,
  why: 'Senders then refuse to hand mail for the domain to anybody in the middle; a policy that does not fit keeps mail out.',
  link: 'https://www.rfc-editor.org/rfc/rfc8461',
  run: async ({ dns, network }, { domain }) => {
    const name = `_mta-sts.${domain}`;
    const answer = await dns.query(name, 'TXT');
    if (answer.kind === 'failure') return unanswered(name, answer);
    const read = readStsRecord(answer.kind === 'found' ? answer.records : []);
    if (read.kind === 'none') return skip(`${domain} has no MTA-STS policy.`);
    if (read.kind === 'invalid') return fail(`The MTA-STS record of ${domain} does not count: ${read.detail}.`, 'Publish one record with an id.', `${name}. TXT "v=STSv1; id=1"`);
    const hosts = await Promise.all([dns.query(`mta-sts.${domain}`, 'A'), dns.query(`mta-sts.${domain}`, 'AAAA')]);
    const at = `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
    if (hosts.every(({ kind }) => kind === 'nxdomain' || kind === 'nodata')) return fail(`mta-sts.${domain} has no address: nobody finds the policy.`, `Publish its address, and serve the policy at ${at}`);
    if (!network) return pass(`${domain} has an MTA-STS policy (id ${read.id}).`);
    const fetched = await fetchStsPolicy(network.fetch, domain, network.policyPort);
    if (fetched.kind === 'failed') {
      const { failure, detail } = fetched.problem;
      // Nobody answered: that may be our own line.
      if (failure === 'sts-policy-fetch-error' && !/status \d/.test(detail)) return unknown(`The MTA-STS policy of ${domain} could not be fetched now: ${detail}.`);
      return fail(`The MTA-STS policy of ${domain} does not count: ${detail}.`, `Serve it at ${at}, as text/plain, with a certificate for mta-sts.${domain}.`);
    }
    const mx = await dns.query(domain, 'MX');
    const missing = mx.kind === 'found' ? mx.records.map(({ exchange }) => exchange).filter((host) => !stsAllowsHost(fetched.policy, host)) : [];
    if (fetched.policy.mode !== 'none' && missing.length > 0) return fail(`The MTA-STS policy of ${domain} does not name its mail server ${missing.join(', ')}: senders that follow it hand over no mail.`, `Add "mx: ${missing[0]}" to the policy, and give the record at ${name} a new id.`);
    if (fetched.policy.mode === 'enforce') return pass(`${domain} enforces MTA-STS.`);
    return warn(`The MTA-STS policy of ${domain} is "${fetched.policy.mode}": it protects nothing yet.`, 'When TLS reports have shown no failures for two weeks, set mode: enforce and a new id in the record.');
  },
});
