/** Does the domain ask for reports about TLS? Judged as `posthorn tls rpt check` does. */
import { worstOf } from '../../../verify/deployment-finding.ts';
import { judgeTlsRpt } from '../../../verify/tls-rpt/judge-record.ts';
import { defineCheck, skip, type DomainSubject } from '../../check.ts';

export const tlsReports = defineCheck<DomainSubject>({
  id: 'tls-rpt', about: 'domain', title: 'TLS reports', weight: 0.2,
  why: 'Senders then tell when they could not encrypt mail to the domain.',
  link: 'https://www.rfc-editor.org/rfc/rfc8460',
  run: async ({ dns }, { domain, use }) => {
    if (use === 'send-only') return skip(`${domain} only sends from here: its mail is received elsewhere.`);
    return worstOf(judgeTlsRpt(domain, await dns.query(`_smtp._tls.${domain}`, 'TXT')).findings);
  },
});
