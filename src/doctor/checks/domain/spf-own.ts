/** Does SPF let our own addresses pass? */
import { checkSpf } from '../../../verify/spf/check-spf.ts';
import { ADDRESSES_UNKNOWN, defineCheck, fail, pass, skip, warn, type DomainSubject, type DoctorContext, type Finding, type SendingAddress } from '../../check.ts';
import { mendedSpf, NO_SPF, ownTerms, usableSpf } from './spf-reading.ts';

export const spfOwn = defineCheck<DomainSubject>({
  id: 'spf-own', about: 'domain', title: 'SPF lets this server pass', weight: 2,
  why: 'Mail from an address that SPF does not name fails SPF, and DMARC when DKIM does not help.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-2.6',
  run: async (context, subject) => {
    const survey = await usableSpf(context, subject);
    if (!survey) return NO_SPF;
    if (subject.server?.relay !== undefined) return skip(`Mail leaves through the smarthost ${subject.server.relay}: its addresses are what SPF must name; see its manual for the include: to add.`);
    if (subject.hostname === '') return skip(`${subject.domain} is no domain of this server.`);
    if (subject.addresses.length === 0) return skip(ADDRESSES_UNKNOWN);
    const findings = await Promise.all(subject.addresses.map((each) => ownFinding(context, subject, each, survey.text)));
    return findings.find(({ level }) => level === 'fail') ?? findings.find(({ level }) => level !== 'pass') ?? pass(`SPF of ${subject.domain} lets ${subject.addresses.map(({ address }) => address).join(' and ')} pass.`);
  },
});

async function ownFinding({ dns, now }: DoctorContext, { domain, addresses }: DomainSubject, { address: ip, helo }: SendingAddress, published: string): Promise<Finding> {
  const report = await checkSpf(dns, { ip, sender: `postmaster@${domain}`, helo, now });
  if (report.result === 'pass') return pass(report.explanation);
  if (report.result === 'temperror') return { level: 'unknown', text: report.explanation };
  // A record that is an error is not mended by more of it.
  if (report.result === 'permerror') return fail(report.explanation, `Correct the record: posthorn spf explain ${domain} shows it term by term.`);
  const told = `The SPF record of ${domain} does not let ${ip} pass, from which its mail leaves. ${report.explanation}`;
  const record = mendedSpf(domain, [published], { add: ownTerms(addresses) });
  const remedy = 'Publish this record in place of the SPF record that is there: it names the addresses of this server, too.';
  return report.result === 'softfail' || report.result === 'neutral' ? warn(told, remedy, record) : fail(told, remedy, record);
}
