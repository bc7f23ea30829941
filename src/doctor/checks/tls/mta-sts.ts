/** Does the domain demand TLS of its senders, and rightly? */
import { readStsRecord } from '../../../verify/mta-sts/record.ts';
import { defineCheck, fail, pass, skip, unanswered, type DomainSubject } from '../../check.ts';

export const mtaSts = defineCheck<DomainSubject>({
  id: 'mta-sts', about: 'domain', title: 'MTA-STS', weight: 0.3,
  why: 'Senders then refuse to hand mail for the domain to anybody in the middle.',
  link: 'https://www.rfc-editor.org/rfc/rfc8461',
  run: async ({ dns }, { domain }) => {
    const name = `_mta-sts.${domain}`;
    const answer = await dns.query(name, 'TXT');
    if (answer.kind === 'failure') return unanswered(name, answer);
    const read = readStsRecord(answer.kind === 'found' ? answer.records : []);
    if (read.kind === 'none') return skip(`${domain} has no MTA-STS policy.`);
    if (read.kind === 'invalid') return fail(`The MTA-STS record of ${domain} does not count: ${read.detail}.`, 'Publish one record with an id.', `${name}. TXT "v=STSv1; id=1"`);
    const host = await Promise.all([dns.query(`mta-sts.${domain}`, 'A'), dns.query(`mta-sts.${domain}`, 'AAAA')]);
    if (host.some(({ kind }) => kind === 'found')) return pass(`${domain} has an MTA-STS policy (id ${read.id}).`);
    return fail(`mta-sts.${domain} has no address: nobody finds the policy.`, `Publish its address, and serve the policy at https://mta-sts.${domain}/.well-known/mta-sts.txt`);
  },
});
