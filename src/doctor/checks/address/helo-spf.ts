/** SPF of the EHLO name: bounces, which have no sender, are checked against it. */
import { checkSpf } from '../../../verify/spf/check-spf.ts';
import { defineCheck, fail, pass, type AddressSubject, warn } from '../../check.ts';

export const heloSpf = defineCheck<AddressSubject>({
  id: 'helo-spf', about: 'address', title: 'SPF of the EHLO name', weight: 0.3,
  why: 'A bounce has no sender; receivers then check SPF of the EHLO name.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-2.3',
  run: async ({ dns, now }, { address, helo }) => {
    const report = await checkSpf(dns, { ip: address, sender: '', helo, now });
    if (report.result === 'pass') return pass(`SPF of ${helo} lets ${address} pass.`);
    if (report.result === 'temperror') return { level: 'unknown', text: report.explanation };
    const record = `${helo}. TXT "v=spf1 a -all"`;
    if (report.result === 'none') return warn(`${helo} has no SPF record.`, 'Publish one, so that bounces pass.', record);
    return fail(report.explanation, 'Let the address pass in the record of the EHLO name.', record);
  },
});
