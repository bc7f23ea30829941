/** One DMARC record, its own or an inherited one. */
import { isDmarcRecord } from '../../../verify/dmarc/record.ts';
import { textsAt } from '../texts.ts';
import { defineCheck, fail, pass, unanswered, type DomainSubject } from '../../check.ts';
import { applyingDmarc } from './dmarc-reading.ts';

export const dmarcRecord = defineCheck<DomainSubject>({
  id: 'dmarc-record', about: 'domain', title: 'DMARC record', weight: 2,
  why: 'Gmail, Yahoo and Microsoft demand a DMARC record of everybody who sends much.',
  link: 'https://support.google.com/a/answer/81126',
  run: async ({ dns }, { domain }) => {
    const name = `_dmarc.${domain}`;
    const texts = await textsAt(dns, name);
    if ('kind' in texts) return unanswered(name, texts);
    const records = texts.filter(isDmarcRecord);
    const record = `${name}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@${domain}"`;
    if (records.length > 1) return fail(`${domain} has ${records.length} DMARC records, which are as good as none.`, `Remove all but one of the TXT records named ${name} that begin with v=DMARC1, in the panel of your DNS provider; keep the one whose policy (p=) you want.`);
    if (records.length === 1) return pass(`${domain} has a DMARC record.`);
    const inherited = await applyingDmarc(dns, domain);
    if (inherited) return pass(`${domain} inherits the DMARC record of ${inherited.from}.`);
    const wrong = texts.find((text) => /dmarc/i.test(text));
    return fail(wrong === undefined ? `${domain} has no DMARC record.` : `What stands at ${name} is no DMARC record: it must begin with v=DMARC1.`, 'Publish this one; it enforces nothing yet and asks for reports.', record);
  },
});
