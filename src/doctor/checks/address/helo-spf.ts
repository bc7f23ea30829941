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
    if (report.result === 'none') return warn(`${helo}, the name by which this server introduces itself, has no SPF record.`, 'Publish this record, so that bounces pass.', record);
    return fail(`The SPF record of ${helo}, the name by which this server introduces itself, does not let ${address} pass. ${report.explanation}`, 'Publish this record in its place, where the DNS of that name is managed.', record);
  },
});
