/** Does the domain ask for reports about TLS? */
import { defineCheck, fail, pass, unanswered, warn, type DomainSubject } from '../../check.ts';

export const tlsReports = defineCheck<DomainSubject>({
  id: 'tls-rpt', about: 'domain', title: 'TLS reports', weight: 0.2,
  why: 'Senders then tell when they could not encrypt mail to the domain.',
  link: 'https://www.rfc-editor.org/rfc/rfc8460',
  run: async ({ dns }, { domain }) => {
    const name = `_smtp._tls.${domain}`;
    const answer = await dns.query(name, 'TXT');
    if (answer.kind === 'failure') return unanswered(name, answer);
    const texts = answer.kind === 'found' ? answer.records.map((parts) => parts.join('')).filter((text) => /^v=TLSRPTv1\b/.test(text)) : [];
    const record = `${name}. TXT "v=TLSRPTv1; rua=mailto:tls@${domain}"`;
    if (texts.length === 0) return warn(`${domain} does not ask for TLS reports.`, 'Publish this record.', record);
    if (texts.length > 1 || !/;\s*rua=(?:mailto|https):/.test(texts[0] ?? '')) return fail(`What stands at ${name} asks nobody.`, 'Publish this one record.', record);
    return pass(`${domain} asks for TLS reports.`);
  },
});
