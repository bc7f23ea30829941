/** The logo beside the sender: BIMI. Judged as `posthorn bimi check` does. */
import { checkBimi } from '../../../verify/bimi/check-bimi.ts';
import { worstOf } from '../../../verify/deployment-finding.ts';
import { defineCheck, type DomainSubject } from '../../check.ts';

export const bimi = defineCheck<DomainSubject>({
  id: 'bimi', about: 'domain', title: 'Logo (BIMI)', weight: 0,
  why: 'Gmail, Yahoo and Apple show a logo beside mail of domains that enforce DMARC; it decides nothing about delivery.',
  link: 'https://bimigroup.org/implementation-guide/',
  run: async ({ dns, network, now }, { domain }) => worstOf(await checkBimi({ dns, fetch: network?.fetch, now, decidedOnly: true }, domain)),
});
