/** Does the domain demand TLS of its senders, and does what it demands fit? Judged as `posthorn tls sts check` does. */
import { worstOf } from '../../../verify/deployment-finding.ts';
import { checkStsDeployment } from '../../../verify/mta-sts/check-deployment.ts';
import { defineCheck, type DomainSubject } from '../../check.ts';

export const mtaSts = defineCheck<DomainSubject>({
  id: 'mta-sts', about: 'domain', title: 'MTA-STS', weight: 0.3,
  why: 'Senders then refuse to hand mail for the domain to anybody in the middle; a policy that does not fit keeps mail out.',
  link: 'https://www.rfc-editor.org/rfc/rfc8461',
  run: async ({ dns, network }, { domain, hostname }) => {
    const { findings } = await checkStsDeployment({ dns, fetch: network?.fetch, port: network?.policyPort ?? 443, server: hostname === '' ? undefined : hostname }, domain);
    return worstOf(findings);
  },
});
